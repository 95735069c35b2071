"""Album artists of tracks whose tags name none, derived from their folders."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from catalog.albums import (
    VARIOUS,
    album_ids,
    album_of,
    artist_ids,
    chunks,
    fold,
    name_key,
)
from catalog.database import Catalog
from catalog.models import Album, Artist, TagSource, Track, TrackArtist
from catalog.records import TagFacts


class _Row(NamedTuple):
    id: int
    title: str
    albumartist: str | None
    derived: bool
    artist: str | None
    compilation: bool


def derive_album_artists(catalog: Catalog, root_id: int) -> int:
    """Give the tracks of a root that have an album but no album artist one.

    Returns
    -------
    int
        How many tracks got one.
    """
    with catalog.writing() as connection:
        found: dict[int, tuple[str, str]] = {}
        for rows in _albums(connection, root_id).values():
            if all(row.albumartist for row in rows):
                continue
            facts = [
                FolderTrack(
                    None if row.derived else row.albumartist,
                    row.artist,
                    row.compilation,
                )
                for row in rows
            ]
            albumartist = albumartist_of(facts)
            if albumartist is not None:
                lacking = (row for row in rows if row.derived or not row.albumartist)
                found |= {row.id: (albumartist, row.title) for row in lacking}
        _store(connection, found)
    return len(found)


def _albums(
    connection: Connection, root_id: int
) -> dict[tuple[bytes, str], list[_Row]]:
    """Return the tracks of a root that have an album, by folder and title."""
    query = (
        select(
            Track.path,
            Track.id,
            Album.title,
            Track.albumartist,
            TagSource.source == DERIVED,
            Artist.name,
            Track.compilation,
        )
        .join(Album, Album.id == Track.album_id)
        .outerjoin(
            TagSource,
            (TagSource.track_id == Track.id) & (TagSource.fact == "albumartist"),
        )
        .outerjoin(
            TrackArtist,
            (TrackArtist.track_id == Track.id) & (TrackArtist.position == 0),
        )
        .outerjoin(Artist, Artist.id == TrackArtist.artist_id)
        .where(Track.root_id == root_id)
        .order_by(Track.id)
    )
    albums: defaultdict[tuple[bytes, str], list[_Row]] = defaultdict(list)
    for row in connection.execute(query):
        path, number, title, albumartist, derived, artist, compilation = row
        albums[posixpath.dirname(path), fold(title)].append(
            _Row(number, title, albumartist, bool(derived), artist, compilation)
        )
    return albums


def _store(connection: Connection, found: dict[int, tuple[str, str]]) -> None:
    """Store album artists, given with the album's title by track id."""
    albums = {
        track_id: album_of(TagFacts(albumartist=albumartist, album=title))
        for track_id, (albumartist, title) in found.items()
    }
    album_id = album_ids(connection, (a for a in albums.values() if a is not None))
    artist_id = artist_ids(connection, (name for name, _ in found.values()))
    rows = [
        {
            "track_id": track_id,
            "albumartist": found[track_id][0],
            "artist_id": artist_id[name_key(found[track_id][0])],
            "album_id": album_id[album.key],
            "group_key": album.group_key,
        }
        for track_id, album in albums.items()
        if album is not None
    ]
    if not rows:
        return
    connection.execute(update(Track).where(Track.id == bindparam("track_id")), rows)
    for part in chunks(list(found)):
        mine = TagSource.track_id.in_(part) & (TagSource.fact == "albumartist")
        connection.execute(delete(TagSource).where(mine))
    sources = [
        {"track_id": track_id, "fact": "albumartist", "source": DERIVED}
        for track_id in found
    ]
    connection.execute(insert(TagSource), sources)


DERIVED = "folder"  # what the table tag_sources says of such an album artist

_GUESTS = re.compile(r"\s+[(\[]?(?:feat\.?|ft\.|featuring)\s.*$", re.IGNORECASE)


class FolderTrack(NamedTuple):
    """What is known of one track of an album.

    Attributes
    ----------
    albumartist : str or None
        As its own tags have it.
    artist : str or None
        The first of its artists.
    compilation : bool
        Whether its tags call the album one.
    """

    albumartist: str | None
    artist: str | None
    compilation: bool = False


def albumartist_of(tracks: Sequence[FolderTrack]) -> str | None:
    """Return whose album it is, from its tracks in one folder.

    The one that some tags name, if they agree; else a compilation if the tags call it
    one; else the artist of all tracks, guests aside; else a compilation. ``None`` where
    no track has an artist.

    Examples
    --------
    >>> albumartist_of([FolderTrack(None, "Rush"), FolderTrack(None, "Rush feat. Ben")])
    'Rush'
    >>> albumartist_of([FolderTrack(None, "Rush"), FolderTrack(None, "Yes")])
    'Various Artists'
    """
    named = _spellings(track.albumartist for track in tracks)
    if len(named) == 1:
        return next(iter(named.values()))
    playing = _spellings(
        _GUESTS.sub("", track.artist) for track in tracks if track.artist
    )
    if len(playing) > 1 or any(track.compilation for track in tracks):
        return VARIOUS
    return next(iter(playing.values()), None)


def _spellings(names: Iterable[str | None]) -> dict[str, str]:
    """Return the names that differ in more than spelling, each as mostly spelled."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        if name:
            counts[fold(name)][name] += 1
    return {key: count.most_common(1)[0][0] for key, count in counts.items()}
