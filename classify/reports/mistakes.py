"""Tracks that are most confidently wrong, those that may be mislabelled apart."""

from __future__ import annotations

from collections import Counter

import numpy as np

from catalog.database import Catalog
from catalog.predictions import (
    TrackPrediction,
    WindowPrediction,
    track_predictions,
    window_predictions,
)
from classify.exceptions import NothingToReportError
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run

COLUMNS = (
    Column("verdict"),
    Column("label"),
    Column("taken_for"),
    Column("p_label", "share"),
    Column("p_true", "share"),
    Column("windows_agree", "share"),
    Column("listen_at", whole=True),
    Column("album"),
    Column("title"),
)
MOST = 25
RULED_OUT = 0.05
"""A label that gets less than this is as good as excluded by the model."""


def hardest(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return the tracks that a run got wrong, the surest first.

    "Likely mislabelled" is a track that is taken for a label with more confidence than
    that label's own tracks are on average (Northcutt, Jiang and Chuang 2021, "Confident
    learning") while its own label is ruled out. All others are "hard".

    Raises
    ------
    NothingToReportError
        There is no run, or it got every track right.
    """
    run = select_run(catalog, run_id)
    said = [
        t for t in track_predictions(catalog, run.id) if t.out_of_fold and t.true_label
    ]
    wrong = [t for t in said if not t.correct]
    if not wrong:
        raise NothingToReportError(f"run {run.id} got no labelled track wrong")
    usual = {
        label: float(np.mean([t.p_true or 0.0 for t in said if t.true_label == label]))
        for label in {str(t.true_label) for t in said}
    }
    windows: dict[int, list[WindowPrediction]] = {}
    for window in window_predictions(catalog, run.id):
        windows.setdefault(window.track_id, []).append(window)
    rows = [_row(t, windows.get(t.track_id, []), usual) for t in wrong]
    rows.sort(key=lambda row: (row[0] != "likely mislabelled", -row[3], row[8]))
    return Table(
        title=f"Most confidently wrong ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(rows[:MOST]),
        notes=(
            f"{len(wrong)} of {len(said)} tracks are taken for another label; "
            f"the first {min(MOST, len(wrong))} are shown.",
            "Likely mislabelled: taken for the other label more surely than its own "
            f"tracks are on average, the given one below {RULED_OUT}. Hard: others.",
        ),
        source=describe_run(run),
    )


def _row(
    track: TrackPrediction, windows: list[WindowPrediction], usual: dict[str, float]
) -> tuple[str, str, str, float, float, float | None, str, str | None, str]:
    agree = [window.label == track.label for window in windows]
    share = float(np.mean(agree)) if agree else None
    sure = track.p_label >= usual.get(track.label, 1.0)
    suspect = sure and (track.p_true or 0.0) < RULED_OUT
    against = sorted(
        windows, key=lambda w: (w.p_true or 0.0) - w.p_label * (w.label == track.label)
    )
    times = ", ".join(_clock(w.start_s) for w in against[:3])
    return (
        "likely mislabelled" if suspect else "hard",
        str(track.true_label),
        track.label,
        track.p_label,
        track.p_true or 0.0,
        share,
        times,
        track.album,
        track.title or track.path,
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


MATRIX_UP_TO = 12
"""With more labels than this the confused pairs are listed instead of a matrix."""


def confusion(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how many tracks of each label were taken for each.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = select_run(catalog, run_id)
    said = [
        t for t in track_predictions(catalog, run.id) if t.out_of_fold and t.true_label
    ]
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
            source=describe_run(run),
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
        source=describe_run(run),
    )
