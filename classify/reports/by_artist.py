"""How well each artist is recognised on albums that the model never heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.predictions import tracks_said
from classify.exceptions import NothingToReportError
from classify.metrics import accuracy_interval
from classify.reports.judged import JUDGED, mostly_taken_for
from classify.reports.source import chosen_run, described
from classify.reports.table import Column, Table

if TYPE_CHECKING:
    from catalog.database import Catalog
    from catalog.predictions import TrackSaid

COLUMNS = (Column("artist"), Column("albums", "count"), *JUDGED)


def by_artist(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row an artist, from the same judgements as the report by album.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = chosen_run(catalog, run_id)
    of_artist: dict[str, list[TrackSaid]] = {}
    for track in tracks_said(catalog, run.id):
        if track.out_of_fold and track.true_label:
            of_artist.setdefault(track.artist or "", []).append(track)
    if not of_artist:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    return Table(
        title=f"Accuracy by artist ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(
            _row(name, tracks, run.seed) for name, tracks in sorted(of_artist.items())
        ),
        notes=(
            "Every track was judged by models that never heard its album.",
            "Intervals, 95 %: a bootstrap over albums; of one album, Wilson's.",
        ),
        source=described(run),
    )


def _row(name: str, tracks: list[TrackSaid], seed: int) -> tuple[object, ...]:
    right = np.array([bool(track.correct) for track in tracks])
    albums, groups = np.unique([t.group_key for t in tracks], return_inverse=True)
    interval = accuracy_interval(right, groups, seed=seed) or (None, None)
    return (
        name or None,
        len(albums),
        len(tracks),
        int(right.sum()),
        float(right.mean()),
        *interval,
        float(np.mean([track.p_true or 0.0 for track in tracks])),
        mostly_taken_for(tracks),
    )
