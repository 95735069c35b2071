"""Shares as bars with their intervals: albums, eras, models, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify.pictures.svg import cut, element, figure, label, text_of, titled
from classify.pictures.ticks import shown, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = 20
_LEFT = 310
_WIDTH = 480
_RIGHT = 60
_TOP = 34


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


def bars(title: str, rows: Sequence[Bar], *, axis: str, top: float = 1.0) -> str:
    """Return horizontal bars from 0 to `top`, one row each, with their intervals."""
    height = _TOP + _ROW * len(rows) + 26
    parts = [label(_LEFT, 14, axis, "soft")]
    for tick in ticks(0.0, top):
        x = _LEFT + _WIDTH * tick / top
        parts.append(
            element("path", d=f"M{x:g} {_TOP - 6}V{height - 22}", class_="grid")
        )
        parts.append(label(x, height - 8, shown(tick), "soft", "middle"))
    for i, bar in enumerate(rows):
        parts.append(_bar(bar, _TOP + _ROW * i, top))
    return figure(_LEFT + _WIDTH + _RIGHT, height, title, *parts)


def _bar(bar: Bar, y: float, top: float) -> str:
    name = element(
        "text",
        element("title", text_of(bar.name)),
        text_of(cut(bar.name, 44)),
        x=_LEFT - 8,
        y=y + 11,
        text_anchor="end",
    )
    if bar.value is None:
        return name
    width = _WIDTH * min(max(bar.value / top, 0.0), 1.0)
    parts = [
        name,
        titled(
            "rect",
            title=f"{bar.name}: {bar.shown}",
            x=_LEFT,
            y=y,
            width=max(width, 1.0),
            height=_ROW - 6,
            class_=f"s{bar.series % 8}",
        ),
        label(_LEFT + _WIDTH + 8, y + 11, bar.shown, "soft"),
    ]
    if bar.low is not None and bar.high is not None:
        low, high = (
            _LEFT + _WIDTH * min(max(end / top, 0.0), 1.0)
            for end in (bar.low, bar.high)
        )
        middle = y + (_ROW - 6) / 2
        path = f"M{low:.1f} {middle - 3:g}v6m0 -3H{high:.1f}m0 -3v6"
        parts.append(element("path", d=path, class_="whisker"))
    return "".join(parts)
