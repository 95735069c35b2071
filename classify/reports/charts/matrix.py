"""Shaded confusion matrix as a chart."""

from __future__ import annotations

from collections.abc import Sequence

from classify.reports.charts.svg import (
    STEPS,
    element,
    figure,
    label,
    titled_element,
    truncate,
)

_CELL = 48
_LEFT = 170
_TOP = 120


def draw_matrix(
    title: str, names: Sequence[str], counts: Sequence[Sequence[int]]
) -> str:
    """Return a square matrix, rows the truth, each row shaded by its shares."""
    parts = [
        label(_LEFT, 14, "taken for", "soft"),
        label(8, _TOP - 8, "label", "soft"),
    ]
    for i, name in enumerate(names):
        x = _LEFT + _CELL * i + _CELL / 2
        parts.append(
            element(
                "g",
                label(0, 0, truncate(name, 16)),
                transform=f"translate({x + 4:g} {_TOP - 8}) rotate(-45)",
            )
        )
        middle = _TOP + _CELL * i + _CELL / 2
        parts.append(label(_LEFT - 8, middle + 4, truncate(name, 24), anchor="end"))
    for i, row in enumerate(counts):
        total = sum(row)
        for j, count in enumerate(row):
            share = count / total if total else 0.0
            hint = f"{names[i]} taken for {names[j]}: {count} of {total}"
            parts.append(_draw_cell(i, j, count, share, hint))
    size = _CELL * len(names)
    return figure(_LEFT + size + 110, _TOP + size + 12, title, *parts)


def _draw_cell(i: int, j: int, count: int, share: float, hint: str) -> str:
    x, y = _LEFT + _CELL * j, _TOP + _CELL * i
    step = round(STEPS * share)
    return titled_element(
        "rect",
        title=hint,
        x=x,
        y=y,
        width=_CELL,
        height=_CELL,
        class_=f"cell q{step}",
    ) + label(
        x + _CELL / 2,
        y + _CELL / 2 + 4,
        count,
        "full" if step == STEPS else "count",
        "middle",
    )
