"""Facts guessed from a file's path, where its tags leave gaps."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

from catalog.album_facts import split_disc_folder
from catalog.names import VARIOUS, is_doubtful
from catalog.records import TagFacts
from scanner.tags.text import (
    FIRST_YEAR,
    LAST_YEAR,
    albumartist,
    real_name,
)

_SOURCE = "path"
_YEAR = r"[\[({]?(?P<year>(?:18|19|20)\d\d)[\])}]?"
_YEAR_FIRST = re.compile(rf"{_YEAR}\s*[-_.]*\s+(?P<album>.+)$")
_YEAR_LAST = re.compile(
    r"(?P<album>.+?)\s*[-_,]?\s*[\[({](?P<year>\d{4})[^\])}]*[\])}]?$"
)
_NUMBERED = re.compile(
    r"(?:(?P<disc>\d)-)?(?P<track>\d{1,3})(?:\s*[-_.)]+\s*|\s+)(?P<rest>.+)$"
)
_DASH = re.compile(r"\s+[-\u2013\u2014]\s+")


def guess_from_path(path: bytes) -> dict[str, Any]:
    """Return the facts that the path of a file suggests.

    ``Artist/Album/01 Title``, ``Artist - Album (1988)/01. Title``,
    ``Artist/1988 - Album/CD 2/01 - Artist - Title`` and their like are understood.

    Parameters
    ----------
    path : bytes
        Relative to the library's root: what lies above it names nothing.

    Returns
    -------
    dict
        Some of the fields of `TagFacts`.

    Examples
    --------
    >>> guess_from_path(b"Rush/1981 - Moving Pictures/03 YYZ.flac")
    {'track_number': 3, 'title': 'YYZ', 'album': 'Moving Pictures', 'date': '1981',
     'albumartist': 'Rush', 'artists': ('Rush',)}
    """
    *folders, name = (_text(part) for part in path.split(b"/") if part)
    facts: dict[str, Any] = {}
    rest, disc = split_disc_folder(folders[-1]) if len(folders) > 1 else ("", None)
    if disc is not None and disc.is_sure and not rest:
        facts["disc_number"] = disc.number
        folders.pop()
    facts |= _from_folders(folders)
    named = _from_name(os.path.splitext(name)[0], facts.get("albumartist"))
    facts = named | {fact: value for fact, value in facts.items() if value}
    if "artists" not in facts and facts.get("albumartist", VARIOUS) != (VARIOUS):
        facts["artists"] = (facts["albumartist"],)
    return {key: value for key, value in facts.items() if value}


def fill_from_path(tags: TagFacts, path: bytes) -> TagFacts:
    """Return `tags` with what they leave open taken from the path, and marked so."""
    guessed = {
        fact: value
        for fact, value in guess_from_path(path).items()
        if not getattr(tags, fact) or (fact == "album" and is_doubtful(str(tags.album)))
    }
    sources = tuple((fact, _SOURCE) for fact in guessed)
    return replace(tags, **guessed, sources=tags.sources + sources)


def _text(part: bytes) -> str:
    """Return a name as text; underscores stand for spaces where there are none."""
    text = part.decode("utf-8", "replace")
    return text if " " in text else text.replace("_", " ")


def _from_folders(folders: list[str]) -> dict[str, Any]:
    if not folders:
        return {}
    facts = _album(folders[-1])
    if len(folders) > 1:
        facts["albumartist"] = albumartist(folders[-2])
        # "Rush/Rush - 2112" names the artist twice.
        both = _DASH.split(facts["album"] or "", maxsplit=1)
        if len(both) == 2 and real_name(both[0]) == facts["albumartist"]:
            facts |= _album(both[1]) | {"date": facts.get("date")}
        return facts
    both = _DASH.split(folders[0], maxsplit=1)
    if len(both) == 2 and not _YEAR_FIRST.match(folders[0]):
        return _album(both[1]) | {"albumartist": albumartist(both[0])}
    if "date" in facts:
        return facts
    return {"albumartist": albumartist(folders[0])}


def _album(folder: str) -> dict[str, Any]:
    for pattern in (_YEAR_FIRST, _YEAR_LAST):
        found = pattern.match(folder)
        if found and FIRST_YEAR <= int(found["year"]) <= LAST_YEAR:
            return {"album": real_name(found["album"]), "date": found["year"]}
    return {"album": real_name(folder)}


def _from_name(stem: str, artist: str | None) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    rest = stem
    if found := _NUMBERED.match(stem):
        facts["track_number"] = int(found["track"])
        facts["disc_number"] = int(found["disc"] or 0)
        rest = found["rest"]
    parts = [part.strip() for part in _DASH.split(rest)]
    if len(parts) == 3 and parts[1].isdecimal():  # "Artist - 03 - Title"
        facts["track_number"] = int(parts.pop(1))
    # "Fly by Night - Live" is a title where the folder has named the artist.
    is_named = artist not in (None, VARIOUS, parts[0])
    if len(parts) != 2 or is_named:
        return facts | {"title": rest.strip()}
    if artist is None:
        facts["albumartist"] = parts[0]
    return facts | {"artists": (parts[0],), "title": parts[1]}
