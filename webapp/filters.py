"""Template filters for times, shares, numbers and text."""

from __future__ import annotations

import re

from flask import Flask
from markupsafe import Markup, escape

from classify.reports.table import format_cell, format_number

NOTHING = "-"


def clock(seconds: float | None) -> str:
    """Return a time in a track.

    >>> clock(83.4), clock(3725)
    ('1:23', '1:02:05')
    """
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float | None) -> str:
    """Return a share in [0, 1] as whole percents.

    >>> percent(0.834)
    '83 %'
    """
    return NOTHING if share is None else f"{100 * share:.0f} %"


def number(value: float | None) -> str:
    """Return a measured number to three places that count."""
    return NOTHING if value is None else format_number(value)


def words(name: str) -> str:
    """Return a column's name as words.

    >>> words("spectral_centroid_hz")
    'spectral centroid hz'
    """
    return name.replace("_", " ")


def printable(text: str | None) -> str:
    """Return text that every browser takes: undecodable bytes become a sign."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text or "")


def coded(text: str) -> Markup:
    """Return text whose commands, between backticks, are set as code.

    >>> str(coded("run `scan <FOLDER>` again"))
    'run <code>scan &lt;FOLDER&gt;</code> again'
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped just before)


def register(app: Flask) -> None:
    """Make these known to the templates."""
    for one in (clock, percent, number, words, printable, coded):
        app.add_template_filter(one)
    app.add_template_filter(format_cell, "cell")
