"""Bar and dot charts: a row for each name on a common axis from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classify.reports.charts.lines import shown, ticks
from classify.reports.charts.svg import (
    element,
    escape_text,
    figure,
    label,
    titled_element,
    truncate,
)

ROW = 20
WIDTH = 480
RIGHT = 60
FOOT = 26
MARK = ROW - 6
"""The height of what is drawn in a row."""
_MOST_LETTERS = 44
_LETTER = 6.8  # pixels, of a name: wide rather than narrow
_NARROWEST = 60.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Where rows stand.

    Attributes
    ----------
    left : float
        Where the axis begins, right of the names.
    head : float
        Above the first row.
    top : float
        The value at the end of the axis.
    """

    left: float
    head: float
    top: float

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return self.left + WIDTH + RIGHT

    def height(self, rows: int) -> float:
        """Return the height of the whole picture."""
        return self.head + ROW * rows + FOOT

    def y(self, row: int) -> float:
        """Return where a row begins."""
        return self.head + ROW * row

    def axis(self, title: str, rows: int) -> list[str]:
        """Return the title of the axis, its grid lines and its numbers."""
        height = self.height(rows)
        parts = [label(self.left, 14, title, "soft")]
        for tick in ticks(0.0, self.top):
            x = self.across(tick)
            path = f"M{x:g} {self.head - 6:g}V{height - 22:g}"
            parts.append(element("path", d=path, class_="grid"))
            parts.append(label(x, height - 8, shown(tick), "soft", "middle"))
        return parts

    def across(self, value: float) -> float:
        """Return where a value lies; what lies outside is at the edge."""
        return self.left + WIDTH * min(max(value / self.top, 0.0), 1.0)

    def name(self, name: str, row: int) -> str:
        """Return the name of a row, whole when pointed at."""
        return element(
            "text",
            element("title", escape_text(name)),
            escape_text(truncate(name, _MOST_LETTERS)),
            x=self.left - 8,
            y=self.y(row) + 11,
            text_anchor="end",
        )


def axis_start(names: Iterable[str]) -> float:
    """Return where the axis begins, so that the names have room."""
    longest = max((len(name) for name in names), default=0)
    return max(_NARROWEST, 16 + _LETTER * min(longest, _MOST_LETTERS))


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


def draw_bars(
    title: str, rows: Sequence[Bar], *, measure: str, top: float = 1.0
) -> str:
    """Return horizontal bars from 0 to `top`, one row each, with their intervals."""
    frame = Rows(axis_start(bar.name for bar in rows), _HEAD, top)
    parts = frame.axis(measure, len(rows))
    parts += [_draw_bar(bar, i, frame) for i, bar in enumerate(rows)]
    return figure(frame.width, frame.height(len(rows)), title, *parts)


def _draw_bar(bar: Bar, row: int, frame: Rows) -> str:
    if bar.value is None:
        return frame.name(bar.name, row)
    y = frame.y(row)
    parts = [
        frame.name(bar.name, row),
        titled_element(
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


_LEGEND = 18
_DOTS_LETTER = 7.0  # pixels, of the legend's text: wide rather than narrow
_SHAPES = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "M-4-4h8v8h-8z",
    "M0-5L5 4H-5z",
    "M0-5.5L5.5 0 0 5.5-5.5 0z",
)


def draw_dots(
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
    left = axis_start(name for name, _ in rows)
    legend, lines = _legend(series, left)
    frame = Rows(left, 34 + _LEGEND * lines, top)
    parts = frame.axis(measure, len(rows)) + legend
    for i, (name, values) in enumerate(rows):
        middle = frame.y(i) + MARK / 2
        rule = element("path", d=f"M{left:g} {middle:g}h{WIDTH}", class_="grid")
        parts += [rule, frame.name(name, i)]
        for k, value in enumerate(values):
            if value is not None:
                hint = f"{name}, {series[k]}: {shown(value)}"
                parts.append(_mark(k, frame.across(value), middle, hint))
    return figure(frame.width, frame.height(len(rows)), title, *parts)


def _legend(series: Sequence[str], left: float) -> tuple[list[str], int]:
    """Return the names of the series, and over how many lines they run."""
    parts: list[str] = []
    x, line = left, 0
    for k, name in enumerate(series):
        wide = 28 + _DOTS_LETTER * len(name)
        if x > left and x + wide > left + WIDTH + RIGHT:
            x, line = left, line + 1
        y = 30 + _LEGEND * line
        parts += [_mark(k, x + 5, y - 4, name), label(x + 14, y, name)]
        x += wide
    return parts, line + 1


def _mark(k: int, x: float, y: float, title: str) -> str:
    return titled_element(
        "path",
        title=title,
        d=_SHAPES[(k + k // 8) % len(_SHAPES)],
        transform=f"translate({x:.1f} {y:g})",
        class_=f"s{k % 8} edge",
    )
