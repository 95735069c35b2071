"""Albums, groups and artists of all tracks, told anew from the tags that are stored."""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    exists,
    insert,
    select,
    text,
    update,
)

from catalog import models
from catalog.album_facts import TrackFacts, count_credits
from catalog.album_groups import Grouping, group_tracks
from catalog.database import Catalog
from catalog.models import TagSource, Track, TrackArtist
from catalog.mojibake import UNDECIDED, decode_like
from catalog.names import Artist, Credit, artists_of_credits
from catalog.records import ENCODING, GroupChange
from catalog.store_tags import chunks

DERIVED = "folder"  # what `tag_sources` says of a fact that a track's neighbours tell

_TRACKS = """
    SELECT tracks.id, tracks.root_id, tracks.path_text, payloads.hash, tracks.title,
        tracks.album, tracks.albumartist, tracks.musicbrainz_albumartist_id,
        tracks.compilation, tracks.disc_number, tracks.disc_total, tracks.track_number,
        tracks.year, tracks.musicbrainz_release_id,
        tracks.musicbrainz_release_group_id, tracks.group_key, tracks.album_id,
        tracks.artist_id, tracks.albumartist, tracks.disc_number
    FROM tracks JOIN payloads ON payloads.id = tracks.payload_id
    WHERE tracks.missing_since IS NULL
"""
_CREDITS = """
    SELECT track_artists.track_id, track_artists.position, track_artists.credit,
        track_artists.musicbrainz_id, track_artists.artist_id
    FROM track_artists JOIN tracks ON tracks.id = track_artists.track_id
    WHERE tracks.missing_since IS NULL
    ORDER BY track_artists.track_id, track_artists.position
"""
_DERIVED = """
    SELECT track_id, fact FROM tag_sources
    WHERE source = :source AND fact IN ('albumartist', 'disc_number')
"""
_ENCODINGS = "SELECT track_id, source FROM tag_sources WHERE fact = :fact"
_NONE: frozenset[str] = frozenset()
_PLACES = "SELECT id, root_id, path_text FROM tracks WHERE missing_since IS NULL"


class _Stored(NamedTuple):
    """What is stored of a track's album and artist, and where from."""

    group_key: str
    album_id: int | None
    artist_id: int | None
    albumartist: str | None
    disc_number: int | None
    derived: frozenset[str]


class _StoredCredit(NamedTuple):
    """An artist of a track, as tagged, and whom it is taken for."""

    track_id: int
    position: int
    credit: Credit
    artist_id: int


class _Library(NamedTuple):
    """The present tracks of a catalog: their facts, and what is stored of them."""

    facts: list[TrackFacts]
    stored: dict[int, _Stored]
    credits: list[_StoredCredit]


def regroup(catalog: Catalog, *, dry_run: bool = False) -> list[GroupChange]:
    """Tell albums, groups and artists of all tracks anew, and store what changed.

    No file is read. Tracks that are missing keep what they had; stored runs keep what
    they were judged with.

    Parameters
    ----------
    catalog : Catalog
    dry_run : bool
        Whether to store nothing.

    Returns
    -------
    list of GroupChange
        Artists, then albums, then groups; those of most tracks first.
    """
    opened = catalog.reading() if dry_run else catalog.writing()
    with opened as connection:
        return regroup_tracks(connection, dry_run=dry_run)


def regroup_tracks(
    connection: Connection, *, dry_run: bool = False
) -> list[GroupChange]:
    """Do as :func:`regroup`, within a transaction that has begun."""
    with _nothing_to_collect():
        if not dry_run:
            _repair_texts(connection)
        library = _load(connection)
        artists = artists_of_credits(count_credits(library.facts))
        groupings = group_tracks(library.facts, artists=artists)
        changes = _changes(connection, library, groupings)
        if not dry_run:
            _store(connection, library, groupings, artists)
        return changes


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Spare the garbage collector: what is made here is kept, and no ring of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _encodings_by_folder(connection: Connection) -> dict[int, str]:
    """Return in which encoding the text of tracks is that cannot tell by themselves.

    It is that of their neighbours: of half of the folder's tracks at least, and no
    other neighbour is in a third one.
    """
    told = dict(_rows(connection, _ENCODINGS, fact=ENCODING).all())
    if UNDECIDED not in told.values():  # nearly always
        return {}
    folders: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for number, root_id, path in _rows(connection, _PLACES):
        folders[root_id, path.rpartition("/")[0]].append(number)
    found: dict[int, str] = {}
    for numbers in folders.values():
        counts = Counter(told[number] for number in numbers if number in told)
        undecided = counts.pop(UNDECIDED, 0)
        if undecided and len(counts) == 1:
            ((encoding, count),) = counts.items()
            if 2 * count >= len(numbers):
                found |= {n: encoding for n in numbers if told.get(n) == UNDECIDED}
    return found


def _repair_texts(connection: Connection) -> None:
    """Repair the text of tracks whose encoding their neighbours tell."""
    for track_id, encoding in _encodings_by_folder(connection).items():
        query = select(Track.title, Track.album, Track.albumartist)
        row = connection.execute(query.where(Track.id == track_id)).one()._asdict()
        meant = {
            name: repaired
            for name, value in row.items()
            if value and (repaired := decode_like(value, encoding))
        }
        if meant:
            here = update(Track).where(Track.id == track_id)
            connection.execute(here.values(**meant, is_grouped=False))
        credits = TrackArtist.track_id == track_id
        names = select(TrackArtist.position, TrackArtist.credit).where(credits)
        for position, name in connection.execute(names).all():
            if repaired := decode_like(name, encoding):
                here = update(TrackArtist).where(credits)
                here = here.where(TrackArtist.position == position)
                connection.execute(here.values(credit=repaired))
        told = (TagSource.track_id == track_id) & (TagSource.fact == ENCODING)
        connection.execute(update(TagSource).where(told).values(source=encoding))


def _load(connection: Connection) -> _Library:
    credits = [
        _StoredCredit(track_id, position, Credit(name, number), artist_id)
        for track_id, position, name, number, artist_id in _rows(connection, _CREDITS)
    ]
    by_track: defaultdict[int, list[Credit]] = defaultdict(list)
    for one in credits:
        by_track[one.track_id].append(one.credit)
    derived: defaultdict[int, set[str]] = defaultdict(set)
    for track_id, fact in _rows(connection, _DERIVED, source=DERIVED):
        derived[track_id].add(fact)
    facts: list[TrackFacts] = []
    stored: dict[int, _Stored] = {}
    for row in _rows(connection, _TRACKS):  # in the order of both records' fields
        number, (named, named_id, compilation, disc) = row[0], row[6:10]
        mine = frozenset(derived[number]) if number in derived else _NONE
        tagged = None if "albumartist" in mine else named
        facts.append(
            TrackFacts._make(
                (
                    *row[:6],
                    tagged and Credit(tagged, named_id),
                    tuple(by_track[number]) if number in by_track else (),
                    bool(compilation),
                    None if "disc_number" in mine else disc,
                    *row[10:15],
                )
            )
        )
        stored[number] = _Stored._make((*row[15:], mine))
    return _Library(facts, stored, credits)


def _rows(connection: Connection, sql: str, **values: Any) -> Any:
    return connection.execute(text(sql), values)


def _changes(
    connection: Connection, library: _Library, groupings: Mapping[int, Grouping]
) -> list[GroupChange]:
    """Return what would be shown otherwise."""
    artists = dict(_rows(connection, "SELECT id, name FROM artists").all())
    albums = {
        number: _shown(albumartist, title)
        for number, albumartist, title in _rows(
            connection, "SELECT id, albumartist, title FROM albums"
        )
    }
    counts: Counter[tuple[str, str, str]] = Counter()
    for track_id, found in groupings.items():
        stored, album = library.stored[track_id], found.album
        before = artists.get(stored.artist_id, "")
        counts["artist", before, found.artist.name if found.artist else ""] += 1
        shown = _shown(album.albumartist, album.title) if album else ""
        counts["album", albums.get(stored.album_id, ""), shown] += 1
        counts["group", stored.group_key, found.group_key] += 1
    changes = [GroupChange(*key, n) for key, n in counts.items() if key[1] != key[2]]
    kinds = ("artist", "album", "group")
    return sorted(changes, key=lambda one: (kinds.index(one.kind), -one.tracks, one))


def _shown(albumartist: str | None, title: str) -> str:
    return f"{title} ({albumartist})" if albumartist else title


def _store(
    connection: Connection,
    library: _Library,
    groupings: Mapping[int, Grouping],
    artists: Mapping[Credit, Artist],
) -> None:
    """Write what is not as it is stored; remove what no track has any more."""
    found = [one.artist for one in groupings.values() if one.artist is not None]
    artist_ids = _ids(
        connection,
        models.Artist,
        {
            artist.key: {"name": artist.name, "musicbrainz_id": artist.musicbrainz_id}
            for artist in (*artists.values(), *found)
        },
    )
    album_ids = _ids(
        connection,
        models.Album,
        {
            album.key: {
                "albumartist": album.albumartist,
                "title": album.title,
                "group_key": album.group_key,
            }
            for one in groupings.values()
            if (album := one.album) is not None
        },
    )
    _store_credits(connection, library.credits, artists, artist_ids)
    _store_tracks(connection, library.stored, groupings, artist_ids, album_ids)
    tracks = Track.__table__
    connection.execute(update(Track).where(~Track.is_grouped).values(is_grouped=True))
    used = exists().where(tracks.c.album_id == models.Album.id)
    connection.execute(delete(models.Album).where(~used))
    filed = exists().where(tracks.c.artist_id == models.Artist.id)
    plays = exists().where(TrackArtist.artist_id == models.Artist.id)
    connection.execute(delete(models.Artist).where(~filed, ~plays))


def _ids(
    connection: Connection,
    table: type[models.Artist | models.Album],
    wanted: Mapping[str, Mapping[str, Any]],
) -> dict[str, int]:
    """Return ids by key; rows that are lacking are made, others made right."""
    columns = list(next(iter(wanted.values()), ()))
    query = select(table.key, table.id, *(getattr(table, name) for name in columns))
    before = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    new = [{"key": key, **row} for key, row in wanted.items() if key not in before]
    if new:
        connection.execute(insert(table), new)
    changed = [
        {"number": before[key][0], **row}
        for key, row in wanted.items()
        if key in before and before[key][1:] != tuple(row.values())
    ]
    if changed:
        connection.execute(
            update(table).where(table.id == bindparam("number")), changed
        )
    if not new:
        return {key: before[key][0] for key in wanted}
    return dict(connection.execute(select(table.key, table.id)).all())


def _store_credits(
    connection: Connection,
    credits: Iterable[_StoredCredit],
    artists: Mapping[Credit, Artist],
    artist_ids: Mapping[str, int],
) -> None:
    changed = [
        {"track": one.track_id, "place": one.position, "artist_id": number}
        for one in credits
        if (number := artist_ids[artists[one.credit].key]) != one.artist_id
    ]
    if changed:
        here = (TrackArtist.track_id == bindparam("track")) & (
            TrackArtist.position == bindparam("place")
        )
        connection.execute(update(TrackArtist).where(here), changed)


def _store_tracks(
    connection: Connection,
    stored: Mapping[int, _Stored],
    groupings: Mapping[int, Grouping],
    artist_ids: Mapping[str, int],
    album_ids: Mapping[str, int],
) -> None:
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = []
    sources: list[dict[str, Any]] = []
    for track_id, found in groupings.items():
        before = stored[track_id]
        own = None if "albumartist" in before.derived else before.albumartist
        disc = None if "disc_number" in before.derived else before.disc_number
        derived = {
            fact
            for fact, value, tagged in (
                ("albumartist", found.albumartist, own),
                ("disc_number", found.disc, disc),
            )
            if value is not None and tagged is None
        }
        after = _Stored(
            found.group_key,
            album_ids[found.album.key] if found.album else None,
            artist_ids[found.artist.key] if found.artist else None,
            own if own is not None else found.albumartist,
            disc if disc is not None else found.disc,
            frozenset(derived),
        )
        if after != before:
            values = after._asdict()
            del values["derived"]
            rows.append({"number": track_id, "updated_at": now, **values})
            sources += [{"track_id": track_id, "fact": fact} for fact in derived]
    if not rows:
        return
    connection.execute(update(Track).where(Track.id == bindparam("number")), rows)
    for part in chunks([row["number"] for row in rows]):
        mine = TagSource.track_id.in_(part) & (TagSource.source == DERIVED)
        connection.execute(delete(TagSource).where(mine))
    if sources:
        connection.execute(insert(TagSource).values(source=DERIVED), sources)
