"""Shares as bars with their intervals: albums, eras, models, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify.reports.charts.rows import MARK, WIDTH, Rows, left_of
from classify.reports.charts.svg import element, figure, label, titled

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
    frame = Rows(left_of(bar.name for bar in rows), _HEAD, top)
    parts = frame.axis(measure, len(rows))
    parts += [_bar(bar, i, frame) for i, bar in enumerate(rows)]
    return figure(frame.width, frame.height(len(rows)), title, *parts)


def _bar(bar: Bar, row: int, frame: Rows) -> str:
    if bar.value is None:
        return frame.name(bar.name, row)
    y = frame.y(row)
    parts = [
        frame.name(bar.name, row),
        titled(
            "rect",
            title=f"{bar.name}: {bar.shown}",
            x=frame.left,
            y=y,
            width=max(frame.across(bar.value) - frame.left, 1.0),
            height=MARK,
            class_=f"s{bar.series % 8} edge",
        ),
        label(frame.left + WIDTH + 8, y + 11, bar.shown, "soft"),
    ]
    if bar.low is not None and bar.high is not None:
        low, high = frame.across(bar.low), frame.across(bar.high)
        middle = y + MARK / 2
        path = f"M{low:.1f} {middle - 3:g}v6m0 -3H{high:.1f}m0 -3v6"
        parts.append(element("path", d=path, class_="whisker"))
    return "".join(parts)
