"""Which label is taken for which."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from catalog.predictions import tracks_said
from classify.exceptions import NothingToReportError
from classify.reports.source import chosen_run, described
from classify.reports.table import Column, Table

if TYPE_CHECKING:
    from catalog.database import Catalog

MATRIX_UP_TO = 12
"""With more labels than this the confused pairs are listed instead of a matrix."""


def confusion(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how many tracks of each label were taken for each.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = chosen_run(catalog, run_id)
    said = [t for t in tracks_said(catalog, run.id) if t.out_of_fold and t.true_label]
    if not said:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    pairs = Counter((str(t.true_label), t.label) for t in said)
    tracks = Counter(str(t.true_label) for t in said)
    title = f"Labels (rows) and what they were taken for ({run.model})"
    notes = ("Tracks, each judged by models that never heard its album.",)
    if len(run.labels) <= MATRIX_UP_TO:
        return Table(
            title=title,
            columns=(
                Column("label"),
                *(Column(name, "count") for name in run.labels),
                Column("found", "share"),
            ),
            rows=tuple(
                (
                    true,
                    *(pairs[true, name] for name in run.labels),
                    pairs[true, true] / tracks[true] if tracks[true] else None,
                )
                for true in run.labels
            ),
            notes=notes,
            source=described(run),
        )
    listed = [(*pair, n) for pair, n in pairs.items() if pair[0] != pair[1]]
    return Table(
        title=title,
        columns=(
            Column("label"),
            Column("taken_for"),
            Column("tracks", "count"),
            Column("share", "share"),
        ),
        rows=tuple(
            (true, name, n, n / tracks[true])
            for true, name, n in sorted(listed, key=lambda row: (-row[2], row[:2]))
        ),
        notes=notes,
        source=described(run),
    )
