"""The map as JSON: rows of a library joined with a stored map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.browse import ListedTrack
from catalog.datasets import Library
from catalog.maps import Level, StoredMap
from catalog.predictions import TrackPrediction
from catalog.runs import RunFacts
from classify.map.map import Map, pack, place, unpack
from classify.model import UNKNOWN
from webapp.filters import printable

REDRAW_SHARE = 0.25
"""A map of which more than this share would be approximate is drawn anew."""


@dataclass(frozen=True, eq=False)
class MapRows:
    """The tracks or the windows of a library, one row each.

    Attributes
    ----------
    level : "tracks" or "windows"
    feature_set_id : int
    feature_names : tuple of str
    track_ids : int64, shape (n,)
    window_ids : int64, shape (n,), or None for tracks
    start_s : float64, shape (n,), or None for tracks
    X : float32, shape (n, d)
        The mean vector of a track's windows, or a window's own.
    """

    level: Level
    feature_set_id: int
    feature_names: tuple[str, ...]
    track_ids: NDArray[np.int64]
    window_ids: NDArray[np.int64] | None
    start_s: NDArray[np.float64] | None
    X: NDArray[np.float32]

    def keys(self) -> list[tuple[int, int]]:
        """Return (track, window) of each row, window 0 for a whole track."""
        return _keys(self.track_ids, self.window_ids)


@dataclass(frozen=True, eq=False)
class Chart:
    """A map with the rows that lie on it.

    Attributes
    ----------
    rows : MapRows
    drawn : Map
    points : float32, shape (n, k)
        In the basis of the map, where distance means likeness.
    xy : float64, shape (n, 2)
    approximate : bool, shape (n,)
        Placed on a map that stood already.
    """

    rows: MapRows
    drawn: Map
    points: NDArray[np.float32]
    xy: NDArray[np.float64]
    approximate: NDArray[np.bool_]

    @cached_property
    def name(self) -> str:
        """What differs whenever the points do, or their order."""
        digest = blake2b(self.xy.tobytes(), digest_size=8)
        digest.update(np.array(self.rows.keys(), dtype="<i8").tobytes())
        return digest.hexdigest()


def rows_of(library: Library, level: Level) -> MapRows:
    """Return the rows that a map of `library` shows: what is silent is left out."""
    windows = library.windows
    usable = ~windows.silent & np.isfinite(windows.vectors).all(axis=1)
    track, vectors = windows.track[usable], windows.vectors[usable]
    ids = np.array([one.id for one in library.tracks], dtype=np.int64)
    names = tuple(library.feature_set.names)
    if level == "windows":
        return MapRows(
            level,
            library.feature_set_id,
            names,
            ids[track],
            windows.window_id[usable],
            windows.start_s[usable],
            vectors,
        )
    heard, starts, counts = np.unique(track, return_index=True, return_counts=True)
    if len(heard):
        sums = np.add.reduceat(vectors, starts, dtype=np.float64)
        vectors = (sums / counts[:, None]).astype(np.float32)
    return MapRows(
        level, library.feature_set_id, names, ids[heard], None, None, vectors
    )


def fresh_chart(rows: MapRows, drawn: Map) -> Chart:
    """Return the chart of a map that was drawn from these very rows."""
    nothing = np.zeros(len(rows.X), dtype=bool)
    return Chart(rows, drawn, drawn.points, drawn.xy, nothing)


def standing_chart(rows: MapRows, stored: StoredMap) -> Chart | None:
    """Put rows on a stored map; new ones are placed, those that left are not shown.

    Returns
    -------
    Chart or None
        None where the map no longer fits: it is damaged, has lost points, or too many
        are new.
    """
    try:
        drawn = unpack(stored.data)
    except ValueError:
        return None
    if len(drawn.points) != len(stored.track_ids):
        return None
    if drawn.basis.mean.shape != rows.X.shape[1:]:
        return None
    position = {
        key: i for i, key in enumerate(_keys(stored.track_ids, stored.window_ids))
    }
    at = np.array([position.get(key, -1) for key in rows.keys()])  # noqa: SIM118
    new = at < 0
    if new.mean() > REDRAW_SHARE:
        return None
    xy = drawn.xy[at]
    xy[new] = place(drawn, rows.X[new])
    points = drawn.points[at]
    points[new] = drawn.basis.project(rows.X[new])
    return Chart(rows, drawn, points, xy, new)


def to_store(chart: Chart, seed: int) -> StoredMap:
    """Return a freshly drawn chart as the catalog keeps it."""
    rows = chart.rows
    return StoredMap(
        rows.feature_set_id,
        rows.level,
        seed,
        rows.track_ids,
        rows.window_ids,
        chart.xy,
        pack(chart.drawn),
    )


def _keys(
    track_ids: NDArray[np.int64], window_ids: NDArray[np.int64] | None
) -> list[tuple[int, int]]:
    windows = np.zeros_like(track_ids) if window_ids is None else window_ids
    return list(zip(track_ids.tolist(), windows.tolist(), strict=True))


_UNTITLED = "(untitled)"
_GONE = ListedTrack(
    id=0,
    title="(no longer in the catalog)",
    artist=None,
    album_id=None,
    album=None,
    year=None,
    genre=None,
    path="",
    duration_s=None,
    codec=None,
    loudness_lufs=None,
    status="missing",
    analysis=None,
)


def map_document(
    chart: Chart,
    tracks: Mapping[int, ListedTrack],
    run: RunFacts | None,
    said: Iterable[TrackPrediction],
) -> dict[str, Any]:
    """Return what the page needs to draw a map and to tell its points apart.

    Columns under ``points`` have one entry a point, those under ``tracks`` and
    ``said`` one a track; ``points.track`` leads from one to the other. A column of
    names is ``{"names": [...], "of": [index or -1, ...]}``. ``chart`` differs from
    that of `feature_values` where these belong to another map than the reader has.
    """
    ids, of = np.unique(chart.rows.track_ids, return_inverse=True)
    # one that left the catalog stays on the map until the next is drawn
    listed = [tracks.get(int(number), _GONE) for number in ids]
    xy = _framed(chart.xy)
    points: dict[str, Any] = {
        "track": of.tolist(),
        "x": xy[:, 0].tolist(),
        "y": xy[:, 1].tolist(),
        "approximate": np.flatnonzero(chart.approximate).tolist(),
    }
    if chart.rows.start_s is not None:
        points["start_s"] = chart.rows.start_s.tolist()
    by_track = {one.track_id: one for one in said}
    return {
        "level": chart.rows.level,
        "chart": chart.name,
        "points": points,
        "tracks": {
            "id": ids.tolist(),
            "title": [printable(one.title or one.path) or _UNTITLED for one in listed],
            "artist": _coded([one.artist for one in listed]),
            "album": _coded([one.album for one in listed]),
            "genre": _coded([one.genre for one in listed]),
            "codec": _coded([one.codec for one in listed]),
            "year": [one.year for one in listed],
        },
        "said": _said([by_track.get(int(number)) for number in ids], run),
        "features": list(chart.rows.feature_names),
    }


def feature_values(chart: Chart, name: str) -> list[float] | None:
    """Return one feature of every point to four places; None for an unknown name."""
    if name not in chart.rows.feature_names:
        return None
    column = chart.rows.X[:, chart.rows.feature_names.index(name)]
    return [float(f"{value:.4g}") for value in column.tolist()]


def framed_places(chart: Chart, xy: NDArray[np.float64]) -> list[list[float]]:
    """Return further places in the coordinates of `map_document`."""
    return [[float(x), float(y)] for x, y in _framed(chart.xy, xy)]


def _framed(
    chart_xy: NDArray[np.float64], xy: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Move and scale places so that the map fills [-1, 1], four decimals."""
    low, high = chart_xy.min(axis=0), chart_xy.max(axis=0)
    scale = max(float((high - low).max()) / 2, 1e-9)
    framed: NDArray[np.float64] = np.round(
        ((chart_xy if xy is None else xy) - (low + high) / 2) / scale, 4
    )
    return framed


def _coded(values: Sequence[str | None]) -> dict[str, Any]:
    """Write each name once, the most frequent first, of equals by name."""
    counts: dict[str, int] = {}
    for value in values:
        if value:
            counts[value] = counts.get(value, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    index = {name: i for i, name in enumerate(names)}
    return {
        "names": [printable(name) for name in names],
        "of": [index.get(value or "", -1) for value in values],
    }


def _said(
    rows: list[TrackPrediction | None], run: RunFacts | None
) -> dict[str, Any] | None:
    if run is None:
        return None
    # Tracks that are no question of the run may be taken for labels that are none.
    more = {row.label for row in rows if row} | {
        name for row in rows if row for name in row.probabilities
    }
    names = [*run.labels, *sorted(more - {*run.labels, UNKNOWN})]
    index = {name: i for i, name in enumerate(names)} | {UNKNOWN: len(names)}
    return {
        "run": run.id,
        "labels": [printable(name) for name in names],
        "label": [-1 if row is None else index[row.label] for row in rows],
        "true": [
            -1 if row is None or row.true_label is None else index[row.true_label]
            for row in rows
        ],
        "right": [None if row is None else row.correct for row in rows],
        "p_label": [None if row is None else round(row.p_label, 4) for row in rows],
        "best": [None if row is None else _best(row, index) for row in rows],
    }


def _best(row: TrackPrediction, index: dict[str, int]) -> list[list[float]]:
    """Return the three most probable labels of a track, with their probabilities."""
    ranked = sorted(row.probabilities.items(), key=lambda item: -item[1])
    return [[index[name], round(share, 3)] for name, share in ranked[:3]]
