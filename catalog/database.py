"""Open a catalog: make or upgrade it when needed, then hand out connections.

A rescan with nothing to do must not wait for SQLAlchemy to load, which takes longer
than the scan itself. What it needs of a SQLite catalog goes through the standard
library (:meth:`Catalog.rows`); everything else through :attr:`Catalog.engine`.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self

from catalog.exceptions import (
    CatalogError,
    CatalogMissingError,
    CatalogTooOldError,
    NotACatalogError,
)
from catalog.failing import explained
from catalog.place import catalog_url, sqlite_file, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

__all__ = ["HEAD", "Catalog", "catalog_url", "open_catalog"]

_MAGIC = b"SQLite format 3\x00"

HEAD = "0001"  # the newest migration; a test compares it with the scripts

Mode = Literal["read", "write"]


class Catalog:
    """An open catalog; a context manager.

    Attributes
    ----------
    url : str
        The SQLAlchemy URL, its password included.
    file : str or None
        The SQLite file; ``None`` for a database on a server.
    mode : {"read", "write"}
        A catalog opened for reading refuses every change.
    """

    def __init__(self, url: str, mode: Mode) -> None:
        self.url = url
        self.file = sqlite_file(url)
        self.mode: Mode = mode
        self._plain: sqlite3.Connection | None = None
        self._plain_lock = Lock()  # the page asks from several threads

    @cached_property
    def path(self) -> Path | None:
        """The SQLite file as a path object."""
        return sqlite_path(self.url)

    @property
    def name(self) -> str:
        """How to call the catalog in a message: its path, or its URL unsigned."""
        if self.file is not None:
            return self.file
        return self.engine.url.render_as_string(hide_password=True)

    @cached_property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, made when first asked for."""
        from catalog.engine import make_engine  # noqa: PLC0415 (loads SQLAlchemy)

        return make_engine(self.url, self.path, read_only=self.mode == "read")

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose parameters are written ``:name``."""
        with explained(self):
            if self.file is not None:
                with self._plain_lock:
                    return self._sqlite(self.file).execute(sql, values).fetchall()
            from sqlalchemy import text  # noqa: PLC0415 (loads SQLAlchemy)

            with self.engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(sql), values)]

    def execute(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one changing statement and commit; return what it says it returns."""
        with explained(self):
            if self.file is not None:
                with self._plain_lock:
                    return self._sqlite(self.file).execute(sql, values).fetchall()
            from sqlalchemy import text  # noqa: PLC0415 (loads SQLAlchemy)

            with self.engine.begin() as connection:
                result = connection.execute(text(sql), values)
                return [tuple(row) for row in result] if result.returns_rows else []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the catalog throughout."""
        with explained(self), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one transaction, committed at the end.

        SQLite's write lock is taken at once: a transaction that reads first and
        writes later could find its view outdated and fail without waiting.
        """
        engine = self.engine.execution_options(sonicat_begin="IMMEDIATE")
        with explained(self), engine.begin() as connection:
            yield connection

    @contextmanager
    def session(self, *, write: bool = False) -> Iterator[Session]:
        """Give an ORM session; with ``write`` in one transaction, then committed."""
        from sqlalchemy.orm import Session  # noqa: PLC0415 (loads SQLAlchemy)

        give = self.writing if write else self.reading
        with give() as connection, Session(bind=connection) as session:
            yield session
            if write:
                session.flush()

    def scan_lock(self, wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Keep every other scan and upgrade of this catalog out.

        Raises
        ------
        CatalogBusyError
            Another process holds it, and still does after ``wait_s`` seconds.
        """
        from catalog.lock import file_lock, server_lock  # noqa: PLC0415

        if self.file is not None:
            return file_lock(self.file, wait_s)
        return server_lock(self.engine, wait_s)

    def close(self) -> None:
        """Let go of every connection."""
        if self._plain is not None:
            self._plain.close()
            self._plain = None
        if "engine" in self.__dict__:
            self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the catalog itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the catalog."""
        self.close()

    def _sqlite(self, path: str) -> sqlite3.Connection:
        if self._plain is None:
            from catalog.sqlite import connect  # noqa: PLC0415

            read_only = self.mode == "read"
            self._plain = connect(path, read_only=read_only, check_same_thread=False)
        return self._plain


def open_catalog(url: str | None = None, *, mode: Mode = "write") -> Catalog:
    """Open the catalog at ``url``, made or upgraded first if need be.

    Parameters
    ----------
    url : str or None
        As for :func:`catalog_url`.
    mode : {"read", "write"}
        Reading never creates and never upgrades.

    Raises
    ------
    CatalogMissingError
        Reading, and there is no catalog yet.
    NotACatalogError
        There is something else at that place, or a damaged file.
    CatalogTooNewError
        A newer program wrote it.
    CatalogTooOldError
        Reading, and it must be upgraded first.
    """
    catalog = Catalog(catalog_url(url), mode)
    try:
        _make_current(catalog)
    except BaseException:
        catalog.close()
        raise
    return catalog


def open_existing(url: str | None = None, *, mode: Mode = "write") -> Catalog:
    """Open a catalog as :func:`open_catalog` does, but never make a new one."""
    with Catalog(catalog_url(url), "read") as catalog:
        if schema_version(catalog) is None:
            raise missing(catalog)
    return open_catalog(url, mode=mode)


def missing(catalog: Catalog) -> CatalogMissingError:
    """Return the error for a catalog that is not there."""
    return CatalogMissingError(
        f"{catalog.name}: there is no catalog here; make one with 'scan FOLDER', "
        "or name another with --db"
    )


def _make_current(catalog: Catalog) -> None:
    found = schema_version(catalog)
    if found == HEAD:
        return
    if catalog.mode == "read":
        if found is None:
            raise missing(catalog)
        from catalog.upgrade import refuse_newer  # noqa: PLC0415 (loads Alembic)

        refuse_newer(catalog, found)
        raise CatalogTooOldError(
            f"{catalog.name}: the catalog is of an older version ({found}); "
            "bring it up to date with 'sonicat db upgrade'"
        )
    if found is None:
        from catalog.schema import create  # noqa: PLC0415 (once in a catalog's life)

        if create(catalog):
            return
    from catalog.upgrade import upgrade  # noqa: PLC0415 (loads Alembic)

    upgrade(catalog)


def _begins_as_sqlite(catalog: Catalog, path: str) -> bool:
    """Tell a SQLite file from an absent or empty one.

    SQLite itself takes a short file of another kind for an empty database, and would
    write over it.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CatalogError(
            f"{catalog.name}: cannot be opened ({error.strerror}); "
            "check its permissions, or name another place with --db"
        ) from error
    if start and start != _MAGIC:
        raise NotACatalogError(
            f"{catalog.name}: not a database; name another place with --db"
        )
    return bool(start)


def schema_version(catalog: Catalog) -> str | None:
    """Return the catalog's schema version; ``None`` where there is nothing yet.

    Raises
    ------
    NotACatalogError
        There is something, but no catalog.
    """
    if catalog.file is None:
        from catalog.upgrade import server_version  # noqa: PLC0415 (loads Alembic)

        return server_version(catalog)
    if not _begins_as_sqlite(catalog, catalog.file):
        return None
    with Catalog(catalog.url, "read") as asked:  # what it is not, is left as it is
        tables = {name for (name,) in asked.rows("SELECT name FROM sqlite_master")}
        found = (
            asked.rows("SELECT version_num FROM alembic_version")
            if "alembic_version" in tables
            else []
        )
    if not tables:
        return None
    if not found or "tracks" not in tables:
        raise NotACatalogError(
            f"{catalog.name}: a SQLite file, but not a catalog of this program; "
            "name another place with --db"
        )
    return str(found[0][0])
