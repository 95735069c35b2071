"""A catalog's database: its place, its connections, and its errors in plain words."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self

from catalog.exceptions import (
    CatalogBusyError,
    CatalogError,
    CatalogFullError,
    NotACatalogError,
)
from catalog.lock import FilePlace, file_lock, server_lock

if TYPE_CHECKING:  # heavy: a rescan with nothing to do goes without
    from sqlalchemy import Connection, Engine

Mode = Literal["read", "write"]


class Catalog:
    """An open catalog; a context manager.

    A rescan with nothing to do must not wait for SQLAlchemy to load, which takes longer
    than the scan itself. What it needs of a SQLite catalog goes through the standard
    library (:meth:`rows`, :meth:`execute`); everything else through :attr:`engine`.

    Parameters
    ----------
    url : str
        As :func:`catalog_url` returns it.
    mode : {"read", "write"}
        A catalog opened for reading refuses every change.

    Attributes
    ----------
    url : str
        The SQLAlchemy URL, its password included.
    file : str or None
        The SQLite file; ``None`` for a database on a server.
    mode : {"read", "write"}
    """

    def __init__(self, url: str, mode: Mode) -> None:
        self.url = url
        self.file = sqlite_file(url)
        self.mode: Mode = mode
        self._place = FilePlace(self.file) if self.file and mode == "write" else None
        self._plain: sqlite3.Connection | None = None
        self._plain_lock = Lock()  # the page asks from several threads

    @cached_property
    def path(self) -> Path | None:
        """The SQLite file as a path object."""
        return None if self.file is None else Path(self.file)

    @property
    def name(self) -> str:
        """How to call the catalog in a message: its path, or its URL unsigned."""
        if self.file is not None:
            return self.file
        return self.engine.url.render_as_string(hide_password=True)

    @cached_property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, made when first asked for."""
        return make_engine(self.url, read_only=self.mode == "read")

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose parameters are written ``:name``."""
        with explained(self.name):
            if self.file is not None:
                return self._sqlite_rows(self.file, sql, values)
            with self.engine.connect() as connection:
                return _server_rows(connection, sql, values)

    def execute(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one changing statement and commit; return what it says it returns."""
        with explained(self.name):
            if self.file is not None:
                return self._sqlite_rows(self.file, sql, values)
            with self.engine.begin() as connection:
                return _server_rows(connection, sql, values)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the catalog throughout."""
        with explained(self.name), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in one transaction, committed at the end.

        SQLite's write lock is taken at once: a transaction that reads first and
        writes later could find its view outdated and fail without waiting.
        """
        self.check_place()
        engine = self.engine.execution_options(sonicat_begin="IMMEDIATE")
        with explained(self.name), engine.begin() as connection:
            yield connection

    def scan_lock(self, wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Keep every other scan and upgrade of this catalog out.

        Raises
        ------
        CatalogBusyError
            Another process holds it, and still does after ``wait_s`` seconds.
        """
        if self.file is not None:
            return file_lock(self.file, wait_s)
        return server_lock(self.engine, wait_s)

    def check_place(self) -> None:
        """Check that what is written goes into the file that has the catalog's name.

        Raises
        ------
        CatalogGoneError
            The file was removed, moved or replaced since it was opened.
        """
        if self._place is None or self._place.is_kept():
            return
        with suppress(sqlite3.Error):  # a file that was moved keeps all that was stored
            if self._plain is not None:
                self._plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.close()
        self._place.leave()

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

    def _sqlite_rows(
        self, file: str, sql: str, values: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        with self._plain_lock:
            self.check_place()
            if self._plain is None:
                self._plain = connect(
                    file, read_only=self.mode == "read", check_same_thread=False
                )
                self.check_place()
            return self._plain.execute(sql, values).fetchall()


def _server_rows(
    connection: Connection, sql: str, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    from sqlalchemy import text  # noqa: PLC0415 - heavy, and only a server needs it

    result = connection.execute(text(sql), values)
    return [tuple(row) for row in result] if result.returns_rows else []


def make_engine(url: str, *, read_only: bool) -> Engine:
    """Return an engine; for SQLite, of connections made by :func:`connect`.

    Raises
    ------
    CatalogError
        The URL makes no sense, or its driver is not installed.
    """
    # A rescan with nothing to do needs no engine, and does not wait for SQLAlchemy.
    from sqlalchemy import create_engine, event, exc  # noqa: PLC0415

    file = sqlite_file(url)
    if file is not None:

        def connect_to_file() -> sqlite3.Connection:
            return connect(file, read_only=read_only, check_same_thread=False)

        engine = create_engine(url, creator=connect_to_file, json_serializer=to_json)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        return create_engine(url, json_serializer=to_json, pool_pre_ping=True)
    except (exc.ArgumentError, exc.NoSuchModuleError, ValueError) as error:
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


def from_json(value: Any) -> Any:
    """Return a JSON column's value: SQLite gives its text, PostgreSQL what it says."""
    return json.loads(value) if isinstance(value, str) else value


def _begin(connection: Connection) -> None:
    """Begin explicitly: the sqlite3 module would leave DDL out of a transaction."""
    mode = connection.get_execution_options().get("sonicat_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


BUSY_TIMEOUT_S = 30.0


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
        f"{Path(path).absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=check_same_thread,
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
        "no room to write ({error}); what was stored before is safe: "
        "free some space and run the command again",
    ),
    (
        ("disk i/o error", "could not write", "could not read"),
        CatalogError,
        "the drive refused ({error}); what was stored before is safe: "
        "see that it has room and is connected, then run the command again",
    ),
    (
        ("database is locked", "database table is locked", "lock timeout"),
        CatalogBusyError,
        "another program holds the catalog ({error}); "
        "close it or wait, then run the command again",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted"),
        NotACatalogError,
        "not a catalog, or a damaged one ({error}); examine it with "
        "'sonicat db check', or name another with --db",
    ),
    (
        ("unable to open", "readonly database", "authorization denied"),
        CatalogError,
        "cannot be opened or written ({error}); check the permissions of "
        "the file and its folder, or name another with --db",
    ),
)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Raise a :class:`CatalogError` in place of an error of the database.

    Parameters
    ----------
    name : str
        How the message calls the database; see :attr:`Catalog.name`.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(name, error) from error
    except Exception as error:
        original = _original(error)
        if original is None:
            raise
        raise _explain(name, original) from error


def _original(error: Exception) -> BaseException | None:
    """Return the driver's error inside one of SQLAlchemy, if it is one."""
    if "sqlalchemy" not in sys.modules:  # then it cannot be one: do not load it
        return None
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - loaded by now

    return (error.orig or error) if isinstance(error, DBAPIError) else None


def _explain(name: str, error: BaseException) -> CatalogError:
    message = " ".join(str(error).split())
    for words, kind, advice in _SITUATIONS:
        if any(word in message.lower() for word in words):
            return kind(f"{name}: {advice.format(error=message)}")
    return CatalogError(f"{name}: {message}")


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
    return str(Path(path).expanduser().absolute())


def sqlite_file(url: str) -> str | None:
    """Return the file of a SQLite URL; ``None`` for a database on a server."""
    return url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None


def _default() -> str:
    from platformdirs import user_data_path  # noqa: PLC0415 - rarely needed

    return str(user_data_path("sonicat", appauthor=False) / "catalog.db")


def readable(path: bytes) -> str:
    r"""Return a path as text: what is no UTF-8 or cannot be printed is escaped.

    Examples
    --------
    >>> readable(b"Mot\xc3\xb6rhead/Ace\n.mp3"), readable(b"caf\xe9")
    ('Motörhead/Ace\\n.mp3', 'caf\\xe9')
    """
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def storable(text: str) -> str:
    r"""Return text without what PostgreSQL refuses: NUL and lone surrogates.

    Examples
    --------
    >>> storable("a\x00b")
    'a\ufffdb'
    """
    if is_storable(text):  # nearly always
        return text
    text = text.replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")


def is_storable(text: str) -> bool:
    r"""Tell whether any database takes the text as it is.

    Examples
    --------
    >>> is_storable("Mot\u00f6rhead"), is_storable("a\x00b"), is_storable("\udce9")
    (True, False, False)
    """
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
