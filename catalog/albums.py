"""What counts as one album, and as one group that a split must not divide."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
