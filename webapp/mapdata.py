"""A chart as the page draws it: columns of numbers, names written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.browse import ListedTrack
from webapp.filters import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.predictions import TrackSaid
    from catalog.runs import RunFacts
    from webapp.map import Chart

_UNTITLED = "(untitled)"
_GONE = ListedTrack(
    id=0,
    title="(no longer in the catalog)",
    artist=None,
    album_id=None,
    album=None,
    year=None,
    genre=None,
    path="",
    duration_s=None,
    codec=None,
    loudness_lufs=None,
    status="missing",
    analysis=None,
)


def map_document(
    chart: Chart,
    tracks: Mapping[int, ListedTrack],
    run: RunFacts | None,
    said: Iterable[TrackSaid],
) -> dict[str, Any]:
    """Return what the page needs to draw a map and to tell its points apart.

    Columns under ``points`` have one entry a point, those under ``tracks`` and
    ``said`` one a track; ``points.track`` leads from one to the other. A column of
    names is ``{"names": [...], "of": [index or -1, ...]}``. ``chart`` differs from
    that of `feature_values` where these belong to another map than the reader has.
    """
    ids, of = np.unique(chart.rows.track_ids, return_inverse=True)
    # one that left the catalog stays on the map until the next is drawn
    listed = [tracks.get(int(number), _GONE) for number in ids]
    xy = _framed(chart.xy)
    points: dict[str, Any] = {
        "track": of.tolist(),
        "x": xy[:, 0].tolist(),
        "y": xy[:, 1].tolist(),
        "approximate": np.flatnonzero(chart.approximate).tolist(),
    }
    if chart.rows.start_s is not None:
        points["start_s"] = chart.rows.start_s.tolist()
    by_track = {one.track_id: one for one in said}
    return {
        "level": chart.rows.level,
        "chart": chart.name,
        "points": points,
        "tracks": {
            "id": ids.tolist(),
            "title": [printable(one.title or one.path) or _UNTITLED for one in listed],
            "artist": _coded([one.artist for one in listed]),
            "album": _coded([one.album for one in listed]),
            "genre": _coded([one.genre for one in listed]),
            "codec": _coded([one.codec for one in listed]),
            "year": [one.year for one in listed],
        },
        "said": _said([by_track.get(int(number)) for number in ids], run),
        "features": list(chart.rows.feature_names),
    }


def feature_values(chart: Chart, name: str) -> list[float] | None:
    """Return one feature of every point to four places; None for an unknown name."""
    if name not in chart.rows.feature_names:
        return None
    column = chart.rows.X[:, chart.rows.feature_names.index(name)]
    return [float(f"{value:.4g}") for value in column.tolist()]


def framed_places(chart: Chart, xy: NDArray[np.float64]) -> list[list[float]]:
    """Return further places in the coordinates of `map_document`."""
    return [[float(x), float(y)] for x, y in _framed(chart.xy, xy)]


def _framed(
    chart_xy: NDArray[np.float64], xy: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Move and scale places so that the map fills [-1, 1], four decimals."""
    low, high = chart_xy.min(axis=0), chart_xy.max(axis=0)
    scale = max(float((high - low).max()) / 2, 1e-9)
    framed: NDArray[np.float64] = np.round(
        ((chart_xy if xy is None else xy) - (low + high) / 2) / scale, 4
    )
    return framed


def _coded(values: Sequence[str | None]) -> dict[str, Any]:
    """Write each name once, the most frequent first, of equals by name."""
    counts: dict[str, int] = {}
    for value in values:
        if value:
            counts[value] = counts.get(value, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    index = {name: i for i, name in enumerate(names)}
    return {
        "names": [printable(name) for name in names],
        "of": [index.get(value or "", -1) for value in values],
    }


def _said(rows: list[TrackSaid | None], run: RunFacts | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "run": run.id,
        "labels": [printable(name) for name in run.labels],
        "label": _numbered([row.label if row else None for row in rows], run),
        "true": _numbered([row.true_label if row else None for row in rows], run),
        "right": [None if row is None else row.correct for row in rows],
        "p_label": [None if row is None else round(row.p_label, 4) for row in rows],
        "p": [
            None if row is None else [round(p, 3) for p in row.probabilities]
            for row in rows
        ],
    }


def _numbered(values: Sequence[str | None], run: RunFacts) -> list[int]:
    """Return the place of each label in the run's; "unknown" after them, none -1."""
    index = {name: i for i, name in enumerate(run.labels)}
    return [-1 if v is None else index.get(v, len(run.labels)) for v in values]
