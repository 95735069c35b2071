"""Reports on the page: the same tables as the commands', with their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify.reports.every import REPORTS, Report
from webapp.errors import NotFoundError
from webapp.formats import printable

if TYPE_CHECKING:
    from classify.reports.table import Table


def report_named(name: str) -> Report:
    """Return a report by its name.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    for report in REPORTS:
        if report.name == name:
            return report
    raise NotFoundError("there is no such report")


def table_document(table: Table) -> dict[str, Any]:
    """Return a table as JSON: rows by column, with its notes and its run."""
    names = [column.name for column in table.columns]
    return {
        "title": table.title,
        "source": table.source,
        "rows": [_row(names, row) for row in table.rows],
        "total": None if table.total is None else _row(names, table.total),
        "notes": list(table.notes),
    }


def _row(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in zip(names, row, strict=True)
    }
