"""The choice of a chart for a report, by the columns of its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classify.reports.charts.lines import Frame, Line, lines
from classify.reports.charts.matrix import heat
from classify.reports.charts.rows import Bar, bars, dots
from classify.reports.table import Table, number

MOST_ROWS = 60
"""More rows than this are drawn as a distribution, or as the first of them."""
MOST_LABELS = 40
"""A matrix of more than this shows the labels that are mixed up most."""

_MEASURES = ("accuracy", "share", "alone", "cpu_s_per_hour")
_CURVE = "albums_each"
_BINS = 10
_OF_VARIANTS = (
    "accuracy_original",
    "accuracy",
    "balanced_original",
    "balanced",
    "windows_flipped",
    "tracks_flipped",
)


def picture(table: Table) -> str | None:
    """Return a table as SVG; None where no picture says more than its rows.

    A square of counts beside their labels becomes a matrix; an accuracy against a
    number of albums, and what came true against what was claimed, become lines; what
    re-encoding moves, and two probabilities of one track, become dots on one axis; any
    other measure becomes bars with its interval, or its distribution.
    """
    names = [column.name for column in table.columns]
    if not table.rows:
        return None
    for knows, draw in _KINDS:
        if knows(names):
            return draw(table, names)
    return None


def _matrix(table: Table, names: list[str]) -> str:
    labels = names[1:-1]
    counts = [list(row[1:-1]) for row in table.rows]
    if len(labels) <= MOST_LABELS:
        return heat(table.title, labels, counts)
    mixed = [
        sum(counts[i]) + sum(row[i] for row in counts) - 2 * counts[i][i]
        for i in range(len(labels))
    ]
    worst = sorted(range(len(labels)), key=lambda i: (-mixed[i], i))[:MOST_LABELS]
    kept = sorted(worst)
    return heat(
        f"{table.title}: the {MOST_LABELS} of {len(labels)} labels that are mixed up "
        "most",
        [labels[i] for i in kept],
        [[counts[i][j] for j in kept] for i in kept],
    )


def _curve(table: Table, names: list[str]) -> str:
    shown = [name for name in ("accuracy", "balanced") if name in names]
    albums = _column(table, names, _CURVE)
    rows = [Line(name, albums, _column(table, names, name)) for name in shown]
    frame = Frame(x_name=_CURVE.replace("_", " "), y_name="accuracy", low=0, high=1)
    return lines(table.title, rows, frame)


def _reliability(table: Table, names: list[str]) -> str:
    claimed, true = (_column(table, names, name) for name in ("claimed", "came_true"))
    rows = [Line("came true", claimed, true), Line("as claimed", claimed, claimed)]
    frame = Frame(x_name="claimed", y_name="came true", low=0, high=1)
    return lines(table.title, rows, frame)


def _variants(table: Table, names: list[str]) -> str:
    """Return a bar for each variant and measure: dots would hide one another."""
    shown = [name for name in _OF_VARIANTS if name in names]
    models = _column(table, names, "model")
    several = len(set(models)) > 1
    called = [
        f"{model}, {row[0]}" if several else str(row[0])
        for row, model in zip(table.rows, models, strict=True)
    ]
    rows = [
        Bar(
            f"{called[i]}, {name.replace('_', ' ')}",
            value,
            series=i,
            shown=_shown(value),
        )
        for i, row in enumerate(table.rows)
        for name, value in zip(shown, _values(row, names, shown), strict=True)
    ]
    return bars(table.title, rows, measure="share")


def _drift(table: Table, names: list[str]) -> str:
    variants = [name for name in names[1:] if name != "bias"]
    rows = [
        (str(row[0]), _values(row, names, variants)) for row in table.rows[:MOST_ROWS]
    ]
    known = [v for _, values in rows for v in values if v is not None]
    measure = "change of a window, in standard deviations between tracks"
    if len(table.rows) > MOST_ROWS:
        measure += f"; the {MOST_ROWS} of {len(table.rows)} features that move most"
    top = max(known, default=1.0) or 1.0
    return dots(table.title, rows, variants, measure=measure, top=top)


def _wrong(table: Table, names: list[str]) -> str:
    at = names.index
    rows = [
        (
            f"{row[at('title')]} ({row[at('label')]})",
            _values(row, names, ["p_label", "p_true"]),
        )
        for row in table.shown_rows[:MOST_ROWS]
    ]
    series = ["what it is taken for", "its own label"]
    return dots(table.title, rows, series, measure="probability")


def _measured(table: Table, names: list[str]) -> str:
    measure = next(name for name in _MEASURES if name in names)
    if len(table.rows) > MOST_ROWS:
        return _distribution(table, names, measure)
    return _bars(table, names, measure)


def _distribution(table: Table, names: list[str], measure: str) -> str:
    """Return how many rows lie in each tenth of the range: too many to be named."""
    values = [v for v in _column(table, names, measure) if v is not None]
    top = _top(table, names, measure, values)
    counts = [0] * _BINS
    for value in values:
        counts[min(int(_BINS * value / top), _BINS - 1)] += 1
    rows = [
        Bar(
            f"{measure} {_shown(top * i / _BINS)} to {_shown(top * (i + 1) / _BINS)}",
            float(count),
            shown=str(count),
        )
        for i, count in enumerate(counts)
    ]
    measure = f"how many of the {len(values)} rows"
    return bars(table.title, rows, measure=measure, top=float(max(counts) or 1))


def _bars(table: Table, names: list[str], measure: str) -> str:
    at = {name: i for i, name in enumerate(names)}
    told = [i for i, column in enumerate(table.columns) if column.kind == "text"]
    leading = [i for i in told if i < at[measure]][:3] or [0]
    if "year" in at and at["year"] < at[measure]:
        leading.append(at["year"])
    series: dict[Any, int] = {}
    rows = []
    for row in table.rows:
        group = row[leading[0]] if len(leading) > 1 else None
        rows.append(
            Bar(
                name=", ".join(str(row[i]) for i in leading if row[i]),
                value=row[at[measure]],
                low=row[at["low"]] if "low" in at else None,
                high=row[at["high"]] if "high" in at else None,
                series=series.setdefault(group, len(series)),
                shown=_shown(row[at[measure]]),
            )
        )
    values = [bar.value for bar in rows if bar.value is not None]
    top = _top(table, names, measure, values)
    return bars(table.title, rows, measure=measure.replace("_", " "), top=top)


def _top(table: Table, names: list[str], measure: str, values: list[float]) -> float:
    if table.columns[names.index(measure)].kind == "share":
        return 1.0
    return max(map(abs, values), default=1.0) or 1.0


def _column(table: Table, names: list[str], name: str) -> list[Any]:
    return [row[names.index(name)] for row in table.rows]


def _values(
    row: tuple[Any, ...], names: list[str], wanted: list[str]
) -> list[float | None]:
    return [row[names.index(name)] for name in wanted]


def _shown(value: float | None) -> str:
    return "-" if value is None else number(value)


_Kind = tuple[Callable[[list[str]], bool], Callable[["Table", list[str]], str]]

_KINDS: tuple[_Kind, ...] = (
    (lambda names: (names[0], names[-1]) == ("label", "found"), _matrix),
    (lambda names: names[0] == _CURVE, _curve),
    (lambda names: {"claimed", "came_true"} <= set(names), _reliability),
    (lambda names: names[0] == "variant" and "accuracy" in names, _variants),
    (lambda names: (names[0], names[-1]) == ("feature", "bias"), _drift),
    (lambda names: {"title", "label", "p_label", "p_true"} <= set(names), _wrong),
    (lambda names: not set(_MEASURES).isdisjoint(names), _measured),
)
