"""Tags of tracks on their way into the catalog: many-valued facts, album and group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, delete

from catalog.album_groups import group_tracks
from catalog.album_parts import TrackFacts, year_of
from catalog.database import is_storable, readable, storable
from catalog.lookups import album_ids, artist_ids, chunks, genre_ids, insert_plain
from catalog.models import RawTag, TagSource, TrackArtist, TrackGenre
from catalog.names import Artist, Credit, credits_of, musicbrainz_ids, name_key, tidy
from catalog.records import TagFacts, TrackScanned

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
    artists: Mapping[Credit, Artist],
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
    artists: Mapping[Credit, Artist],
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
