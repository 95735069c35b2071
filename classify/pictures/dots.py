"""Several values of each row on one axis: before and after, one codec and another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classify.reports.charts.lines import shown
from classify.reports.charts.rows import MARK, RIGHT, WIDTH, Rows, left_of
from classify.reports.charts.svg import element, figure, label, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEGEND = 18
_LETTER = 7.0  # pixels, of the legend's text: wide rather than narrow
_SHAPES = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "M-4-4h8v8h-8z",
    "M0-5L5 4H-5z",
    "M0-5.5L5.5 0 0 5.5-5.5 0z",
)


def dots(
    title: str,
    rows: Sequence[tuple[str, Sequence[float | None]]],
    series: Sequence[str],
    *,
    measure: str,
    top: float = 1.0,
) -> str:
    """Return a row of marks for each name, on an axis from 0 to `top`.

    Parameters
    ----------
    title : str
    rows : (name, values), as many values as there are series; None marks nothing
    series : what each value is, told apart by colour and shape
    measure : what the axis measures
    top : float
    """
    left = left_of(name for name, _ in rows)
    legend, lines = _legend(series, left)
    frame = Rows(left, 34 + _LEGEND * lines, top)
    parts = frame.axis(measure, len(rows)) + legend
    for i, (name, values) in enumerate(rows):
        middle = frame.y(i) + MARK / 2
        rule = element("path", d=f"M{left:g} {middle:g}h{WIDTH}", class_="grid")
        parts += [rule, frame.name(name, i)]
        for k, value in enumerate(values):
            if value is not None:
                told = f"{name}, {series[k]}: {shown(value)}"
                parts.append(_mark(k, frame.across(value), middle, told))
    return figure(frame.width, frame.height(len(rows)), title, *parts)


def _legend(series: Sequence[str], left: float) -> tuple[list[str], int]:
    """Return the names of the series, and over how many lines they run."""
    parts: list[str] = []
    x, line = left, 0
    for k, name in enumerate(series):
        wide = 28 + _LETTER * len(name)
        if x > left and x + wide > left + WIDTH + RIGHT:
            x, line = left, line + 1
        y = 30 + _LEGEND * line
        parts += [_mark(k, x + 5, y - 4, name), label(x + 14, y, name)]
        x += wide
    return parts, line + 1


def _mark(k: int, x: float, y: float, title: str) -> str:
    return titled(
        "path",
        title=title,
        d=_SHAPES[(k + k // 8) % len(_SHAPES)],
        transform=f"translate({x:.1f} {y:g})",
        class_=f"s{k % 8} edge",
    )
