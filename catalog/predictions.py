"""The predictions of a stored run, of tracks and of windows, and their accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
        Of the most probable labels; empty unless one track was asked for.
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
    probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """How many tracks have changed since a run was stored.

    Attributes
    ----------
    run_id : int
    edited : int
        Tracks that are there and of which artist, album, year or title is another.
    grouped : int
        Others whose group is another.
    added, missing, deleted : int
    """

    run_id: int
    edited: int
    grouped: int
    added: int
    missing: int
    deleted: int

    def __str__(self) -> str:
        """Return a sentence that says so and what to do; empty if nothing changed."""
        words = (
            (self.edited, "with other tags"),
            (self.grouped, "in other groups"),
            (self.added, "added"),
            (self.missing, "missing"),
            (self.deleted, "deleted"),
        )
        told = ", ".join(f"{count} {what}" for count, what in words if count)
        if not told:
            return ""
        return (
            f"Told as run {self.run_id} knew the library; tracks since: {told}. "
            "`classify --all` learns it as it is now."
        )


_TRACKS = """
    SELECT v.track_id, v.path, v.artist, v.album_id, v.album, v.year, v.title,
        v.true_label, v.label, v.correct, v.p_true, v.p_label, v.out_of_fold,
        v.group_key, p.probabilities
    FROM v_predictions AS v
    JOIN track_predictions AS p ON p.run_id = v.run_id AND p.track_id = v.track_id
    WHERE v.run_id = :run_id
"""

_WINDOW = """windows.start_s, windows.duration_s, windows.rms_mean,
        windows.energy_changes_per_s, p.true_label, p.label, p.p_true, p.p_label
"""

_WINDOWS = """
    FROM window_predictions AS p
    JOIN windows ON windows.id = p.window_id
    JOIN analyses ON analyses.id = windows.analysis_id
"""


_CHANGED = """
    SELECT
        sum(CASE WHEN missing = 0 AND edited = 1 THEN 1 ELSE 0 END),
        sum(CASE WHEN missing = 0 AND edited = 0 AND regrouped = 1 THEN 1 ELSE 0 END),
        sum(missing),
        sum(CASE WHEN out_of_fold THEN 1 ELSE 0 END)
    FROM (
        SELECT
            CASE WHEN tracks.missing_since IS NULL THEN 0 ELSE 1 END AS missing,
            CASE
                WHEN coalesce(p.artist, '') <> coalesce(artists.name, '')
                    OR coalesce(p.album, '') <> coalesce(albums.title, '')
                    OR coalesce(p.title, '') <> coalesce(tracks.title, '')
                    OR coalesce(p.year, 0) <> coalesce(tracks.year, 0) THEN 1
                ELSE 0
            END AS edited,
            CASE WHEN p.group_key <> tracks.group_key THEN 1 ELSE 0 END AS regrouped,
            p.out_of_fold
        FROM track_predictions AS p
        JOIN tracks ON tracks.id = p.track_id
        LEFT JOIN artists ON artists.id = tracks.artist_id
        LEFT JOIN albums ON albums.id = tracks.album_id
        WHERE p.run_id = :run_id
    ) AS compared
"""

_ADDED = """
    SELECT count(*) FROM tracks JOIN runs ON tracks.added_at > runs.created_at
    WHERE runs.id = :run_id AND tracks.missing_since IS NULL
"""

_JUDGED = "SELECT coalesce(sum(tracks), 0) FROM fold_scores WHERE run_id = :run_id"


def changes_since(catalog: Catalog, run_id: int) -> Changes:
    """Return how many tracks have changed since a run was stored."""
    ((edited, grouped, missing, kept),) = catalog.rows(_CHANGED, run_id=run_id)
    ((added,),) = catalog.rows(_ADDED, run_id=run_id)
    ((judged,),) = catalog.rows(_JUDGED, run_id=run_id)
    return Changes(
        run_id=run_id,
        edited=edited or 0,
        grouped=grouped or 0,
        added=added,
        missing=missing or 0,
        deleted=max(0, judged - (kept or 0)),
    )


def track_predictions(catalog: Catalog, run_id: int) -> list[TrackPrediction]:
    """Return what a run predicts of each track, by artist, year, album and path."""
    rows = catalog.rows(
        _TRACKS + "ORDER BY v.artist, v.year, v.album, v.path", run_id=run_id
    )
    labels = _labels(catalog, run_id)
    return [_track_prediction(row, labels) for row in rows]


def track_prediction(
    catalog: Catalog, run_id: int, track_id: int
) -> TrackPrediction | None:
    """Return what a run predicts of one track; None where it predicts nothing."""
    rows = catalog.rows(
        _TRACKS + "AND v.track_id = :track_id", run_id=run_id, track_id=track_id
    )
    return _track_prediction(rows[0], _labels(catalog, run_id)) if rows else None


def _track_prediction(row: tuple[Any, ...], labels: Sequence[str]) -> TrackPrediction:
    values = dict(zip(TrackPrediction.__slots__, row, strict=True))
    values["probabilities"] = _by_label(values["probabilities"], labels)
    for name in ("correct", "out_of_fold"):
        values[name] = None if values[name] is None else bool(values[name])
    return TrackPrediction(**values)


def _labels(catalog: Catalog, run_id: int) -> list[str]:
    rows = catalog.rows("SELECT labels FROM runs WHERE id = :run_id", run_id=run_id)
    return list(from_json(rows[0][0])) if rows else []


def _by_label(stored: Any, labels: Sequence[str]) -> dict[str, float]:
    found = from_json(stored)
    return found if isinstance(found, dict) else dict(zip(labels, found, strict=True))


def window_predictions(catalog: Catalog, run_id: int) -> list[WindowPrediction]:
    """Return what a run predicts of each labelled held-out window, by track and time.

    Tracks with the same audio share their windows; the first by number stands for them.
    """
    rows = catalog.rows(
        f"""
        SELECT windows.id, (
            SELECT min(tracks.id) FROM tracks
            JOIN track_predictions ON track_predictions.track_id = tracks.id
            WHERE tracks.payload_id = analyses.payload_id
                AND track_predictions.run_id = p.run_id
        ), {_WINDOW} {_WINDOWS}
        WHERE p.run_id = :run_id AND p.out_of_fold AND p.true_label IS NOT NULL
        ORDER BY windows.analysis_id, windows.position
        """,  # noqa: S608 - constants only
        run_id=run_id,
    )
    return [WindowPrediction(*row) for row in rows if row[1] is not None]


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
