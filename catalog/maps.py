"""Stored maps: tracks or windows placed in two dimensions, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert

from catalog.database import Catalog
from catalog.models import LibraryMap, MapPoint

Level = Literal["tracks", "windows"]

_ROWS = 5000  # in one statement


@dataclass(frozen=True, eq=False)
class StoredMap:
    """A map as it stands in the catalog.

    Attributes
    ----------
    track_ids : int64, shape (n,)
    window_ids : int64, shape (n,), or None for a map of tracks
    xy : float64, shape (n, 2)
    data : bytes
        What placing further points takes, in the drawer's own form.
    """

    feature_set_id: int
    level: Level
    seed: int
    track_ids: NDArray[np.int64]
    window_ids: NDArray[np.int64] | None
    xy: NDArray[np.float64]
    data: bytes


def store_map(catalog: Catalog, drawn: StoredMap) -> None:
    """Store a map in place of an older one of the same kind and seed."""
    key = {
        "feature_set_id": drawn.feature_set_id,
        "level": drawn.level,
        "seed": drawn.seed,
    }
    with catalog.writing() as connection:
        connection.execute(delete(LibraryMap).filter_by(**key))
        number = connection.execute(
            insert(LibraryMap).returning(LibraryMap.id),
            {**key, "created_at": datetime.now(UTC), "data": drawn.data},
        ).scalar_one()
        rows = [
            {
                "map_id": number,
                "position": i,
                "track_id": int(track),
                "window_id": (
                    None if drawn.window_ids is None else int(drawn.window_ids[i])
                ),
                "x": float(drawn.xy[i, 0]),
                "y": float(drawn.xy[i, 1]),
            }
            for i, track in enumerate(drawn.track_ids)
        ]
        for start in range(0, len(rows), _ROWS):
            connection.execute(insert(MapPoint), rows[start : start + _ROWS])


def load_newest_map(catalog: Catalog, feature_set_id: int | None) -> StoredMap | None:
    """Return the map of the tracks that was drawn last, whatever its seed."""
    found = catalog.rows(
        "SELECT feature_set_id, seed FROM maps WHERE level = 'tracks' "
        "AND feature_set_id = coalesce(:number, feature_set_id) "
        "ORDER BY id DESC LIMIT 1",
        number=feature_set_id,
    )
    if not found:
        return None
    ((number, seed),) = found
    return load_map(catalog, number, "tracks", seed)


def load_map(
    catalog: Catalog, feature_set_id: int, level: Level, seed: int
) -> StoredMap | None:
    """Return a stored map, or None where there is none.

    A track or window that left the catalog took its point along; whoever places
    further points compares the number of points with what `data` holds.
    """
    found = catalog.rows(
        "SELECT id, data FROM maps WHERE feature_set_id = :number "
        "AND level = :level AND seed = :seed",
        number=feature_set_id,
        level=level,
        seed=seed,
    )
    if not found:
        return None
    ((map_id, data),) = found
    points = catalog.rows(
        "SELECT track_id, window_id, x, y FROM map_points WHERE map_id = :map_id "
        "ORDER BY position",
        map_id=map_id,
    )
    return StoredMap(
        feature_set_id=feature_set_id,
        level=level,
        seed=seed,
        track_ids=np.array([track for track, *_ in points], dtype=np.int64),
        window_ids=(
            None
            if level == "tracks"
            else np.array([window for _, window, *_ in points], dtype=np.int64)
        ),
        xy=np.array([xy for _, _, *xy in points], dtype=np.float64).reshape(-1, 2),
        data=bytes(data),
    )
