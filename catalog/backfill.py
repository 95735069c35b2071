"""Columns and tables of schema 0002, filled in from what older catalogs hold."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, text, update

from catalog.analyses import fill_statistics
from catalog.models import Genre, Track, TrackArtist, TrackGenre
from catalog.names import credits_of, fold, is_doubtful, musicbrainz_ids, name_key, tidy
from catalog.records import GroupChange
from catalog.regroup import regroup_tracks

_ALBUM_KEYS = frozenset(("talb", "album", "\u00a9alb", "wm/albumtitle", "iprd"))
_STREAMED = {"yield_per": 10_000}
_SAY_EVERY_S = 2.0

Raw = list[tuple[str, str]]


def fill_from_0001(
    connection: Connection, say: Callable[[str], object]
) -> list[GroupChange]:
    """Fill in what a catalog of schema 0001 lacks, then group its tracks anew.

    Albums as tagged, spellings of artists and MusicBrainz's ids come from the raw tags,
    statistics of tracks from the windows. No file is read.
    """
    now_and_then = _every(_SAY_EVERY_S, say)
    _fill_tags(connection, now_and_then)
    _fold_genres(connection)
    for done in fill_statistics(connection):
        now_and_then(f"statistics: {done} tracks done")
    now_and_then("albums and groups")
    return regroup_tracks(connection)


def _every(seconds: float, say: Callable[[str], object]) -> Callable[[str], None]:
    """Return what passes a line on if the last one was so long ago."""
    last = time.monotonic()

    def say_if_due(line: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            say(line)

    return say_if_due


def _fill_tags(connection: Connection, say: Callable[[str], object]) -> None:
    albums = dict(connection.execute(select(Track.id, Track.album)).all())
    credits: defaultdict[int, list[str]] = defaultdict(list)
    query = select(TrackArtist.track_id, TrackArtist.credit)
    for track_id, name in connection.execute(
        query.order_by(TrackArtist.track_id, TrackArtist.position)
    ):
        credits[track_id].append(name)
    tracks: list[dict[str, Any]] = []
    artists: list[dict[str, Any]] = []
    for done, (track_id, raw) in enumerate(_raw_tags(connection)):
        say(f"tags: {done} tracks done")
        tracks += _track_row(track_id, raw, albums.get(track_id))
        artists += _artist_rows(track_id, raw, credits.get(track_id, []))
    if tracks:
        here = Track.id == bindparam("number")
        connection.execute(update(Track).where(here), tracks)
    if artists:
        here = (TrackArtist.track_id == bindparam("track")) & (
            TrackArtist.position == bindparam("place")
        )
        connection.execute(update(TrackArtist).where(here), artists)


def _raw_tags(connection: Connection) -> Iterator[tuple[int, Raw]]:
    query = text(
        "SELECT track_id, key, value FROM raw_tags ORDER BY track_id, position"
    )
    rows = connection.execute(query, execution_options=_STREAMED)
    for track_id, tags in groupby(rows, key=lambda row: row[0]):
        yield track_id, [(key, value) for _, key, value in tags]


def _track_row(track_id: int, raw: Raw, stored: str | None) -> list[dict[str, Any]]:
    """Return the row to change, if there is any: the album as tagged, and ids."""
    ids = musicbrainz_ids(raw)
    tagged = next((value for key, value in raw if _is_album(key)), None)
    album = stored
    # Stored without its disc, or not at all where it looks like a placeholder.
    if tagged and (
        fold(tagged).startswith(fold(stored)) if stored else is_doubtful(tagged)
    ):
        album = tidy(tagged)
    only = ids.albumartists[0] if len(ids.albumartists) == 1 else None
    row = {
        "album": album,
        "musicbrainz_albumartist_id": only,
        "musicbrainz_release_id": ids.release,
        "musicbrainz_release_group_id": ids.release_group,
    }
    if tuple(row.values()) == (stored, None, None, None):
        return []
    return [{"number": track_id, **row}]


def _is_album(key: str) -> bool:
    return key.lower().rpartition(":")[2] in _ALBUM_KEYS


def _artist_rows(track_id: int, raw: Raw, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the artists to change: spelled as in this file, with their ids."""
    # what the catalog knows is the spelling of the first file that had the name
    spellings = {fold(value): tidy(value) for _, value in reversed(raw)}
    spelled = tuple(spellings.get(fold(name), name) for name in names)
    found = credits_of(spelled, musicbrainz_ids(raw).artists)
    return [
        {
            "track": track_id,
            "place": place,
            "credit": credit.name,
            "musicbrainz_id": credit.musicbrainz_id,
        }
        for place, (credit, name) in enumerate(zip(found, names, strict=True))
        if credit != (name, None)
    ]


def _fold_genres(connection: Connection) -> None:
    """Make one of the genres that differ in what names are now folded by."""
    by_key: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    rows = connection.execute(
        select(Genre.id, Genre.name, Genre.key).order_by(Genre.id)
    )
    for number, name, key in rows:
        by_key[name_key(name)].append((number, key))
    for key, ((kept, before), *others) in by_key.items():
        for number, _ in others:
            mine = TrackGenre.genre_id == number
            connection.execute(update(TrackGenre).where(mine).values(genre_id=kept))
            connection.execute(delete(Genre).where(Genre.id == number))
        if key != before:
            connection.execute(update(Genre).where(Genre.id == kept).values(key=key))
