"""What runs said, as the views tell it: the numbers that reports show."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from catalog.database import Catalog, from_json


@dataclass(frozen=True, slots=True)
class TrackSaid:
    """What a run said of one track, with the track's own facts."""

    track_id: int
    path: str
    artist: str | None
    album_id: int | None
    album: str | None
    year: int | None
    title: str | None
    true_label: str | None
    label: str
    correct: bool | None
    p_true: float | None
    p_label: float
    out_of_fold: bool
    group_key: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often a run was right about some tracks that it had not learned from."""

    tracks: int
    right: int
    accuracy: float
    mean_p_true: float


@dataclass(frozen=True, slots=True)
class AlbumAccuracy:
    """A row of ``v_album_accuracy``."""

    artist: str | None
    album_id: int | None
    album: str | None
    year: int | None
    accuracy: Accuracy


def tracks_said(catalog: Catalog, run_id: int) -> list[TrackSaid]:
    """Return what a run said of each track, by artist, year, album and path."""
    rows = catalog.rows(
        "SELECT v.track_id, v.path, v.artist, v.album_id, v.album, v.year, v.title, "
        "v.true_label, v.label, v.correct, v.p_true, v.p_label, v.out_of_fold, "
        "tracks.group_key, p.probabilities "
        "FROM v_predictions AS v JOIN tracks ON tracks.id = v.track_id "
        "JOIN track_predictions AS p "
        "ON p.run_id = v.run_id AND p.track_id = v.track_id "
        "WHERE v.run_id = :run_id ORDER BY v.artist, v.year, v.album, v.path",
        run_id=run_id,
    )
    return [_track_said(row) for row in rows]


def _track_said(row: tuple[Any, ...]) -> TrackSaid:
    values = dict(zip(TrackSaid.__slots__, row, strict=True))
    values["probabilities"] = tuple(from_json(values["probabilities"]))
    for name in ("correct", "out_of_fold"):
        values[name] = None if values[name] is None else bool(values[name])
    return TrackSaid(**values)


@dataclass(frozen=True, slots=True)
class WindowSaid:
    """What a run said of one window of a track that it had not learned from."""

    track_id: int
    start_s: float
    duration_s: float
    rms_mean: float
    energy_changes_per_s: float
    true_label: str
    label: str
    p_true: float
    p_label: float


def places(catalog: Catalog) -> dict[int, bytes]:
    """Return the absolute path of each track that is present."""
    rows = catalog.rows(
        "SELECT tracks.id, roots.path, tracks.path FROM tracks "
        "JOIN roots ON roots.id = tracks.root_id WHERE tracks.missing_since IS NULL"
    )
    return {
        number: os.path.join(bytes(root), bytes(path))  # noqa: PTH118 - bytes
        for number, root, path in rows
    }


def windows_said(catalog: Catalog, run_id: int) -> list[WindowSaid]:
    """Return what a run said of each held-out window, in the order of a track.

    Tracks with the same audio share their windows; the first by number stands for them.
    """
    rows = catalog.rows(
        """
        SELECT
            (
                SELECT min(tracks.id) FROM tracks
                JOIN track_predictions ON track_predictions.track_id = tracks.id
                WHERE tracks.payload_id = analyses.payload_id
                    AND track_predictions.run_id = said.run_id
            ) AS track_id,
            windows.start_s, windows.duration_s, windows.rms_mean,
            windows.energy_changes_per_s, said.true_label, said.label, said.p_true,
            said.p_label
        FROM window_predictions AS said
        JOIN windows ON windows.id = said.window_id
        JOIN analyses ON analyses.id = windows.analysis_id
        WHERE said.run_id = :run_id AND said.out_of_fold
            AND said.true_label IS NOT NULL
        ORDER BY windows.analysis_id, windows.position
        """,
        run_id=run_id,
    )
    return [WindowSaid(*row) for row in rows]


def album_accuracy(catalog: Catalog, run_id: int) -> list[AlbumAccuracy]:
    """Return ``v_album_accuracy`` of a run, by artist, year and album."""
    rows = catalog.rows(
        "SELECT artist, album_id, album, year, tracks, tracks_right, accuracy, "
        "mean_p_true FROM v_album_accuracy WHERE run_id = :run_id "
        "ORDER BY artist, year, album, album_id",
        run_id=run_id,
    )
    return [
        AlbumAccuracy(artist, album_id, album, year, Accuracy(*accuracy))
        for artist, album_id, album, year, *accuracy in rows
    ]


def total_accuracy(catalog: Catalog, run_id: int) -> Accuracy | None:
    """Return the accuracy over all held-out tracks of a run; None where none is."""
    return _accuracy(catalog, "run_id = :run_id", run_id=run_id)


def era_accuracy(
    catalog: Catalog, run_id: int, artist: str, *, through: int, after: bool
) -> Accuracy | None:
    """Return the accuracy over an artist's tracks through a year, or after it.

    Returns
    -------
    Accuracy or None
        None where the run holds no such track.
    """
    era = "year > :through" if after else "year <= :through"
    return _accuracy(
        catalog,
        f"run_id = :run_id AND artist = :artist AND {era}",
        run_id=run_id,
        artist=artist,
        through=through,
    )


def _accuracy(catalog: Catalog, where: str, **values: Any) -> Accuracy | None:
    ((tracks, right, accuracy, mean_p_true),) = catalog.rows(
        _ACCURACY + where, **values
    )
    return Accuracy(tracks, right, accuracy, mean_p_true) if tracks else None


_ACCURACY = """
    SELECT count(*), sum(correct), CAST(sum(correct) AS FLOAT) / count(*), avg(p_true)
    FROM v_predictions WHERE out_of_fold AND correct IS NOT NULL AND
"""
