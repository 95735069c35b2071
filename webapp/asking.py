"""What a reader writes into an address, read with distrust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from catalog.browse import listed_tracks
from webapp.errors import WebError

if TYPE_CHECKING:
    from catalog.browse import ListedTrack
    from catalog.database import Catalog

_MOST_FIGURES = 12


def number_in(text: str) -> int | None:
    """Return the number that plain figures say, None for anything else.

    >>> number_in("007"), number_in("²"), number_in("9" * 5000)
    (7, None, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    figures = text.lstrip("0") or "0"
    return int(figures) if len(figures) <= _MOST_FIGURES else None


def whole(name: str, usual: int, most: int, *, least: int = 1) -> int:
    """Return a whole number of the request's address.

    Raises
    ------
    WebError
        It is none, or lies outside.
    """
    given = request.args.get(name, "")
    if not given:
        return usual
    number = number_in(given)
    if number is None or not least <= number <= most:
        raise WebError(f"{name} is a whole number from {least} to {most}")
    return number


def tracks_sought(catalog: Catalog) -> list[ListedTrack]:
    """Return the tracks whose title, artist, album or path holds the request's text."""
    wanted = request.args.get("q", "").strip().casefold()
    listed = listed_tracks(catalog)
    return [one for one in listed if wanted in _searched(one)] if wanted else listed


def _searched(track: ListedTrack) -> str:
    parts = (track.title, track.artist, track.album, track.path)
    return "\n".join(part for part in parts if part).casefold()
