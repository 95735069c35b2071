"""Copies of a SQLite catalog, made while others read and write it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from catalog.database import Catalog, connect, explained
from catalog.exceptions import CatalogError


def backup_path(catalog: Catalog, note: str = "") -> Path:
    """Return a name that is free for a copy beside the catalog, with the time in it."""
    path = require_file(catalog)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    tails = chain([""], (f"-{number}" for number in count(2)))
    names = (f"{path.stem}-{note}{stamp}{tail}{path.suffix}" for tail in tails)
    return next(place for place in map(path.with_name, names) if not place.exists())


def require_file(catalog: Catalog) -> Path:
    """Return the catalog's file.

    Raises
    ------
    CatalogError
        The catalog is on a server.
    """
    if catalog.path is None:
        raise CatalogError(
            f"{catalog.name}: a database on a server is copied with its own tools, "
            "such as pg_dump"
        )
    return catalog.path


def backup(catalog: Catalog, target: Path) -> Path:
    """Copy the catalog to ``target`` by SQLite's online backup.

    The copy is complete or absent: it gets its name when it is finished.

    Raises
    ------
    CatalogError
        The catalog is on a server, or ``target`` exists already.
    """
    path = require_file(catalog)
    if target.exists():
        raise CatalogError(f"{target}: exists already; name another file")
    if not target.parent.is_dir():
        raise CatalogError(f"{target.parent}: there is no such folder; make it first")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with (
            explained(catalog.name),
            closing(connect(path, read_only=True)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
