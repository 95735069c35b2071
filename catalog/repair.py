"""Mend what a check found: what is damaged goes, the next scan brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.exceptions import CatalogError
from catalog.maintenance import check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.database import Catalog
    from catalog.maintenance import Finding

_PASSES = 5  # removing rows can leave others without a reason to be


def repair(catalog: Catalog) -> tuple[list[Finding], list[Finding]]:
    """Remove damaged and unused rows, rebuild damaged indexes.

    Returns
    -------
    mended, left : list of Finding
        What was repaired, and what a repair cannot help: then a backup must.
    """
    mended: list[Finding] = []
    left = list(check(catalog))
    for _ in range(_PASSES):
        if not left:
            break
        if any(not finding.table for finding in left) and not _reindex(catalog):
            break
        _remove(catalog, left)
        mended += left
        left = list(check(catalog))
    return mended, left


def _reindex(catalog: Catalog) -> bool:
    """Rebuild every index; tell whether that could be done."""
    try:
        catalog.execute("REINDEX")
    except CatalogError:
        return False
    return True


def _remove(catalog: Catalog, findings: Iterable[Finding]) -> None:
    from sqlalchemy import bindparam, column, delete, table  # noqa: PLC0415

    # Rows without an id of their own are named by SQLite's row number.
    name = "id" if catalog.path is None else "rowid"
    with catalog.writing() as connection:
        for finding in findings:
            if finding.table:
                rows = table(finding.table, column(name))
                statement = delete(rows).where(rows.c[name] == bindparam("number"))
                connection.execute(statement, [{"number": n} for n in finding.ids])
