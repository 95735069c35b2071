"""What lies on a map, and where: rows of a library joined with a stored map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from catalog.maps import Level, StoredMap
from classify.embedding.stored import pack, unpack
from classify.map.map import Map, place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.datasets import Library

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
