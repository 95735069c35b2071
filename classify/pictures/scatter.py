"""The map as a still picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classify.pictures.style import SERIES
from classify.reports.charts.svg import cut, figure, label, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_SIZE = 560
_EDGE = 20
_LEGEND = 240


def scatter(
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
            titled(
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
            titled("circle", title=kind, cx=_SIZE + 10, cy=y, r=6, class_=f"s{i} edge")
        )
        parts.append(label(_SIZE + 24, y + 4, cut(named, 28)))
    return figure(_SIZE + _LEGEND, _SIZE, title, *parts)
