"""A row for each name, and a common axis from 0: what bars and dots stand in."""

from __future__ import annotations

from classify.pictures.svg import cut, element, label, text_of
from classify.pictures.ticks import shown, ticks

ROW = 20
LEFT = 310
WIDTH = 480
RIGHT = 60
FOOT = 26
MARK = ROW - 6
"""The height of what is drawn in a row."""


def axis(title: str, *, head: float, height: float, top: float) -> list[str]:
    """Return the title of the axis, its grid lines and its numbers."""
    parts = [label(LEFT, 14, title, "soft")]
    for tick in ticks(0.0, top):
        x = across(tick, top)
        parts.append(
            element("path", d=f"M{x:g} {head - 6:g}V{height - 22:g}", class_="grid")
        )
        parts.append(label(x, height - 8, shown(tick), "soft", "middle"))
    return parts


def across(value: float, top: float) -> float:
    """Return where a value lies, in pixels; what lies outside is at the edge."""
    return LEFT + WIDTH * min(max(value / top, 0.0), 1.0)


def name_of(name: str, y: float) -> str:
    """Return the name of a row, whole when pointed at."""
    return element(
        "text",
        element("title", text_of(name)),
        text_of(cut(name, 44)),
        x=LEFT - 8,
        y=y + 11,
        text_anchor="end",
    )
