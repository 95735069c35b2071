"""Shares as bars with their intervals: albums, eras, models, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify.pictures.rowed import (
    FOOT,
    LEFT,
    MARK,
    RIGHT,
    ROW,
    WIDTH,
    across,
    axis,
    name_of,
)
from classify.pictures.svg import element, figure, label, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes
    ----------
    name : str
    value : float or None
        None leaves the row empty.
    low, high : float or None
        The interval.
    series : int
        Its colour.
    shown : str
        The value as text.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    series: int = 0
    shown: str = ""


def bars(title: str, rows: Sequence[Bar], *, measure: str, top: float = 1.0) -> str:
    """Return horizontal bars from 0 to `top`, one row each, with their intervals."""
    height = _HEAD + ROW * len(rows) + FOOT
    parts = axis(measure, head=_HEAD, height=height, top=top)
    parts += [_bar(bar, _HEAD + ROW * i, top) for i, bar in enumerate(rows)]
    return figure(LEFT + WIDTH + RIGHT, height, title, *parts)


def _bar(bar: Bar, y: float, top: float) -> str:
    if bar.value is None:
        return name_of(bar.name, y)
    parts = [
        name_of(bar.name, y),
        titled(
            "rect",
            title=f"{bar.name}: {bar.shown}",
            x=LEFT,
            y=y,
            width=max(across(bar.value, top) - LEFT, 1.0),
            height=MARK,
            class_=f"s{bar.series % 8} edge",
        ),
        label(LEFT + WIDTH + 8, y + 11, bar.shown, "soft"),
    ]
    if bar.low is not None and bar.high is not None:
        low, high = across(bar.low, top), across(bar.high, top)
        middle = y + MARK / 2
        path = f"M{low:.1f} {middle - 3:g}v6m0 -3H{high:.1f}m0 -3v6"
        parts.append(element("path", d=path, class_="whisker"))
    return "".join(parts)
