"""A catalog's file, held in its place: by a lock, and by a look at what is there."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from catalog.exceptions import CatalogBusyError, CatalogError, CatalogGoneError

if TYPE_CHECKING:  # heavy: a rescan with nothing to do goes without
    from sqlalchemy import Engine


T = TypeVar("T")

_POLL_S = 0.1
_SERVER_KEY = 0x736F6E69  # "soni": the lock's number on a server


class FilePlace:
    """The place of a SQLite file that is being written.

    SQLite itself would go on with a file that was removed, and begin an empty one in
    its place with the next connection.

    Parameters
    ----------
    file : str
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._opened: tuple[int, int] | None = None

    def is_kept(self) -> bool:
        """Tell whether the file is the one that was there when this was first asked."""
        found = None
        with suppress(OSError):
            status = os.stat(self._file)
            found = (status.st_dev, status.st_ino)
        self._opened = self._opened or found
        return found == self._opened

    def leave(self) -> NoReturn:
        """Remove what SQLite left beside the file, unless another is there now.

        Raises
        ------
        CatalogGoneError
            In any case.
        """
        if not os.path.lexists(self._file):
            for companion in (f"{self._file}-wal", f"{self._file}-shm"):
                with suppress(OSError):
                    os.unlink(companion)
        raise CatalogGoneError(
            f"{self._file}: the catalog was removed or moved while it was in use, and "
            "what was stored went with it; bring it back, or run the command again "
            "for a new one"
        )


@contextmanager
def file_lock(path: Path | str, wait_s: float) -> Iterator[None]:
    """Hold the lock of the SQLite catalog at ``path``: of a file beside it.

    Raises
    ------
    CatalogBusyError
        Another process held it for all of ``wait_s`` seconds.
    """
    # One lock, whichever link leads to the catalog.
    catalog = os.path.realpath(path)
    place = catalog + ".lock"
    handle = _patiently(lambda: _take(place), wait_s)
    if handle is None:
        raise CatalogBusyError(_busy(str(path), _holder(place)))
    try:
        with suppress(OSError):  # a courtesy to who waits; a full disk must not stop us
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        if not os.path.lexists(catalog):  # none was made, or it was removed
            with suppress(OSError):
                os.unlink(place)
        os.close(handle)  # and with it the lock


def _take(place: str) -> int | None:
    """Return the locked file at ``place``, opened; None if another process has it."""
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CatalogError(
            f"{place}: the catalog's lock file cannot be opened ({error.strerror}); "
            "check the folder's permissions or choose another place with --db"
        ) from error
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Who had it before may have removed it: then it keeps nobody out.
        if os.path.samestat(os.fstat(handle), os.stat(place)):
            return handle
    os.close(handle)
    return None


def _holder(place: str) -> str:
    """Return the number of the process that says it has the lock, as text."""
    with suppress(OSError), open(place, "rb") as file:
        return file.read(32).decode("ascii", "replace").strip()
    return ""


@contextmanager
def server_lock(engine: Engine, wait_s: float) -> Iterator[None]:
    """Hold the lock of the PostgreSQL catalog behind ``engine``: one of the server.

    Raises
    ------
    CatalogBusyError
        Another connection held it for all of ``wait_s`` seconds.
    """
    # Each question commits by itself: a scan of hours must not keep a snapshot alive.
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:

        def ask(what: str) -> object:
            return connection.exec_driver_sql(f"SELECT {what}").scalar()

        take = f"pg_try_advisory_lock({_SERVER_KEY})"
        if not _patiently(lambda: ask(take), wait_s):
            pid = ask(
                "pid FROM pg_locks "
                f"WHERE locktype = 'advisory' AND objid = {_SERVER_KEY}"
            )
            raise CatalogBusyError(_busy(engine.url.render_as_string(), str(pid or "")))
        try:
            yield
        finally:
            ask(f"pg_advisory_unlock({_SERVER_KEY})")


def _patiently(attempt: Callable[[], T], wait_s: float) -> T:
    """Try until it yields something or ``wait_s`` seconds are over; at least once."""
    end = time.monotonic() + wait_s
    while not (found := attempt()) and time.monotonic() < end:
        time.sleep(_POLL_S)
    return found


def _busy(what: str, holder: str) -> str:
    who = f"process {holder}" if holder else "another process"
    return (
        f"{what}: the catalog is in use by {who}; wait until it has finished, "
        "or give this scan its own catalog with --db"
    )
