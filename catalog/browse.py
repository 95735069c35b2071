"""The library as its readers see it: lists of tracks, one track, its windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog

COLUMNS = (
    "tempo_bpm",
    "rms_mean",
    "rms_max",
    "rms_above_mean",
    "rms_crossings_per_s",
    "energy_changes_per_s",
    "energy_drops_per_s",
    "spectral_flatness",
    "spectral_centroid_hz",
    "zero_crossing_rate",
    "harmonic_fraction",
)
"""The named columns of a window, in the order of the table."""


@dataclass(frozen=True, slots=True)
class State:
    """What differs whenever a page would show something else."""

    tracks: int
    present: int
    analyses: int
    runs: int
    updated_at: str
    newest: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ListedTrack:
    """One line of a list of tracks."""

    id: int
    title: str | None
    artist: str | None
    album_id: int | None
    album: str | None
    year: int | None
    genre: str | None
    path: str
    duration_s: float | None
    codec: str | None
    loudness_lufs: float | None
    status: str  # "present" or "missing"
    analysis: str | None  # "ok", "silent", "too_short"; None: not analysed


@dataclass(frozen=True, slots=True)
class TrackFile:
    """Where a track's file is."""

    root: bytes
    path: bytes  # relative to the root
    container: str | None
    codec: str | None


@dataclass(frozen=True, slots=True, eq=False)
class TrackWindows:
    """The windows of one track under one feature set, as parallel arrays.

    Attributes
    ----------
    ids : int64, shape (n,)
    start_s, duration_s : float64, shape (n,)
    silent : bool, shape (n,)
    columns : mapping of the named columns to float64, shape (n,)
    """

    ids: NDArray[np.int64]
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    silent: NDArray[np.bool_]
    columns: Mapping[str, NDArray[np.float64]]


_LISTED = (
    "SELECT v.track_id, v.title, v.artist, t.album_id, v.album, v.year, v.genre, "
    "v.path, v.duration_s, v.codec, v.loudness_lufs, v.status, v.analysis "
    "FROM v_tracks AS v JOIN tracks AS t ON t.id = v.track_id "
)

_WINDOWS = f"""
SELECT windows.id, windows.start_s, windows.duration_s, windows.silent,
    {", ".join(f"windows.{name}" for name in COLUMNS)}
FROM windows
WHERE windows.analysis_id = (
    SELECT max(analyses.id)
    FROM analyses JOIN tracks ON tracks.payload_id = analyses.payload_id
    WHERE tracks.id = :id AND analyses.variant = 'original'
        AND (:newest = 1 OR analyses.feature_set_id = :feature_set)
)
ORDER BY windows.position
"""  # noqa: S608 (constants only)


def state(catalog: Catalog) -> State:
    """Return the catalog's state, cheap enough to ask at every request."""
    ((tracks, present, updated),) = catalog.rows(
        "SELECT count(*), count(CASE WHEN missing_since IS NULL THEN 1 END), "
        "coalesce(CAST(max(updated_at) AS TEXT), '') FROM tracks"
    )
    ((analyses, newest),) = catalog.rows(
        "SELECT count(*), coalesce(max(id), 0) FROM analyses"
    )
    ((runs, newest_run),) = catalog.rows(
        "SELECT count(*), coalesce(max(id), 0) FROM runs"
    )
    return State(tracks, present, analyses, runs, updated, (newest, newest_run))


def listed_tracks(catalog: Catalog) -> list[ListedTrack]:
    """Return every track, by artist, year, album, disc, number and path."""
    rows = catalog.rows(
        _LISTED + "ORDER BY v.artist, v.year, v.album, v.disc_number, "
        "v.track_number, v.path"
    )
    return [ListedTrack(*row) for row in rows]


def listed_track(catalog: Catalog, track_id: int) -> ListedTrack | None:
    """Return one track, or None where there is none of this number."""
    rows = catalog.rows(_LISTED + "WHERE v.track_id = :id", id=track_id)
    return ListedTrack(*rows[0]) if rows else None


def track_titles(catalog: Catalog, ids: Sequence[int]) -> dict[int, ListedTrack]:
    """Return some dozen tracks by id; ids of no track are passed over."""
    if not ids:
        return {}
    values = {f"id_{place}": int(number) for place, number in enumerate(ids)}
    places = ", ".join(f":{name}" for name in values)
    rows = catalog.rows(_LISTED + f"WHERE v.track_id IN ({places})", **values)
    return {row[0]: ListedTrack(*row) for row in rows}


def track_facts(catalog: Catalog, track_id: int) -> dict[str, Any]:
    """Return what the view of tracks says of a track, by column; else empty."""
    names = (
        "albumartist",
        "disc_number",
        "track_number",
        "date",
        "original_date",
        "compilation",
        "bitrate",
        "sample_rate",
        "channels",
        "lossless",
        "size",
        "root",
        "missing_since",
        "added_at",
    )
    rows = catalog.rows(
        f"SELECT {', '.join(names)} FROM v_tracks WHERE track_id = :id",  # noqa: S608
        id=track_id,
    )
    return dict(zip(names, rows[0], strict=True)) if rows else {}


def raw_tags(catalog: Catalog, track_id: int) -> list[tuple[str, str]]:
    """Return a track's tags as they stand in its file."""
    rows = catalog.rows(
        "SELECT key, value FROM raw_tags WHERE track_id = :id ORDER BY position",
        id=track_id,
    )
    return [(key, value) for key, value in rows]


def track_file(catalog: Catalog, track_id: int) -> TrackFile | None:
    """Return where a track's file should be; None for an unknown track."""
    rows = catalog.rows(
        "SELECT roots.path, tracks.path, tracks.container, tracks.codec "
        "FROM tracks JOIN roots ON roots.id = tracks.root_id WHERE tracks.id = :id",
        id=track_id,
    )
    if not rows:
        return None
    ((root, path, container, codec),) = rows
    return TrackFile(bytes(root), bytes(path), container, codec)


def track_windows(
    catalog: Catalog, track_id: int, feature_set_id: int | None = None
) -> TrackWindows:
    """Return a track's windows under a feature set, by default its newest."""
    rows = catalog.rows(
        _WINDOWS,
        id=track_id,
        newest=int(feature_set_id is None),
        feature_set=feature_set_id or 0,
    )
    by_column = list(zip(*rows, strict=True)) or [()] * (4 + len(COLUMNS))
    return TrackWindows(
        ids=np.array(by_column[0], dtype=np.int64),
        start_s=np.array(by_column[1], dtype=np.float64),
        duration_s=np.array(by_column[2], dtype=np.float64),
        silent=np.array(by_column[3], dtype=bool),
        columns={
            name: np.array(values, dtype=np.float64)
            for name, values in zip(COLUMNS, by_column[4:], strict=True)
        },
    )


def tracks_with_audio(catalog: Catalog, payload_hash: str) -> list[int]:
    """Return the tracks that hold this very audio, whatever their tags say."""
    rows = catalog.rows(
        "SELECT tracks.id FROM tracks JOIN payloads ON payloads.id = tracks.payload_id "
        "WHERE payloads.hash = :hash ORDER BY tracks.id",
        hash=payload_hash,
    )
    return [number for (number,) in rows]


def failures(catalog: Catalog) -> list[tuple[str, str, str, str]]:
    """Return (root, path, stage, reason) of every file that could not be read."""
    rows = catalog.rows(
        "SELECT root, path, stage, reason FROM v_failures ORDER BY root, path"
    )
    return [(root, path, stage, reason) for root, path, stage, reason in rows]


def stage_costs(catalog: Catalog) -> list[tuple[str, int, float, float, float]]:
    """Return what each stage of the analyses cost, the dearest first.

    Returns
    -------
    list of (stage, analyses, audio hours, CPU seconds, wall seconds)
    """
    rows = catalog.rows(
        "SELECT stage_costs.stage, count(*), sum(analyses.duration_s) / 3600.0, "
        "sum(stage_costs.cpu_s), sum(stage_costs.wall_s) "
        "FROM stage_costs JOIN analyses ON analyses.id = stage_costs.analysis_id "
        "GROUP BY stage_costs.stage ORDER BY sum(stage_costs.cpu_s) DESC"
    )
    return [
        (stage, int(n), float(hours), float(cpu), float(wall))
        for stage, n, hours, cpu, wall in rows
    ]
