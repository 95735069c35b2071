"""Ids of what tracks share: artists, albums, genres and payloads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from catalog import album_groups
from catalog.model_base import Base
from catalog.models import Album, Artist, Genre, Payload
from catalog.names import name_key

T = TypeVar("T")

_CHUNK = 500  # values in one IN list; SQLite takes 32 766


def artist_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of artists by folded name, adding those that are new."""
    return _ids(connection, Artist.key, _by_key(names))


def genre_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of genres by folded name, adding those that are new."""
    return _ids(connection, Genre.key, _by_key(names))


def payload_ids(connection: Connection, hashes: Iterable[str]) -> dict[str, int]:
    """Return the ids of payloads by hash, adding those that are new."""
    return _ids(connection, Payload.hash, {one: {} for one in hashes})


def album_ids(
    connection: Connection, albums: Iterable[album_groups.Album]
) -> dict[str, int]:
    """Return the ids of albums by key, adding those that are new."""
    facts = {
        album.key: {
            "albumartist": album.albumartist,
            "title": album.title,
            "group_key": album.group_key,
        }
        for album in albums
    }
    return _ids(connection, Album.key, facts)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list into parts that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def insert_plain(
    connection: Connection,
    table: type[Base],
    columns: Sequence[str],
    rows: Sequence[tuple[int | str | None, ...]],
) -> None:
    """Insert rows of numbers and texts alone, in the order of `columns`.

    SQLAlchemy would prepare every value of every row, which takes longer than the
    database does; numbers and texts need no preparation.
    """
    if not rows:
        return
    compiled = insert(table).compile(
        dialect=connection.dialect, column_keys=list(columns)
    )
    if compiled.positional:
        places = [columns.index(name) for name in compiled.positiontup or columns]
        values: Any = [tuple(row[place] for place in places) for row in rows]
    else:
        values = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(compiled), values)


def _by_key(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        found.setdefault(name_key(name), {"name": name})
    return found


def _ids(
    connection: Connection,
    key: InstrumentedAttribute[str],
    facts: Mapping[str, Mapping[str, Any]],
) -> dict[str, int]:
    """Return ids by key; rows that are not there yet are made from ``facts``."""
    found = _lookup(connection, key, list(facts))
    new = [value for value in facts if value not in found]
    if new:
        rows = [{key.key: value, **facts[value]} for value in new]
        connection.execute(insert(key.class_), rows)
        found |= _lookup(connection, key, new)
    return found


def _lookup(
    connection: Connection, key: InstrumentedAttribute[str], values: Sequence[str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(values):
        query = select(key, key.class_.id).where(key.in_(part))
        found.update((value, number) for value, number in connection.execute(query))
    return found
