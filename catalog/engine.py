"""The SQLAlchemy engine of a catalog."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from catalog.exceptions import CatalogError
from catalog.sqlite import connect

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from sqlalchemy import Connection, Engine


def make_engine(url: str, path: Path | None, *, read_only: bool) -> Engine:
    """Return an engine; for SQLite, of connections made by :func:`connect`.

    Raises
    ------
    CatalogError
        The URL makes no sense, or its driver is not installed.
    """
    if path is not None:
        return _sqlite_engine(path, read_only=read_only)
    try:
        return create_engine(url, json_serializer=to_json, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise CatalogError(
            f"{_masked(url)}: not a database URL that can be used; "
            "give a path, or a URL such as postgresql+psycopg://user@host/name"
        ) from error
    except ModuleNotFoundError as error:
        raise CatalogError(
            f"{_masked(url)}: the driver {error.name} is not installed; "
            "for PostgreSQL: pip install 'sonicat[postgres]'"
        ) from error


def _masked(url: str) -> str:
    """Hide the password of a URL that could not be understood."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)


def to_json(value: Any) -> str:
    """Write JSON as every database reads it: no NaN, no infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    def creator() -> sqlite3.Connection:
        return connect(path, read_only=read_only, check_same_thread=False)

    engine = create_engine(
        "sqlite:///" + str(path), creator=creator, json_serializer=to_json
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin explicitly: the sqlite3 module would leave DDL out of a transaction."""
    mode = connection.get_execution_options().get("sonicat_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
