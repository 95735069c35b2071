"""How well some tracks are recognised: the columns of the reports that say it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from classify.reports.table import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.predictions import TrackSaid


JUDGED = (
    Column("tracks", "count"),
    Column("right", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
    Column("p_true", "share"),
    Column("mostly_taken_for"),
)


def mostly_taken_for(tracks: Iterable[TrackSaid]) -> str | None:
    """Return the most frequent wrong label, of equals the first by name, or None."""
    wrong = Counter(sorted(track.label for track in tracks if not track.correct))
    return wrong.most_common(1)[0][0] if wrong else None
