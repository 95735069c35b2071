"""Reports of accuracy: by album, by artist and by section of a track."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.predictions import (
    AlbumAccuracy,
    TrackPrediction,
    WindowPrediction,
    album_accuracy,
    total_accuracy,
    track_predictions,
    window_predictions,
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
    said = [track for track in track_predictions(catalog, run.id) if track.out_of_fold]
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
    for track in track_predictions(catalog, run.id):
        if track.out_of_fold and track.true_label:
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
    windows = window_predictions(catalog, run.id)
    if not windows:
        raise NothingToReportError(f"run {run.id} judged no labelled window")
    group_of = {t.track_id: t.group_key for t in track_predictions(catalog, run.id)}
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


def _sections(
    windows: list[WindowPrediction], track: NDArray[np.int64]
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
