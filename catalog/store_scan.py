"""Store the outcome of a scan: one transaction for each batch of changes.

The order inside a batch does not matter to the caller. What leaves its place is
stored before what arrives there, so that files that swapped names do not collide.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, delete, insert, update

from catalog import records
from catalog.exceptions import NotFiniteError
from catalog.library import ensure_feature_set
from catalog.models.library import Failure, Track
from catalog.places import failures_at, tracks_at
from catalog.seen import store_seen
from catalog.shared_rows import chunks
from catalog.text import readable, storable
from catalog.vectors import require_finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from catalog.database import Catalog
    from catalog.places import Place

T = TypeVar("T")


def store(catalog: Catalog, changes: Sequence[records.Change]) -> None:
    """Store the changes; see :func:`catalog.library.apply`."""
    seen = _of(records.TrackSeen, changes)
    _require_finite(seen)
    feature_sets = [_feature_set(catalog, change) for change in seen]
    with catalog.writing() as connection:
        now = datetime.now(UTC)
        moved = _of(records.TrackMoved, changes)
        gone = [change.track_id for change in _of(records.TrackMissing, changes)]
        back = [change.track_id for change in _of(records.TrackReturned, changes)]
        _leave(connection, gone, now)
        _leave(connection, [change.track_id for change in moved], now)
        _arrive(connection, moved, now)
        _return(connection, back)
        store_seen(connection, seen, feature_sets, now)
        _forget(connection, [(one.root_id, one.path) for one in moved])
        _forget(connection, [(one.root_id, one.path) for one in seen])
        _fail(connection, _of(records.FileFailed, changes), now)


def forget(catalog: Catalog, places: Sequence[Place]) -> None:
    """Remove the failures on record at some places."""
    with catalog.writing() as connection:
        _forget(connection, places)


def _of(kind: type[T], changes: Iterable[object]) -> list[T]:
    return [change for change in changes if isinstance(change, kind)]


def _require_finite(seen: Iterable[records.TrackSeen]) -> None:
    for change in seen:
        if change.analysis is not None:
            try:
                require_finite(change.analysis)
            except NotFiniteError as error:
                raise NotFiniteError(f"{readable(change.path)}: {error}") from error


def _feature_set(catalog: Catalog, change: records.TrackSeen) -> int | None:
    if change.analysis is None:
        return None
    return ensure_feature_set(catalog, change.analysis.feature_set)


def _leave(connection: Connection, track_ids: Sequence[int], now: datetime) -> None:
    """Mark tracks missing: their places become free, their rows stay."""
    for part in chunks(track_ids):
        mine = and_(Track.id.in_(part), Track.missing_since.is_(None))
        connection.execute(update(Track).where(mine).values(missing_since=now))


def _arrive(
    connection: Connection, moved: Sequence[records.TrackMoved], now: datetime
) -> None:
    """Give moved tracks, all marked missing by now, their new places."""
    places = [(move.root_id, move.path) for move in moved]
    replaced = tracks_at(connection, places, present=True)
    _leave(connection, [row.id for row in replaced.values()], now)
    rows = [
        {
            "track_id": move.track_id,
            "root_id": move.root_id,
            "path": move.path,
            "path_text": readable(move.path),
            "size": move.stamp.size,
            "mtime_ns": move.stamp.mtime_ns,
            "missing_since": None,
            "updated_at": now,
        }
        for move in moved
    ]
    if rows:
        connection.execute(update(Track).where(Track.id == bindparam("track_id")), rows)


def _return(connection: Connection, track_ids: Sequence[int]) -> None:
    for part in chunks(track_ids):
        mine = Track.id.in_(part)
        connection.execute(update(Track).where(mine).values(missing_since=None))


def _forget(connection: Connection, places: Sequence[Place]) -> None:
    """Remove the failures of files that are good now."""
    _delete_failures(connection, [row.id for row in failures_at(connection, places)])


def _delete_failures(connection: Connection, failure_ids: Sequence[int]) -> None:
    for part in chunks(failure_ids):
        connection.execute(delete(Failure).where(Failure.id.in_(part)))


def _fail(
    connection: Connection, failed: Sequence[records.FileFailed], now: datetime
) -> None:
    """Record failures; ``attempts`` counts those of the same content."""
    latest = {(one.root_id, one.path): one for one in failed}
    known = {row.place: row for row in failures_at(connection, list(latest))}
    rows: list[dict[str, Any]] = []
    for place, one in latest.items():
        before = known.get(place)
        stamp = (one.stamp.size, one.stamp.mtime_ns)
        same = before is not None and (before.size, before.mtime_ns) == stamp
        rows.append(
            {
                "root_id": one.root_id,
                "path": one.path,
                "path_text": readable(one.path),
                "size": one.stamp.size,
                "mtime_ns": one.stamp.mtime_ns,
                "stage": one.stage,
                "reason": storable(one.reason),
                "attempts": before.attempts + 1 if before and same else 1,
                "failed_at": now,
            }
        )
    _delete_failures(connection, [row.id for row in known.values()])
    if rows:
        connection.execute(insert(Failure), rows)
