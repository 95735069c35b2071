"""Albums: the rules of what one is, and the ids of what tracks share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import InstrumentedAttribute

from catalog.models import Album, Artist, Base, Genre, Payload
from catalog.records import TagFacts

VARIOUS = "Various Artists"

_DISC = re.compile(
    r"[\s,;:-]*[(\[]?\b(?:cd|disc|disk|dvd|lp|vinyl)[\s.#-]*"
    r"(?:\d{1,2}|one|two|three|four|i{1,3}|iv)(?:\s*(?:of|/)\s*\d{1,2})?\b[)\]]?\s*$",
    re.IGNORECASE,
)
_EDITION_WORDS = (
    r"live|re-?master(?:ed|s)?|re-?mixed|deluxe|expanded|anniversary|collector'?s"
    r"|special|limited|legacy|bonus|demos?|unplugged|acoustic|instrumentals?"
    r"|re-?issue|re-?release|edition|version|mono|stereo|explicit|super deluxe"
)
_EDITION_BRACKET = re.compile(
    rf"\s*[(\[][^()\[\]]*\b(?:{_EDITION_WORDS})\b[^()\[\]]*[)\]]\s*$", re.IGNORECASE
)
_EDITION_TAIL = re.compile(
    rf"(?:\s+[-/]|\s*:)\s+[^-:/]*\b(?:{_EDITION_WORDS})\b[^-:/]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AlbumFacts:
    """An album as the catalog keeps it; equal keys mean the same album."""

    albumartist: str | None
    title: str
    key: str
    group_key: str


def fold(name: str) -> str:
    """Return ``name`` without what spellings of the same name differ in.

    Case, width and composition of characters, and runs of white space.

    Examples
    --------
    >>> fold("  Ride the  LIGHTNING ")
    'ride the lightning'
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def label_artist(tags: TagFacts) -> str | None:
    """Return the artist that a track is filed under: the album artist, else the first.

    Examples
    --------
    >>> from catalog.records import TagFacts
    >>> label_artist(TagFacts(artists=("Rush", "Aimee Mann")))
    'Rush'
    """
    if tags.albumartist:
        return tags.albumartist
    if tags.compilation:
        return VARIOUS
    return tags.artists[0] if tags.artists else None


def album_of(tags: TagFacts) -> AlbumFacts | None:
    """Return the album of a track; ``None`` where the tags name none.

    Discs are joined. Editions (live, remastered, deluxe ...) stay albums of their own
    but share the original's ``group_key``.

    Examples
    --------
    >>> from catalog.records import TagFacts
    >>> tags = TagFacts(albumartist="Rush", album="Exit (Remastered 2015) [CD 2]")
    >>> album_of(tags).title, album_of(tags).group_key
    ('Exit (Remastered 2015)', 'rush | exit')
    """
    if not tags.album or not fold(tags.album):
        return None
    return _album(label_artist(tags), tags.album)


@lru_cache(maxsize=1024)  # its tracks come one after the other, mostly
def _album(artist: str | None, name: str) -> AlbumFacts:
    title = _strip(_DISC, name.strip())
    return AlbumFacts(
        albumartist=artist,
        title=title,
        key=_key(artist, title),
        group_key=_key(artist, original_title(title)),
    )


def album_group(tags: TagFacts, payload_hash: str) -> str:
    """Return the group that a split must keep on one side.

    A track without an album is its own group; duplicates of it share that group.
    """
    album = album_of(tags)
    return album.group_key if album is not None else f"track | {payload_hash}"


def original_title(title: str) -> str:
    """Return an album's title without the words that mark an edition of it.

    Examples
    --------
    >>> original_title("Master of Puppets (Deluxe Box Set) [Remastered]")
    'Master of Puppets'
    >>> original_title("Live After Death")
    'Live After Death'
    """
    while True:
        shorter = _strip(_EDITION_TAIL, _strip(_EDITION_BRACKET, _strip(_DISC, title)))
        if shorter == title:
            return title
        title = shorter


def _strip(pattern: re.Pattern[str], title: str) -> str:
    """Remove what ``pattern`` finds at the end, unless nothing would be left."""
    shorter = pattern.sub("", title).strip()
    return shorter or title


def _key(artist: str | None, title: str) -> str:
    parts = (fold(part).replace("|", "/") for part in (artist or "", title))
    return " | ".join(parts)


_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def year_of(original_date: str | None, date: str | None) -> int | None:
    """Return the year of the original release, else of this one, else ``None``.

    Examples
    --------
    >>> year_of("1986-03-03", "2017"), year_of(None, "1988"), year_of("0000", None)
    (1986, 1988, None)
    """
    for text in (original_date, date):
        found = _YEAR.search(text or "")
        if found and int(found[1]) > 0:
            return int(found[1])
    return None


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


def album_ids(connection: Connection, albums: Iterable[AlbumFacts]) -> dict[str, int]:
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


def name_key(name: str) -> str:
    """Return what spellings of one name share; never empty."""
    return fold(name) or name


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list into parts that fit one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def insert_plain(
    connection: Connection,
    table: type[Base],
    columns: Sequence[str],
    rows: Sequence[tuple[int | str, ...]],
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
