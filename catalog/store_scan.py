"""A scan's results on their way into the catalog: one transaction for each batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from catalog import records
from catalog.album_facts import count_credits
from catalog.analyses import (
    delete_unused_payloads,
    has_analysis,
    replace_analysis,
    require_finite,
)
from catalog.database import Catalog, readable, storable
from catalog.exceptions import NotFiniteError
from catalog.library import ensure_feature_set
from catalog.models import (
    Failure,
    Track,
)
from catalog.names import artists_of_credits
from catalog.records import StreamFacts, TrackScanned
from catalog.store_tags import (
    chunks,
    delete_tags,
    facts_of,
    group_columns,
    payload_ids,
    storable_tags,
    storable_value,
    store_credits,
    store_tags,
)

T = TypeVar("T")

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


def store_batch(catalog: Catalog, changes: Sequence[records.Change]) -> None:
    """Store the changes in one transaction: all of them or none.

    Their order does not matter. What leaves its place is stored before what arrives
    there, so that files that swapped names do not collide.

    Raises
    ------
    NotFiniteError
        An analysis holds NaN or an infinity; checked before anything is stored.
    CatalogFullError, CatalogBusyError
        Nothing was stored; what was stored before is safe.
    """
    if not changes:
        return
    scanned = _of(TrackScanned, changes)
    _require_finite(scanned)
    feature_sets = [_feature_set(catalog, change) for change in scanned]
    with catalog.writing() as connection:
        now = datetime.now(UTC)
        moved = _of(records.TrackMoved, changes)
        gone = [change.track_id for change in _of(records.TrackMissing, changes)]
        back = [change.track_id for change in _of(records.TrackReturned, changes)]
        _mark_missing(connection, gone, now)
        _mark_missing(connection, [change.track_id for change in moved], now)
        _move(connection, moved, now)
        _mark_present(connection, back)
        _store_tracks(connection, scanned, feature_sets, now)
        _delete_failures_at(connection, [(one.root_id, one.path) for one in moved])
        _delete_failures_at(connection, [(one.root_id, one.path) for one in scanned])
        _store_failures(connection, _of(records.FileFailed, changes), now)


def _of(kind: type[T], changes: Iterable[object]) -> list[T]:
    return [change for change in changes if isinstance(change, kind)]


def _require_finite(scanned: Iterable[TrackScanned]) -> None:
    for change in scanned:
        if change.analysis is not None:
            try:
                require_finite(change.analysis)
            except NotFiniteError as error:
                raise NotFiniteError(f"{readable(change.path)}: {error}") from error


def _feature_set(catalog: Catalog, change: TrackScanned) -> int | None:
    if change.analysis is None:
        return None
    return ensure_feature_set(catalog, change.analysis.feature_set)


def _mark_missing(
    connection: Connection, track_ids: Sequence[int], now: datetime
) -> None:
    """Mark tracks missing: their places become free, their rows stay."""
    for part in chunks(track_ids):
        mine = and_(Track.id.in_(part), Track.missing_since.is_(None))
        left = {"missing_since": now, "is_grouped": False}
        connection.execute(update(Track).where(mine).values(left))


def _move(
    connection: Connection, moved: Sequence[records.TrackMoved], now: datetime
) -> None:
    """Give moved tracks, all marked missing by now, their new places."""
    places = [(move.root_id, move.path) for move in moved]
    replaced = _tracks_at(connection, places, present=True)
    _mark_missing(connection, [row.id for row in replaced.values()], now)
    rows = [
        {
            "track_id": move.track_id,
            **_file_columns(move),
            "missing_since": None,
            "updated_at": now,
            "is_grouped": False,
        }
        for move in moved
    ]
    if rows:
        connection.execute(update(Track).where(Track.id == bindparam("track_id")), rows)


def _mark_present(connection: Connection, track_ids: Sequence[int]) -> None:
    for part in chunks(track_ids):
        mine = Track.id.in_(part)
        back = {"missing_since": None, "is_grouped": False}
        connection.execute(update(Track).where(mine).values(back))


def _delete_failures_at(connection: Connection, places: Sequence[Place]) -> None:
    """Remove the failures of files that are good now."""
    _delete_failures(connection, [row.id for row in _failures_at(connection, places)])


def _delete_failures(connection: Connection, failure_ids: Sequence[int]) -> None:
    for part in chunks(failure_ids):
        connection.execute(delete(Failure).where(Failure.id.in_(part)))


def _store_failures(
    connection: Connection, failed: Sequence[records.FileFailed], now: datetime
) -> None:
    """Record failures; ``attempts`` counts those of the same content."""
    latest = {(one.root_id, one.path): one for one in failed}
    known = {row.place: row for row in _failures_at(connection, list(latest))}
    rows: list[dict[str, Any]] = []
    for place, one in latest.items():
        before = known.get(place)
        stamp = (one.stamp.size, one.stamp.mtime_ns)
        same = before is not None and (before.size, before.mtime_ns) == stamp
        rows.append(
            {
                **_file_columns(one),
                "stage": one.stage,
                "reason": storable(one.reason),
                "attempts": before.attempts + 1 if before and same else 1,
                "failed_at": now,
            }
        )
    _delete_failures(connection, [row.id for row in known.values()])
    if rows:
        connection.execute(insert(Failure), rows)


_TAG_COLUMNS = (
    "title",
    "album",
    "albumartist",
    "track_number",
    "track_total",
    "disc_number",
    "disc_total",
    "date",
    "original_date",
    "compilation",
)


def _store_tracks(
    connection: Connection,
    scanned: Sequence[TrackScanned],
    feature_sets: Sequence[int | None],
    now: datetime,
) -> None:
    """Insert or update the tracks that were read, with everything that is theirs.

    Parameters
    ----------
    feature_sets : sequence of int or None
        For each track, the id of its analysis' feature set.
    """
    if not scanned:
        return
    scanned = [replace(change, tags=storable_tags(change.tags)) for change in scanned]
    payloads = payload_ids(connection, (change.payload_hash for change in scanned))
    stored: set[tuple[int, str]] = set()
    for change, feature_set_id in zip(scanned, feature_sets, strict=True):
        if change.analysis is None or feature_set_id is None:
            continue
        mark = (payloads[change.payload_hash], change.analysis.variant)
        if mark not in stored:  # a duplicate in the same batch was analysed beside it
            stored.add(mark)
            replace_analysis(connection, mark[0], feature_set_id, change.analysis)
    latest = {(change.root_id, change.path): change for change in scanned}
    before = _tracks_at(connection, list(latest))
    facts = [facts_of(number, change) for number, change in enumerate(latest.values())]
    artists = artists_of_credits(count_credits(facts))
    groups = group_columns(connection, facts, artists)
    rows = {
        place: _row(change, payloads[change.payload_hash], now) | columns
        for (place, change), columns in zip(latest.items(), groups, strict=True)
    }
    ids = _store_rows(connection, rows, before, latest, now)
    delete_tags(connection, [track.id for track in before.values()])
    store_tags(connection, {ids[place]: one.tags for place, one in latest.items()})
    credits = {ids[place]: one.artists for place, one in zip(rows, facts, strict=True)}
    store_credits(connection, credits, artists)
    # Audio that changed leaves its old payload behind, maybe some scans ago: the old
    # features go when the new ones are in.
    for place, row in before.items():
        payload_id = payloads[latest[place].payload_hash]
        fresh = latest[place].analysis is not None or row.payload_id != payload_id
        if fresh and has_analysis(connection, payload_id):
            delete_unused_payloads(connection)
            break


def _store_rows(
    connection: Connection,
    rows: Mapping[Place, Mapping[str, Any]],
    before: Mapping[Place, PlacedTrack],
    latest: Mapping[Place, TrackScanned],
    now: datetime,
) -> dict[Place, int]:
    """Write the rows of the tracks; return their ids by place."""
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    retagged: list[dict[str, Any]] = []  # without the facts of their streams
    for place, row in rows.items():
        if place not in before:
            new.append({**_stream_columns(StreamFacts()), **row, "added_at": now})
        else:
            kind = old if latest[place].stream else retagged
            kind.append({"track_id": before[place].id, **row})
    for changed in filter(None, (old, retagged)):
        mine = Track.id == bindparam("track_id")
        connection.execute(update(Track).where(mine), changed)
    if new:
        connection.execute(insert(Track), new)
    made = _tracks_at(connection, [place for place in rows if place not in before])
    return {place: {**before, **made}[place].id for place in rows}


def _file_columns(
    change: TrackScanned | records.TrackMoved | records.FileFailed,
) -> dict[str, Any]:
    return {
        "root_id": change.root_id,
        "path": change.path,
        "path_text": readable(change.path),
        "size": change.stamp.size,
        "mtime_ns": change.stamp.mtime_ns,
    }


def _row(change: TrackScanned, payload_id: int, now: datetime) -> dict[str, Any]:
    """Return the columns of a track that come from the file alone."""
    return {
        **_file_columns(change),
        "payload_id": payload_id,
        "missing_since": None,
        "updated_at": now,
        **{name: getattr(change.tags, name) for name in _TAG_COLUMNS},
        **(_stream_columns(change.stream) if change.stream else {}),
    }


def _stream_columns(stream: StreamFacts) -> dict[str, Any]:
    return {name: storable_value(value) for name, value in asdict(stream).items()}


def _tracks_at(
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


def _failures_at(
    connection: Connection, places: Sequence[Place]
) -> list[PlacedFailure]:
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
