"""The year of a track, for eras: when the music first came out."""

from __future__ import annotations

import re

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
