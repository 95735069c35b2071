"""What tracks are mistaken for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.said import TrackSaid


def mostly_taken_for(tracks: Iterable[TrackSaid]) -> str | None:
    """Return the most frequent wrong label, of equals the first by name, or None."""
    wrong = Counter(sorted(track.label for track in tracks if not track.correct))
    return wrong.most_common(1)[0][0] if wrong else None
