"""Dates as people and programs write them into tags."""

from __future__ import annotations

import re
from datetime import date

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
