"""Line and scatter charts with their axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.reports.charts.svg import (
    LINES,
    SERIES,
    element,
    figure,
    label,
    titled_element,
    truncate,
)

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SECONDS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round numbers inside [low, high], about as many as asked for.

    >>> ticks(0.0, 14.2)
    [0.0, 5.0, 10.0]
    """
    return _multiples(low, high, _step((high - low) / about))


def clock_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round times, in seconds, inside [low, high]."""
    wanted = (high - low) / about
    step = next((s for s in _SECONDS if s >= wanted), _SECONDS[-1])
    return _multiples(low, high, step)


def shown(value: float) -> str:
    """Return a number as an axis shows it.

    >>> shown(1380.0), shown(0.0035), shown(0.30000000000000004)
    ('1380', '0.0035', '0.3')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds.

    >>> clock(90)
    '1:30'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _step(wanted: float) -> float:
    size = 10.0 ** math.floor(math.log10(wanted))
    return next(size * step for step in _STEPS if size * step >= wanted * 0.999)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


_LEFT = 56
_TOP = 18
_BOTTOM = 34
_APART = 13.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its points, a None among the values leaves a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture of lines, its axes' names and its range.

    Attributes
    ----------
    low, high : float or None
        Of the vertical axis; None takes the data's.
    clock : bool
        Whether the horizontal axis is time, in seconds.
    """

    x_name: str = ""
    y_name: str = ""
    width: float = 640
    height: float = 220
    low: float | None = None
    high: float | None = None
    clock: bool = False


def draw_lines(title: str, rows: Sequence[Line], frame: Frame) -> str:
    """Return lines over a common frame, each named at its end."""
    xs = [x for row in rows for x in row.x]
    ys = [y for row in rows for y in row.y if y is not None]
    x_low, x_high = _range(xs, None, None)
    y_low, y_high = _range(ys, frame.low, frame.high)
    right = 120 if len(rows) > 1 else 16
    across = frame.width - _LEFT - right
    down = frame.height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            _LEFT + across * (x - x_low) / (x_high - x_low),
            _TOP + down * (1 - (y - y_low) / (y_high - y_low)),
        )

    parts = [label(_LEFT, 12, frame.y_name, "soft")]
    for value in ticks(y_low, y_high, about=3):
        _, y = at(x_low, value)
        parts.append(element("path", d=f"M{_LEFT} {y:.1f}h{across:g}", class_="grid"))
        parts.append(label(_LEFT - 6, y + 4, shown(value), "soft", "end"))
    along = clock_ticks if frame.clock else ticks
    for value in along(x_low, x_high):
        x, _ = at(value, y_low)
        text = clock(value) if frame.clock else shown(value)
        parts.append(label(x, frame.height - 18, text, "soft", "middle"))
    middle = _LEFT + across / 2
    parts.append(label(middle, frame.height - 4, frame.x_name, "soft", "middle"))
    ends: list[tuple[float, float, str]] = []
    for i, row in enumerate(rows):
        points = [
            None if y is None else at(x, y) for x, y in zip(row.x, row.y, strict=True)
        ]
        parts.append(_line(row, points, LINES[i % len(LINES)]))
        ends += [(*p, row.name) for p in points[::-1] if p is not None][:1]
    if len(rows) > 1:
        parts += _names(ends)
    return figure(frame.width, frame.height, title, *parts)


def _line(row: Line, points: list[tuple[float, float] | None], series: int) -> str:
    path, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        path.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        pen = "L"
    parts = [
        titled_element(
            "path", title=row.name, d="".join(path) or "M0 0", class_=f"l{series}"
        )
    ]
    parts += [
        element("circle", cx=x, cy=y, r=2.5, class_=f"s{series}")
        for x, y in (point for point in points if point is not None)
    ]
    return "".join(parts)


def _names(ends: list[tuple[float, float, str]]) -> list[str]:
    """Return the lines' names at their ends, none upon another."""
    parts, lowest = [], -_APART
    for x, y, name in sorted(ends, key=lambda end: end[1]):
        lowest = max(y, lowest + _APART)
        parts.append(label(x + 8, lowest + 4, name))
    return parts


def _range(
    values: Sequence[float], low: float | None, high: float | None
) -> tuple[float, float]:
    least = low if low is not None else min(values, default=0.0)
    most = high if high is not None else max(values, default=1.0)
    if most <= least:
        return least - 0.5, least + 0.5
    return least, most


_SIZE = 560
_EDGE = 20
_LEGEND = 240


def draw_scatter(
    title: str,
    xy: NDArray[np.float64],
    names: Sequence[str],
    groups: Sequence[str | None],
) -> str:
    """Return points named by `names`, coloured by their group, with a legend.

    Groups beyond the colours there are, and points without one, are grey. There are no
    axes: they would mean nothing.
    """
    kinds = sorted({group for group in groups if group})
    series = {kind: min(i, len(SERIES) - 1) for i, kind in enumerate(kinds)}
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = (_SIZE - 2 * _EDGE) / max(float((high - low).max()), 1e-9)
    middle = (low + high) / 2
    radius = 4 if len(xy) <= 1000 else 2
    parts = []
    for (x, y), name, group in zip(xy, names, groups, strict=True):
        parts.append(
            titled_element(
                "circle",
                title=name,
                cx=_SIZE / 2 + (x - middle[0]) * scale,
                cy=_SIZE / 2 - (y - middle[1]) * scale,
                r=radius,
                class_=f"s{series.get(group or '', len(SERIES) - 1)} edge",
            )
        )
    for i, kind in enumerate(kinds[: len(SERIES)]):
        named = kind if i < len(SERIES) - 1 or len(kinds) == len(SERIES) else "others"
        y = _EDGE + 22 * i
        parts.append(
            titled_element(
                "circle", title=kind, cx=_SIZE + 10, cy=y, r=6, class_=f"s{i} edge"
            )
        )
        parts.append(label(_SIZE + 24, y + 4, truncate(named, 28)))
    return figure(_SIZE + _LEGEND, _SIZE, title, *parts)
