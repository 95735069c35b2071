"""Where in a track the label is heard: by position, by loudness, by density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.predictions import tracks_said, windows_said
from classify.exceptions import NothingToReportError
from classify.metrics import album_interval
from classify.reports.source import chosen_run, described
from classify.reports.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from catalog.database import Catalog
    from catalog.predictions import WindowSaid

    Flags = NDArray[np.bool_]

COLUMNS = (
    Column("section"),
    Column("windows", "count"),
    Column("tracks", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
    Column("p_true", "share"),
)


def by_section(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return the accuracy over windows by section of their track.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no window.
    """
    run = chosen_run(catalog, run_id)
    windows = windows_said(catalog, run.id)
    if not windows:
        raise NothingToReportError(f"run {run.id} judged no labelled window")
    group_of = {t.track_id: t.group_key for t in tracks_said(catalog, run.id)}
    track = np.array([w.track_id for w in windows])
    _, groups = np.unique([group_of[t] for t in track.tolist()], return_inverse=True)
    right = np.array([w.label == w.true_label for w in windows])
    p_true = np.array([w.p_true for w in windows])
    rows = []
    for name, inside in _sections(windows, track):
        if not inside.any():
            continue
        interval = album_interval(right[inside], groups[inside], seed=run.seed)
        rows.append(
            (
                name,
                int(inside.sum()),
                len(np.unique(track[inside])),
                float(right[inside].mean()),
                *(interval or (None, None)),
                float(p_true[inside].mean()),
            )
        )
    return Table(
        title=f"Accuracy over windows by section ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            "Windows of tracks whose album the model never heard; a model of whole "
            "tracks says the same of all windows of a track.",
            "Intro: the first window; outro: the last; of tracks with three or more. "
            "Loud, dense: RMS, or energy changes a second, above the track's median.",
            "Intervals, 95 %: a bootstrap over albums.",
        ),
        source=described(run),
    )


def _sections(
    windows: list[WindowSaid], track: NDArray[np.int64]
) -> Iterator[tuple[str, Flags]]:
    start = np.array([w.start_s for w in windows])
    many, first, last = (np.zeros(len(track), dtype=bool) for _ in range(3))
    loud, dense = np.zeros(len(track), dtype=bool), np.zeros(len(track), dtype=bool)
    rms = np.array([w.rms_mean for w in windows])
    changes = np.array([w.energy_changes_per_s for w in windows])
    for number in np.unique(track):
        own = np.flatnonzero(track == number)
        many[own] = len(own) >= 3
        first[own[np.argmin(start[own])]] = True
        last[own[np.argmax(start[own])]] = True
        loud[own] = rms[own] > np.median(rms[own])
        dense[own] = changes[own] > np.median(changes[own])
    yield "all", np.ones(len(track), dtype=bool)
    yield "intro", many & first
    yield "middle", many & ~first & ~last
    yield "outro", many & last
    yield "loud", many & loud
    yield "quiet", many & ~loud
    yield "dense", many & dense
    yield "sparse", many & ~dense
