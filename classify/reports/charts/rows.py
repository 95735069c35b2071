"""A row for each name, and a common axis from 0: what bars and dots stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify.reports.charts.lines import shown, ticks
from classify.reports.charts.svg import cut, element, label, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

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
            element("title", text_of(name)),
            text_of(cut(name, _MOST_LETTERS)),
            x=self.left - 8,
            y=self.y(row) + 11,
            text_anchor="end",
        )


def left_of(names: Iterable[str]) -> float:
    """Return where the axis begins, so that the names have room."""
    longest = max((len(name) for name in names), default=0)
    return max(_NARROWEST, 16 + _LETTER * min(longest, _MOST_LETTERS))
