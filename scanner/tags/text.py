"""Names of people, albums and genres, freed from what taggers put in their place."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from mutagen.id3 import TCON

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIOUS_ARTISTS = "Various Artists"
_VARIOUS = frozenset(
    ("various artists", "various", "va", "v.a.", "v/a", "various artist", "diverse")
)
_NOTHING = frozenset(
    (
        "<unknown>",
        "[unknown]",
        "(unknown)",
        "unknown",
        "unknown artist",
        "<unknown artist>",
        "[unknown artist]",
        "unknown album",
        "<unknown album>",
        "[unknown album]",
        "unknown genre",
        "unknown title",
        "none",
        "<none>",
        "(none)",
        "null",
        "(null)",
        "nil",
        "n/a",
        "n.a.",
        "undefined",
        "not set",
        "no artist",
        "no album",
        "no title",
        "-",
        "--",
        "?",
        "??",
        "???",
        ".",
    )
)
# A title may well be "None" or "Unknown": only what no one would sing counts there.
_NO_TITLE = frozenset(
    name for name in _NOTHING if name[0] in "<[(" or name.startswith(("un", "no "))
) - {"unknown"}
_URL = re.compile(r"(?:https?://\S+|www\.\S+\.\S+)$", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_GENRE_NUMBERS = re.compile(r"\((\d{1,3}|RX|CR)\)")
_DISC = re.compile(
    r"[\s\-,:;(\[{]+(?:cd|dis[ck]|dvd|vol(?:ume)?\.? cd)\s*\#?(\d{1,2})"
    r"(?:\s*(?:of|/)\s*(\d{1,2}))?\b[^)\]}]*[)\]}]?\s*$",
    re.IGNORECASE,
)


def tidy(text: str) -> str:
    """Return `text` composed (NFC), without control characters and double spaces."""
    text = unicodedata.normalize("NFC", text)
    shown = "".join(c if c >= " " or c in "\t\n\r" else "" for c in text)
    return _SPACE.sub(" ", shown).strip()


def real_name(text: str) -> str | None:
    """Return an artist, album or genre name; None if it is a placeholder or an URL."""
    name = tidy(text)
    if not name or name.casefold() in _NOTHING or _URL.match(name):
        return None
    return name


def real_title(text: str) -> str | None:
    """Return a track's title; None if it is a placeholder."""
    name = tidy(text)
    return None if not name or name.casefold() in _NO_TITLE else name


def albumartist(text: str) -> str | None:
    """Return an album artist's name; every way to say so is "Various Artists"."""
    name = real_name(text)
    if name is not None and name.casefold() in _VARIOUS:
        return VARIOUS_ARTISTS
    return name


def split_names(
    values: Iterable[str], separators: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the real names in `values`, each once, in order.

    Parameters
    ----------
    values : iterable of str
        What the tag holds: one value an artist, or several joined.
    separators : tuple of str
        What joins them; compared without regard to case. A separator that starts and
        ends with a letter or full stop, such as "feat.", must stand as a word.
    """
    parts = list(values)
    if separators:
        pattern = re.compile("|".join(map(_separator, separators)), re.IGNORECASE)
        parts = [part for value in parts for part in pattern.split(value)]
    names: dict[str, str] = {}
    for part in parts:
        if name := real_name(part):
            names.setdefault(name.casefold(), name)
    return tuple(names.values())


def _separator(text: str) -> str:
    bare = text.strip()
    if bare[:1].isalpha():
        return rf"(?:(?<=\s)|(?<=\()){re.escape(bare)}(?=\s)"
    return re.escape(text)


def genre_names(value: str) -> list[str]:
    """Return the genres of one ID3 genre text: "(17)", "(4)Eurodisco", "17", "Rock".

    Examples
    --------
    >>> genre_names("(17)(9)"), genre_names("(17)Math Rock"), genre_names("9")
    (['Rock', 'Metal'], ['Rock', 'Math Rock'], ['Metal'])
    """
    names = []
    rest = value.strip()
    while found := _GENRE_NUMBERS.match(rest):
        names.append(_numbered(found[1]))
        rest = rest[found.end() :]
    if rest.startswith("(("):
        rest = rest[1:]
    if rest.isdecimal() and rest.isascii():
        names.append(_numbered(rest))
    else:
        names.append(rest)
    return [name for name in names if name]


def _numbered(code: str) -> str:
    if code in ("RX", "CR"):
        return {"RX": "Remix", "CR": "Cover"}[code]
    return TCON.GENRES[int(code)] if int(code) < len(TCON.GENRES) else ""


def disc_in_title(album: str) -> tuple[int, int | None] | None:
    """Return the disc that an album title names at its end, and how many there are.

    Examples
    --------
    >>> disc_in_title("Garage Inc. (CD 2)"), disc_in_title("Live [Disc 1/3]")
    ((2, None), (1, 3))
    >>> disc_in_title("2112") is None
    True
    """
    if not (found := _DISC.search(album)):
        return None
    return int(found[1]), int(found[2]) if found[2] else None
