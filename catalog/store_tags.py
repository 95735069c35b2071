"""Tags of tracks on their way into the catalog: many-valued facts, album and group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from catalog.album_facts import TrackFacts, year_of
from catalog.album_groups import Album as GroupedAlbum
from catalog.album_groups import group_tracks
from catalog.database import is_storable, readable, storable
from catalog.model_base import insert_plain
from catalog.models import (
    Album,
    Artist,
    Genre,
    Payload,
    RawTag,
    TagSource,
    TrackArtist,
    TrackGenre,
)
from catalog.names import Artist as KnownArtist
from catalog.names import Credit, credits_of, musicbrainz_ids, name_key, tidy
from catalog.records import TagFacts, TrackScanned

T = TypeVar("T")

_MANY_VALUED = (TrackArtist, TrackGenre, RawTag, TagSource)


def facts_of(number: int, change: TrackScanned) -> TrackFacts:
    """Return the facts that tell a track's album, under a number of its own."""
    tags, ids = change.tags, musicbrainz_ids(change.tags.raw)
    albumartist = None
    if tags.albumartist:
        only = ids.albumartists[0] if len(ids.albumartists) == 1 else None
        albumartist = Credit(tidy(tags.albumartist), only)
    return TrackFacts(
        id=number,
        root_id=change.root_id,
        path=readable(change.path),
        payload_hash=change.payload_hash,
        title=tags.title,
        album=tags.album,
        albumartist=albumartist,
        artists=credits_of(tuple(map(tidy, tags.artists)), ids.artists),
        compilation=tags.compilation,
        disc_number=tags.disc_number,
        disc_total=tags.disc_total,
        track_number=tags.track_number,
        year=year_of(tags.original_date, tags.date),
        release_id=ids.release,
        release_group_id=ids.release_group,
    )


def group_columns(
    connection: Connection,
    facts: Sequence[TrackFacts],
    artists: Mapping[Credit, KnownArtist],
) -> list[dict[str, Any]]:
    """Return album and group of tracks, as far as these tracks alone tell them.

    The scan groups the whole library when it ends.
    """
    by_id = group_tracks(facts, artists=artists)
    found = [by_id[track.id] for track in facts]
    albums = {one.album.key: one.album for one in found if one.album is not None}
    names = [one.artist.name for one in found if one.artist is not None]
    albums_by_key = album_ids(connection, albums.values())
    artists_by_key = artist_ids(connection, names)
    return [
        {
            "album_id": albums_by_key[one.album.key] if one.album else None,
            "artist_id": artists_by_key[one.artist.key] if one.artist else None,
            "group_key": one.group_key,
            "is_grouped": False,
            "year": track.year,
            "musicbrainz_albumartist_id": track.albumartist
            and track.albumartist.musicbrainz_id,
            "musicbrainz_release_id": track.release_id,
            "musicbrainz_release_group_id": track.release_group_id,
        }
        for track, one in zip(facts, found, strict=True)
    ]


def delete_tags(connection: Connection, track_ids: Sequence[int]) -> None:
    """Delete the many-valued facts of tracks."""
    for part in chunks(track_ids):
        for table in _MANY_VALUED:
            connection.execute(delete(table).where(table.track_id.in_(part)))


def store_tags(connection: Connection, tags: dict[int, TagFacts]) -> None:
    """Store the many-valued facts of tracks, given by track id."""
    genres = genre_ids(connection, (n for one in tags.values() for n in one.genres))
    insert_plain(
        connection,
        TrackGenre,
        ("track_id", "position", "genre_id"),
        [
            (track_id, position, genres[name_key(name)])
            for track_id, one in tags.items()
            for position, name in enumerate(one.genres)
        ],
    )
    insert_plain(
        connection,
        RawTag,
        ("track_id", "position", "key", "value"),
        [
            (track_id, position, key, value)
            for track_id, one in tags.items()
            for position, (key, value) in enumerate(one.raw)
        ],
    )
    insert_plain(
        connection,
        TagSource,
        ("track_id", "fact", "source"),
        [
            (track_id, fact, source)
            for track_id, one in tags.items()
            for fact, source in dict(one.sources).items()
        ],
    )


def store_credits(
    connection: Connection,
    credits: Mapping[int, Sequence[Credit]],
    artists: Mapping[Credit, KnownArtist],
) -> None:
    """Store the artists of tracks, given by track id, as tagged and as they are."""
    ids = artist_ids(connection, (artist.name for artist in artists.values()))
    insert_plain(
        connection,
        TrackArtist,
        ("track_id", "position", "artist_id", "credit", "musicbrainz_id"),
        [
            (track_id, position, ids[artists[credit].key], *credit)
            for track_id, several in credits.items()
            for position, credit in enumerate(several)
        ],
    )


def storable_tags(tags: TagFacts) -> TagFacts:
    """Return the tags with every text in them made storable."""
    facts = {one.name: getattr(tags, one.name) for one in fields(tags)}
    if is_storable("".join(_texts(facts.values()))):  # nearly always
        return tags
    return replace(tags, **{k: storable_value(v) for k, v in facts.items()})


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from _texts(value)


def storable_value(value: Any) -> Any:
    """Return a text, or a tuple of texts, that any database takes."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, tuple):
        return tuple(storable_value(one) for one in value)
    return value


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


def album_ids(connection: Connection, albums: Iterable[GroupedAlbum]) -> dict[str, int]:
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
