"""The option --db of every command, and the types of the options of `scan`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

from scanner.features.definition import BAND_LIMITS_HZ
from scanner.variants import encodings

# The settings of every command; what is below a group inherits them.
SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

DB = click.option(
    "--db",
    metavar="PATH|URL",
    help="The catalog. Default: $SONICAT_DB, else one in your data folder "
    "(`sonicat db path` says where).",
)

AUTO = "auto"
_FREQUENCY = re.compile(r"(\d+(?:\.\d+)?)(k?)(?:Hz)?", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Return the seconds that a length of time says.

    >>> parse_duration("90"), parse_duration("2h"), parse_duration("1h30m")
    (90.0, 7200.0, 5400.0)

    Raises
    ------
    click.BadParameter
    """
    found = _seconds(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no length of time; write 90s, 10m or 2h")
    return found


def parse_since(text: str) -> int:
    """Return a date, or how long ago, as nanoseconds since 1970.

    Raises
    ------
    click.BadParameter
    """
    ago = None if text.isdecimal() else _seconds(text)
    try:
        if ago is not None:
            then = datetime.now().astimezone() - timedelta(seconds=ago)
        else:
            then = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text!r} is no date; write 2026-11-23 or 7d"
        ) from error
    return int(then.timestamp()) * 1_000_000_000


def parse_band_limit(text: str) -> float | str:
    """Return a frequency in Hz, or "auto".

    >>> parse_band_limit("8000"), parse_band_limit("9.5k"), parse_band_limit("auto")
    (8000.0, 9500.0, 'auto')

    Raises
    ------
    click.BadParameter
    """
    if text == AUTO:
        return text
    found = _FREQUENCY.fullmatch(text)
    hertz = float(found[1]) * (1000.0 if found[2] else 1.0) if found else 0.0
    least, most = BAND_LIMITS_HZ
    if not least <= hertz <= most:
        raise click.BadParameter(
            f"{text!r} is no limit; write a frequency from {least:g} to {most:g} Hz, "
            f"as in 8000, or {AUTO}"
        )
    return hertz


def parse_variants(text: str) -> tuple[str, ...]:
    """Return the names of re-encodings in a list with commas.

    Raises
    ------
    click.BadParameter
    """
    try:
        return encodings.parse_variants(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _seconds(text: str) -> float | None:
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit.lower() or "s"] for number, unit in parts)
