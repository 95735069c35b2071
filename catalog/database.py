"""Open a catalog: make or upgrade it when needed, then hand out connections.

A rescan with nothing to do must not wait for SQLAlchemy to load, which takes longer
than the scan itself. What it needs of a SQLite catalog goes through the standard
library (:meth:`Catalog.rows`); everything else through :attr:`Catalog.engine`.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self

from sqlalchemy import create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from catalog.exceptions import (
    CatalogBusyError,
    CatalogError,
    CatalogFullError,
    CatalogMissingError,
    CatalogTooOldError,
    NotACatalogError,
)

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
        from catalog.database import make_engine  # noqa: PLC0415 (loads SQLAlchemy)

        return make_engine(self.url, self.path, read_only=self.mode == "read")

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose parameters are written ``:name``."""
        with explained(self):
            if self.file is not None:
                with self._plain_lock:
                    return self._sqlite(self.file).execute(sql, values).fetchall()
            from sqlalchemy import text  # noqa: PLC0415 (only a server needs it)

            with self.engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(sql), values)]

    def execute(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one changing statement and commit; return what it says it returns."""
        with explained(self):
            if self.file is not None:
                with self._plain_lock:
                    return self._sqlite(self.file).execute(sql, values).fetchall()
            from sqlalchemy import text  # noqa: PLC0415 (only a server needs it)

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
            from catalog.database import connect  # noqa: PLC0415

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
        from catalog.schema import refuse_newer  # noqa: PLC0415 (loads Alembic)

        refuse_newer(catalog, found)
        raise CatalogTooOldError(
            f"{catalog.name}: the catalog is of an older version ({found}); "
            "bring it up to date with 'sonicat db upgrade'"
        )
    if found is None:
        from catalog.schema import create  # noqa: PLC0415 (once in a catalog's life)

        if create(catalog):
            return
    from catalog.schema import upgrade  # noqa: PLC0415

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
        from catalog.schema import server_version  # noqa: PLC0415 (loads Alembic)

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


BUSY_TIMEOUT_S = 30.0
_PLAIN = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-~"
)


def connect(
    path: Path | str, *, read_only: bool, check_same_thread: bool = True
) -> sqlite3.Connection:
    """Open a connection in autocommit mode with the catalog's settings.

    WAL lets readers go on while a scan writes. With it ``synchronous=NORMAL`` keeps
    the file whole through a crash or a power cut; what a power cut may cost is the
    last transactions, which the next scan makes good.
    """
    connection = _open(path, "mode=ro" if read_only else "mode=rwc", check_same_thread)
    try:
        if read_only:
            connection.execute("SELECT count(*) FROM sqlite_master")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        connection.close()
        if not (read_only and _is_closed(path)):
            raise
        # Readers, too, keep a small file beside the catalog; where none can be made,
        # on read-only media, nobody can be writing either.
        connection = _open(path, "immutable=1", check_same_thread)
    except BaseException:
        connection.close()
        raise
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open(
    path: Path | str,
    how: str,
    check_same_thread: bool,  # noqa: FBT001
) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{_uri(path)}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=check_same_thread,
    )


def _uri(path: Path | str) -> str:
    """Return a path as SQLite's ``file:`` URI, whatever bytes it is made of.

    As :meth:`pathlib.Path.as_uri`, of which the loading takes longer than a rescan.
    """
    place = os.fsencode(os.path.join(os.getcwd(), path))
    return "file://" + "".join(
        chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in place
    )


def _is_closed(path: Path | str) -> bool:
    """Tell whether the file alone holds everything that was committed."""
    real = os.path.realpath(path)
    log = real + "-wal"
    return os.path.exists(real) and not (os.path.exists(log) and os.path.getsize(log))


_SITUATIONS: tuple[tuple[tuple[str, ...], type[CatalogError], str], ...] = (
    (
        ("database or disk is full", "no space left", "disk quota"),
        CatalogFullError,
        "no room to write ({said}); what was stored before is safe: "
        "free some space and run the command again",
    ),
    (
        ("disk i/o error", "could not write", "could not read"),
        CatalogError,
        "the drive refused ({said}); what was stored before is safe: "
        "see that it has room and is connected, then run the command again",
    ),
    (
        ("database is locked", "database table is locked", "lock timeout"),
        CatalogBusyError,
        "another program holds the catalog ({said}); "
        "close it or wait, then run the command again",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted"),
        NotACatalogError,
        "not a catalog, or a damaged one ({said}); examine it with "
        "'sonicat db check', or name another with --db",
    ),
    (
        ("unable to open", "readonly database", "authorization denied"),
        CatalogError,
        "cannot be opened or written ({said}); check the permissions of "
        "the file and its folder, or name another with --db",
    ),
)


@contextmanager
def explained(catalog: Catalog) -> Iterator[None]:
    """Raise a :class:`CatalogError` in place of an error of the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(catalog.name, error) from error
    except Exception as error:
        original = _original(error)
        if original is None:
            raise
        raise _explain(catalog.name, original) from error


def _original(error: Exception) -> BaseException | None:
    """Return the driver's error inside one of SQLAlchemy, if it is one."""
    if "sqlalchemy" not in sys.modules:  # then it cannot be one: do not load it
        return None
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    return (error.orig or error) if isinstance(error, DBAPIError) else None


def _explain(name: str, error: BaseException) -> CatalogError:
    said = " ".join(str(error).split())
    for words, kind, what_to_do in _SITUATIONS:
        if any(word in said.lower() for word in words):
            return kind(f"{name}: {what_to_do.format(said=said)}")
    return CatalogError(f"{name}: {said}")


_SQLITE = "sqlite:///"


def catalog_url(option: str | None = None) -> str:
    """Return the URL of the catalog to use.

    Parameters
    ----------
    option : str or None
        A path or an SQLAlchemy URL; ``None`` means ``$SONICAT_DB``, else
        ``catalog.db`` in the user's data folder.

    Returns
    -------
    str
        An SQLAlchemy URL; the path of a SQLite file is absolute in it.

    Examples
    --------
    >>> catalog_url("/music/catalog.db")
    'sqlite:////music/catalog.db'
    >>> catalog_url("postgresql+psycopg://localhost/music")
    'postgresql+psycopg://localhost/music'
    """
    place = option or os.environ.get("SONICAT_DB") or _default()
    if "://" in place and not place.startswith(_SQLITE):
        return place
    return _SQLITE + _absolute(place.removeprefix(_SQLITE))


def _absolute(path: str) -> str:
    if os.path.normpath(path) == path and not path.startswith("~"):
        return os.path.join(os.getcwd(), path)
    from pathlib import Path  # noqa: PLC0415

    return str(Path(path).expanduser().absolute())


def sqlite_file(url: str) -> str | None:
    """Return the file of a SQLite URL; ``None`` for a database on a server."""
    return url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None


def sqlite_path(url: str) -> Path | None:
    """Return the same as a path object."""
    from pathlib import Path  # noqa: PLC0415

    file = sqlite_file(url)
    return None if file is None else Path(file)


def _default() -> str:
    from platformdirs import user_data_path  # noqa: PLC0415 (rarely needed)

    return str(user_data_path("sonicat", appauthor=False) / "catalog.db")
