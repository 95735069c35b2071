"""Copy a SQLite catalog while others read and write it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from catalog.errors import CatalogError
from catalog.failing import explained
from catalog.sqlite import connect

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.session import Catalog


def backup(catalog: Catalog, target: Path) -> Path:
    """Copy the catalog to ``target`` by SQLite's online backup.

    The copy is complete or absent: it gets its name when it is finished.

    Raises
    ------
    CatalogError
        The catalog is on a server, or ``target`` exists already.
    """
    if catalog.path is None:
        raise CatalogError(
            f"{catalog.name}: a database on a server is copied with its own tools, "
            "such as pg_dump"
        )
    if target.exists():
        raise CatalogError(f"{target}: exists already; name another file")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with (
            explained(catalog),
            closing(connect(catalog.path, read_only=True)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
