"""The predictions of a stored run, of tracks and of windows, and their accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog, from_json


@dataclass(frozen=True, slots=True)
class TrackPrediction:
    """What a run predicts of one track, with its facts as the run knew them.

    `probabilities` are of all labels of the run or, where there are many, of the most
    probable ones.
    """

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
    probabilities: Mapping[str, float]


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


@dataclass(frozen=True, slots=True)
class WindowPrediction:
    """What a run predicts of one window.

    Attributes
    ----------
    window_id, track_id : int
    start_s, duration_s : float
        Of the window in its track, seconds.
    rms_mean, energy_changes_per_s : float
        Two of the window's named columns.
    true_label : str or None
    label : str
    p_true, p_label : float
        The probabilities of both, 0 to 1; `p_true` is None where there is no label.
    probabilities : mapping of a label to float
        Of the most probable labels.
    """

    window_id: int
    track_id: int
    start_s: float
    duration_s: float
    rms_mean: float
    energy_changes_per_s: float
    true_label: str | None
    label: str
    p_true: float | None
    p_label: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutWindows:
    """Labelled held-out windows of a run, by track and time, as arrays of length n.

    Attributes
    ----------
    track_id : int64, shape (n,), ascending
    start_s, rms_mean, energy_changes_per_s : float64, shape (n,)
    right, agrees : bool, shape (n,)
        Whether its label is the true one, and whether it is what its track is taken
        for.
    p_label, p_true : float64, shape (n,)
        The probabilities of its label and of the true one.
    """

    track_id: NDArray[np.int64]
    start_s: NDArray[np.float64]
    rms_mean: NDArray[np.float64]
    energy_changes_per_s: NDArray[np.float64]
    right: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    p_label: NDArray[np.float64]
    p_true: NDArray[np.float64]


_KNOWN = """
    SELECT v.track_id, v.path, v.artist, v.album_id, v.album, v.year, v.title,
        v.true_label, v.label, v.correct, v.p_true, v.p_label, v.out_of_fold,
        v.group_key
"""

_TRACKS = f"""
    {_KNOWN}, p.probabilities
    FROM v_predictions AS v
    JOIN track_predictions AS p ON p.run_id = v.run_id AND p.track_id = v.track_id
    WHERE v.run_id = :run_id
"""

_HELD_OUT = f"""
    {_KNOWN} FROM v_predictions AS v
    WHERE v.run_id = :run_id AND v.out_of_fold AND v.true_label IS NOT NULL
"""

_IN_ORDER = "ORDER BY v.artist, v.year, v.album, v.path"

_WINDOW = """windows.start_s, windows.duration_s, windows.rms_mean,
        windows.energy_changes_per_s, p.true_label, p.label, p.p_true, p.p_label
"""

_WINDOWS = """
    FROM window_predictions AS p
    JOIN windows ON windows.id = p.window_id
    JOIN analyses ON analyses.id = windows.analysis_id
"""


def track_predictions(catalog: Catalog, run_id: int) -> list[TrackPrediction]:
    """Return what a run predicts of each track, by artist, year, album and path."""
    rows = catalog.rows(_TRACKS + _IN_ORDER, run_id=run_id)
    labels = _labels(catalog, run_id)
    return [_track_prediction(row, _by_label(row[-1], labels)) for row in rows]


def held_out_predictions(catalog: Catalog, run_id: int) -> list[TrackPrediction]:
    """Return what a run predicts of each labelled held-out track, in the same order.

    Probabilities of further labels are left out: reading them takes longer than all
    else.
    """
    rows = catalog.rows(_HELD_OUT + _IN_ORDER, run_id=run_id)
    return [_track_prediction(row, {}) for row in rows]


def track_prediction(
    catalog: Catalog, run_id: int, track_id: int
) -> TrackPrediction | None:
    """Return what a run predicts of one track; None where it predicts nothing."""
    rows = catalog.rows(
        _TRACKS + "AND v.track_id = :track_id", run_id=run_id, track_id=track_id
    )
    if not rows:
        return None
    return _track_prediction(rows[0], _by_label(rows[0][-1], _labels(catalog, run_id)))


def _track_prediction(
    row: tuple[Any, ...], probabilities: Mapping[str, float]
) -> TrackPrediction:
    values = dict(zip(TrackPrediction.__slots__, row, strict=False))
    values["probabilities"] = probabilities
    values["correct"] = None if values["correct"] is None else bool(values["correct"])
    values["out_of_fold"] = bool(values["out_of_fold"])
    return TrackPrediction(**values)


def _labels(catalog: Catalog, run_id: int) -> list[str]:
    rows = catalog.rows("SELECT labels FROM runs WHERE id = :run_id", run_id=run_id)
    return list(from_json(rows[0][0])) if rows else []


def _by_label(stored: Any, labels: Sequence[str]) -> dict[str, float]:
    found = from_json(stored)
    return found if isinstance(found, dict) else dict(zip(labels, found, strict=True))


_HELD_OUT_WINDOWS = """
    SELECT windows.analysis_id, p.label, p.true_label, windows.start_s,
        windows.rms_mean, windows.energy_changes_per_s, p.p_label, p.p_true
    FROM window_predictions AS p
    JOIN windows ON windows.id = p.window_id
    WHERE p.run_id = :run_id AND p.out_of_fold AND p.true_label IS NOT NULL
"""

# In two queries: joined, SQLite looks up every track for every window.
_JUDGED_TRACKS = """
    SELECT analyses.id, min(p.track_id)
    FROM track_predictions AS p
    JOIN tracks ON tracks.id = p.track_id
    JOIN analyses ON analyses.payload_id = tracks.payload_id
    WHERE p.run_id = :run_id
    GROUP BY analyses.id
"""

_LABELS = "SELECT track_id, label FROM track_predictions WHERE run_id = :run_id"


def held_out_windows(catalog: Catalog, run_id: int) -> HeldOutWindows:
    """Return what a run predicts of each labelled held-out window, by track and time.

    Tracks with the same audio share their windows; the first by number stands for them.
    """
    tracks = dict(catalog.rows(_JUDGED_TRACKS, run_id=run_id))
    labels = dict(catalog.rows(_LABELS, run_id=run_id))
    rows = catalog.rows(_HELD_OUT_WINDOWS, run_id=run_id)
    rows = [row for row in rows if row[0] in tracks]
    track = np.array([tracks[row[0]] for row in rows], dtype=np.int64)
    right = np.array([row[1] == row[2] for row in rows], dtype=bool)
    agrees = np.array([row[1] == labels[tracks[row[0]]] for row in rows], dtype=bool)
    measured = np.array([row[3:] for row in rows], dtype=np.float64).reshape(-1, 5)
    order = np.lexsort((measured[:, 0], track))
    start_s, rms_mean, changes, p_label, p_true = measured[order].T
    return HeldOutWindows(
        track_id=track[order],
        start_s=start_s,
        rms_mean=rms_mean,
        energy_changes_per_s=changes,
        right=right[order],
        agrees=agrees[order],
        p_label=p_label,
        p_true=p_true,
    )


def group_keys(catalog: Catalog, run_id: int) -> dict[int, str]:
    """Return the group of each track of a run as the run knew it, by the track's id."""
    rows = catalog.rows(
        "SELECT track_id, group_key FROM track_predictions WHERE run_id = :run_id",
        run_id=run_id,
    )
    return dict(rows)


def track_window_predictions(
    catalog: Catalog, run_id: int, track_id: int
) -> dict[int, WindowPrediction]:
    """Return what a run predicts of each window of one track, by the window's id."""
    rows = catalog.rows(
        f"""
        SELECT windows.id, tracks.id, {_WINDOW}, p.probabilities {_WINDOWS}
        JOIN tracks ON tracks.payload_id = analyses.payload_id
        WHERE p.run_id = :run_id AND tracks.id = :track_id
        """,
        run_id=run_id,
        track_id=track_id,
    )
    labels = _labels(catalog, run_id)
    return {
        row[0]: WindowPrediction(*[*row[:-1], _by_label(row[-1], labels)])
        for row in rows
    }


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


def codec_accuracy(
    catalog: Catalog, run_id: int | None
) -> list[tuple[str | None, int, int, int]]:
    """Return how many present tracks have a codec, were judged by a run, and rightly.

    Returns
    -------
    list of (codec, tracks, judged, right)
        The most frequent codec first.
    """
    rows = catalog.rows(_BY_CODEC, run_id=run_id)
    return [(codec, n, judged or 0, right or 0) for codec, n, judged, right in rows]


_BY_CODEC = """
    SELECT tracks.codec, count(*), count(p.label),
        sum(CASE WHEN p.label = p.true_label THEN 1 ELSE 0 END)
    FROM tracks
    LEFT JOIN track_predictions AS p ON p.track_id = tracks.id AND p.run_id = :run_id
        AND p.out_of_fold AND p.true_label IS NOT NULL
    WHERE tracks.missing_since IS NULL
    GROUP BY tracks.codec
    ORDER BY count(*) DESC, coalesce(tracks.codec, '')
"""
