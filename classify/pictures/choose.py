"""Which picture a report is drawn as, told from the columns of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify.pictures.bars import Bar, bars
from classify.pictures.heat import heat
from classify.pictures.lines import Frame, Line, lines

if TYPE_CHECKING:
    from classify.reports.table import Table

MOST_BARS = 60
"""More rows than this are read in the table."""

_MEASURES = ("accuracy", "share", "alone", "cpu_s_per_hour")
_CURVE = "albums_each"


def picture(table: Table) -> str | None:
    """Return a table as SVG; None where no picture says more than its rows.

    A square of counts beside their labels becomes a matrix; an accuracy against a
    number of albums, and what came true against what was claimed, become lines; any
    other measure becomes bars with its interval.
    """
    names = [column.name for column in table.columns]
    if not table.rows:
        return None
    if names[0] == "label" and names[-1] == "found":
        counts = [list(row[1:-1]) for row in table.rows]
        return heat(table.title, names[1:-1], counts)
    if names[0] == _CURVE or {"claimed", "came_true"} <= set(names):
        draw = _curve if names[0] == _CURVE else _reliability
        return draw(table, names)
    measure = next((name for name in _MEASURES if name in names), None)
    if measure is None or len(table.rows) > MOST_BARS:
        return None
    return _bars(table, names, measure)


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


def _column(table: Table, names: list[str], name: str) -> list[Any]:
    return [row[names.index(name)] for row in table.rows]


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
                name=", ".join(str(row[i]) for i in leading if row[i] is not None),
                value=row[at[measure]],
                low=row[at["low"]] if "low" in at else None,
                high=row[at["high"]] if "high" in at else None,
                series=series.setdefault(group, len(series)),
                shown=_shown(row[at[measure]]),
            )
        )
    values = [abs(bar.value) for bar in rows if bar.value is not None]
    is_share = table.columns[at[measure]].kind == "share"
    top = 1.0 if is_share else max(values, default=1.0) or 1.0
    return bars(table.title, rows, axis=measure.replace("_", " "), top=top)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
