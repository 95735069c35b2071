"""A report's result: rows under named columns, with notes, ready for any format."""

from __future__ import annotations

import csv
import io
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
