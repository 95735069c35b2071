"""Reports of accuracy: by album, by artist and by section of a track."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.predictions import (
    AlbumAccuracy,
    HeldOutWindows,
    TrackPrediction,
    album_accuracy,
    group_keys,
    held_out_predictions,
    held_out_windows,
    total_accuracy,
)
from classify.exceptions import NothingToReportError
from classify.metrics import accuracy_interval, album_interval, wilson_interval
from classify.reports.table import JUDGED, Column, Table, mostly_taken_for
from classify.stored_runs import describe_run, select_run

Flags = NDArray[np.bool_]


_ALBUM_COLUMNS = (
    Column("artist"),
    Column("album"),
    Column("year", "count"),
    *JUDGED,
)


def by_album(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row an album: tracks, tracks right, accuracy with interval, and so on.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = select_run(catalog, run_id)
    said = held_out_predictions(catalog, run.id)
    total = total_accuracy(catalog, run.id)
    if total is None:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    of_album: dict[tuple[str | None, int | None], list[TrackPrediction]] = {}
    for track in said:
        of_album.setdefault((track.artist, track.album_id), []).append(track)
    rows = tuple(
        _row(album, of_album[album.artist, album.album_id])
        for album in album_accuracy(catalog, run.id)
    )
    return Table(
        title=f"Accuracy by album ({run.label_kind}, {run.model})",
        columns=_ALBUM_COLUMNS,
        rows=rows,
        total=(
            "all",
            f"{len(rows)} albums",
            None,
            total.tracks,
            total.right,
            total.accuracy,
            *(run.metrics["interval"] or (None, None)),
            total.mean_p_true,
            mostly_taken_for(said),
        ),
        notes=(
            "Every track was judged by models that never heard its album.",
            "Intervals, 95 %: of an album, Wilson's over its tracks; "
            "of all, a bootstrap over albums.",
        ),
        source=describe_run(run),
    )


def _row(album: AlbumAccuracy, tracks: list[TrackPrediction]) -> tuple[object, ...]:
    found = album.accuracy
    interval = wilson_interval(found.right, found.tracks) or (None, None)
    return (
        album.artist,
        album.album,
        album.year,
        found.tracks,
        found.right,
        found.accuracy,
        *interval,
        found.mean_p_true,
        mostly_taken_for(tracks),
    )


_ARTIST_COLUMNS = (Column("artist"), Column("albums", "count"), *JUDGED)


def by_artist(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row an artist, from the same judgements as the report by album.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = select_run(catalog, run_id)
    of_artist: dict[str, list[TrackPrediction]] = {}
    for track in held_out_predictions(catalog, run.id):
        of_artist.setdefault(track.artist or "", []).append(track)
    if not of_artist:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    return Table(
        title=f"Accuracy by artist ({run.label_kind}, {run.model})",
        columns=_ARTIST_COLUMNS,
        rows=tuple(
            _by_artist_row(name, tracks, run.seed)
            for name, tracks in sorted(of_artist.items())
        ),
        notes=(
            "Every track was judged by models that never heard its album.",
            "Intervals, 95 %: a bootstrap over albums; of one album, Wilson's.",
        ),
        source=describe_run(run),
    )


def _by_artist_row(
    name: str, tracks: list[TrackPrediction], seed: int
) -> tuple[object, ...]:
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


_SECTION_COLUMNS = (
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
    run = select_run(catalog, run_id)
    windows = held_out_windows(catalog, run.id)
    track = windows.track_id
    if not len(track):
        raise NothingToReportError(f"run {run.id} judged no labelled window")
    numbers, of = np.unique(track, return_inverse=True)
    group_of = group_keys(catalog, run.id)
    _, groups = np.unique([group_of[t] for t in numbers.tolist()], return_inverse=True)
    rows = []
    for name, inside in _sections(windows):
        if not inside.any():
            continue
        interval = album_interval(
            windows.right[inside], groups[of[inside]], seed=run.seed
        )
        rows.append(
            (
                name,
                int(inside.sum()),
                len(np.unique(of[inside])),
                float(windows.right[inside].mean()),
                *(interval or (None, None)),
                float(windows.p_true[inside].mean()),
            )
        )
    return Table(
        title=f"Accuracy over windows by section ({run.label_kind}, {run.model})",
        columns=_SECTION_COLUMNS,
        rows=tuple(rows),
        notes=(
            "Windows of tracks whose album the model never heard; a model of whole "
            "tracks says the same of all windows of a track.",
            "Intro: the first window; outro: the last; of tracks with three or more. "
            "Loud, dense: RMS, or energy changes a second, above the track's median.",
            "Intervals, 95 %: a bootstrap over albums.",
        ),
        source=describe_run(run),
    )


def _sections(windows: HeldOutWindows) -> Iterator[tuple[str, Flags]]:
    track = windows.track_id
    _, begin, counts = np.unique(track, return_index=True, return_counts=True)
    many = np.repeat(counts >= 3, counts)
    first, last = (np.zeros(len(track), dtype=bool) for _ in range(2))
    first[begin] = True
    last[begin + counts - 1] = True
    loud = windows.rms_mean > _medians(windows.rms_mean, begin, counts)
    changes = windows.energy_changes_per_s
    dense = changes > _medians(changes, begin, counts)
    yield "all", np.ones(len(track), dtype=bool)
    yield "intro", many & first
    yield "middle", many & ~first & ~last
    yield "outro", many & last
    yield "loud", many & loud
    yield "quiet", many & ~loud
    yield "dense", many & dense
    yield "sparse", many & ~dense


def _medians(
    values: NDArray[np.float64], begin: NDArray[np.intp], counts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the median of each track's values, once for each of its windows."""
    number = np.repeat(np.arange(len(counts)), counts)
    ordered = values[np.lexsort((values, number))]
    below, above = begin + (counts - 1) // 2, begin + counts // 2
    return np.repeat((ordered[below] + ordered[above]) / 2, counts)
