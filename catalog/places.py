"""Find rows by place: the root and the path inside it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from catalog.models.library import Failure, Track
from catalog.shared_rows import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

Place = tuple[int, bytes]  # root id, relative path


class PlacedTrack(NamedTuple):
    """The track at a place."""

    id: int
    payload_id: int


class PlacedFailure(NamedTuple):
    """The failure on record at a place."""

    id: int
    place: Place
    size: int
    mtime_ns: int
    attempts: int


def tracks_at(
    connection: Connection, places: Sequence[Place], *, present: bool = False
) -> dict[Place, PlacedTrack]:
    """Return id and payload of the tracks at places that have one.

    Of several at one place, the one that is there wins, then the youngest.
    """
    found: dict[Place, PlacedTrack] = {}
    for root_id, paths in _by_root(places).items():
        for part in chunks(paths):
            query = select(Track.id, Track.path, Track.payload_id).where(
                Track.root_id == root_id, Track.path.in_(part)
            )
            if present:
                query = query.where(Track.missing_since.is_(None))
            ordered = query.order_by(Track.missing_since.is_(None), Track.id)
            for number, path, payload_id in connection.execute(ordered):
                found[root_id, bytes(path)] = PlacedTrack(number, payload_id)
    return found


def failures_at(connection: Connection, places: Sequence[Place]) -> list[PlacedFailure]:
    """Return the failures on record at places."""
    found: list[PlacedFailure] = []
    for root_id, paths in _by_root(places).items():
        for part in chunks(paths):
            query = select(
                Failure.id,
                Failure.path,
                Failure.size,
                Failure.mtime_ns,
                Failure.attempts,
            ).where(Failure.root_id == root_id, Failure.path.in_(part))
            found += [
                PlacedFailure(number, (root_id, bytes(path)), *rest)
                for number, path, *rest in connection.execute(query)
            ]
    return found


def _by_root(places: Sequence[Place]) -> dict[int, list[bytes]]:
    grouped: defaultdict[int, list[bytes]] = defaultdict(list)
    for root_id, path in places:
        grouped[root_id].append(path)
    return grouped
