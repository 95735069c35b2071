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

_MEASURES = ("accuracy", "share", "importance", "effect", "cpu_s_per_hour")


def picture(table: Table) -> str | None:
    """Return a table as SVG; None where no picture says more than its rows.

    A square of counts beside their labels becomes a matrix, an accuracy against a
    number of albums lines, any other measure bars with its interval.
    """
    names = [column.name for column in table.columns]
    if not table.rows:
        return None
    if names[0] == "label" and names[-1] == "found":
        counts = [list(row[1:-1]) for row in table.rows]
        return heat(table.title, names[1:-1], counts)
    if "accuracy" in names and names[0] in {"albums_per_label", "albums"}:
        return _curve(table, names)
    measure = next((name for name in _MEASURES if name in names), None)
    if measure is None or len(table.rows) > MOST_BARS:
        return None
    return _bars(table, names, measure)


def _curve(table: Table, names: list[str]) -> str:
    columns = {name: [row[i] for row in table.rows] for i, name in enumerate(names)}
    shown = [name for name in ("accuracy", "low", "high") if name in names]
    rows = [Line(name, columns[names[0]], columns[name]) for name in shown]
    frame = Frame(x_name=names[0].replace("_", " "), y_name="accuracy", low=0, high=1)
    return lines(table.title, rows, frame)


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
