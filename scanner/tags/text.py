"""Names, dates and genres in the text of tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from mutagen.id3 import TCON

from catalog.names import VARIOUS, is_doubtful, is_nobody, is_placeholder, tidy

_URL = re.compile(r"(?:https?://\S+|www\.\S+\.\S+)$", re.IGNORECASE)
_GENRE_NUMBERS = re.compile(r"\((\d{1,3}|RX|CR)\)")


def real_name(text: str) -> str | None:
    """Return an artist or genre name; None if it is a placeholder or an URL."""
    name = tidy(text)
    return None if is_placeholder(name) or _URL.match(name) else name


def real_title(text: str) -> str | None:
    """Return a title; None if it is a placeholder that nobody would sing.

    A track may well be called "None", "Unknown" or "?", and so may an album, which its
    neighbours in the folder decide: see :mod:`catalog.album_rules`.
    """
    name = tidy(text)
    return None if is_placeholder(name) and not is_doubtful(name) else name


def real_album(text: str) -> str | None:
    """Return an album's title, or what may be one; None for a placeholder or an URL."""
    name = real_title(text)
    return None if name is None or _URL.match(name) else name


def albumartist(text: str) -> str | None:
    """Return an album artist's name; every way to say so is "Various Artists"."""
    name = real_name(text)
    return VARIOUS if name is not None and is_nobody(name) else name


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


FIRST_YEAR, LAST_YEAR = 1860, 2100  # sound has been recorded since 1860
_PIVOT = 30  # "29" is 2029, "30" is 1930: nobody tags by two digits today

_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[T\s].*)?$")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})$")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.\s](\d{1,2})[-/.\s](\d{4})$")
_TWO_DIGITS = re.compile(r"['\u2019]?(\d{2})$")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d|2100)(?!\d)")
_MONTH = re.compile(r"\b(" + "|".join(_MONTHS) + r")[a-z]*\b", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th)?(?!\d)", re.IGNORECASE)


def parse_date(text: str) -> str | None:
    """Return the date that `text` gives, as far as it is sure.

    Returns
    -------
    str or None
        "1988-08-25", "1988-08" or "1988"; None if there is no year from 1860 to 2100.

    Examples
    --------
    >>> [parse_date(text) for text in ("1988-08-25T07:00:00Z", "Aug 1988", "88")]
    ['1988-08-25', '1988-08', '1988']
    >>> parse_date("0000") is None
    True
    """
    text = text.strip()
    if found := _ISO.match(text) or _COMPACT.match(text):
        return _date(*(int(part) if part else 0 for part in found.groups()))
    if found := _YEAR_LAST.match(text):
        return _year_last(*(int(part) for part in found.groups()))
    if found := _TWO_DIGITS.match(text):
        short = int(found[1])
        return _date(short + (1900 if short >= _PIVOT else 2000)) if short else None
    year = _YEAR.search(text)
    return _in_words(text, year) if year else None


def _in_words(text: str, year: re.Match[str]) -> str | None:
    """Read "Aug 1988", "August 25, 1988" and whatever else has a year in it."""
    rest = text[: year.start()] + " " + text[year.end() :]
    if month := _MONTH.search(rest):
        day = _DAY.search(rest)
        number = _MONTHS.index(month[1].lower()) + 1
        return _date(int(year[1]), number, int(day[1]) if day else 0)
    return _date(int(year[1]))


def _year_last(first: int, second: int, year: int) -> str | None:
    """Read 25/08/1988 or 08/25/1988; the year alone where both orders would do."""
    if first > 12:
        return _date(year, second, first)
    if second > 12 or first == second:
        return _date(year, first, second)
    return _date(year)


def _date(year: int, month: int = 0, day: int = 0) -> str | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    if not 1 <= month <= 12:
        return f"{year:04}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return f"{year:04}-{month:02}"
