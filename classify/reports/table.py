"""A report's result: rows under named columns, with notes, ready for any format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "count", "share", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A named column; its kind says how a terminal shows its values.

    One that is `whole` is not cut short for a narrow terminal.
    """

    name: str
    kind: Kind = "text"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What a report says.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuples
        Text, numbers or None; shares in [0, 1], in full precision.
    notes : tuple of str
        What a reader must know to read the numbers rightly.
    source : mapping
        The run that the numbers come from.
    total : tuple or None
        A last row over all.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...]
    source: dict[str, Any]
    total: tuple[Any, ...] | None = None


def as_csv(table: Table) -> str:
    """Return a table's rows as CSV under a header, the run in the first column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", *(column.name for column in table.columns)])
    for row in table.rows:
        writer.writerow([table.source.get("run"), *row])
    return out.getvalue()


def as_json(table: Table) -> str:
    """Return a table as one JSON object: title, run, rows, total, notes."""
    names = [column.name for column in table.columns]
    document = {
        "title": table.title,
        **table.source,
        "rows": [dict(zip(names, row, strict=True)) for row in table.rows],
        "total": dict(zip(names, table.total, strict=True)) if table.total else None,
        "notes": list(table.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def shown(value: Any, column: Column) -> str:
    """Return a cell as people read it.

    >>> shown(0.834, Column("accuracy", "share")), shown(None, Column("album"))
    ('0.83', '-')
    """
    if value is None:
        return "-"
    if column.kind == "share":
        return f"{value:.2f}"
    return number(value) if column.kind == "number" else str(value)


def number(value: float) -> str:
    """Return a measured number to three places that count.

    >>> number(1234.5), number(0.012345), number(3.0)
    ('1234', '0.0123', '3')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
