"""Tracks that are most confidently wrong, those that may be mislabelled apart."""

from __future__ import annotations

from collections import Counter

import numpy as np

from catalog.database import Catalog
from catalog.predictions import (
    HeldOutWindows,
    TrackPrediction,
    held_out_predictions,
    held_out_windows,
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
"""Tracks that are shown to people."""
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
    said = held_out_predictions(catalog, run.id)
    wrong = [t for t in said if not t.correct]
    if not wrong:
        raise NothingToReportError(f"run {run.id} got no labelled track wrong")
    of_label: dict[str, list[float]] = {}
    for track in said:
        of_label.setdefault(str(track.true_label), []).append(track.p_true or 0.0)
    usual = {label: float(np.mean(own)) for label, own in of_label.items()}
    windows = held_out_windows(catalog, run.id)
    rows = [_row(t, *_heard(windows, t.track_id), usual) for t in wrong]
    rows.sort(key=lambda row: (row[0] != "likely mislabelled", -row[3], row[8]))
    return Table(
        title=f"Most confidently wrong ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            f"{len(wrong)} of {len(said)} tracks are taken for another label.",
            "Likely mislabelled: taken for the other label more surely than its own "
            f"tracks are on average, the given one below {RULED_OUT}. Hard: others.",
        ),
        source=describe_run(run),
        most=MOST,
    )


def _heard(windows: HeldOutWindows, track_id: int) -> tuple[float | None, str]:
    """Return how many windows say what their track is taken for, and what to hear.

    That are the times that speak most against the given label.
    """
    first, stop = np.searchsorted(windows.track_id, [track_id, track_id + 1])
    if first == stop:
        return None, ""
    own = slice(first, stop)
    agrees = windows.agrees[own]
    against = windows.p_true[own] - windows.p_label[own] * agrees
    times = windows.start_s[own][np.argsort(against, kind="stable")[:3]]
    return float(agrees.mean()), ", ".join(map(_clock, times.tolist()))


def _row(
    track: TrackPrediction, share: float | None, times: str, usual: dict[str, float]
) -> tuple[str, str, str, float, float, float | None, str, str | None, str]:
    sure = track.p_label >= usual.get(track.label, 1.0)
    suspect = sure and (track.p_true or 0.0) < RULED_OUT
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


MOST_PAIRS = 50
"""Of the confused pairs the most frequent are shown to people."""


def confusion(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how many tracks of each label were taken for each.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = select_run(catalog, run_id)
    said = held_out_predictions(catalog, run.id)
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
    wrong = sum(not track.correct for track in said)
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
        notes=(f"{wrong} of {len(said)} tracks are taken for another label.", *notes),
        source=describe_run(run),
        most=MOST_PAIRS,
    )
