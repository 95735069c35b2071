"""A catalog's advisory lock, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.exceptions import CatalogBusyError, CatalogError

if TYPE_CHECKING:  # heavy: a rescan with nothing to do goes without
    from sqlalchemy import Engine


_POLL_S = 0.1
_SERVER_KEY = 0x736F6E69  # "soni": the lock's number on a server


@contextmanager
def file_lock(path: Path | str, wait_s: float) -> Iterator[None]:
    """Hold the lock of the SQLite catalog at ``path``: of a file beside it.

    Raises
    ------
    CatalogBusyError
        Another process held it for all of ``wait_s`` seconds.
    """
    # One lock, whichever link leads to the catalog.
    place = os.path.realpath(path) + ".lock"
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CatalogError(
            f"{place}: the catalog's lock file cannot be opened ({error.strerror}); "
            "check the folder's permissions or choose another place with --db"
        ) from error
    try:
        if not _patiently(lambda: _flock(handle), wait_s):
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            raise CatalogBusyError(_busy(str(path), holder))
        with suppress(OSError):  # a courtesy to who waits; a full disk must not stop us
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)  # and with it the lock


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
        if not _patiently(lambda: bool(ask(take)), wait_s):
            pid = ask(
                "pid FROM pg_locks "
                f"WHERE locktype = 'advisory' AND objid = {_SERVER_KEY}"
            )
            raise CatalogBusyError(_busy(engine.url.render_as_string(), str(pid or "")))
        try:
            yield
        finally:
            ask(f"pg_advisory_unlock({_SERVER_KEY})")


def _patiently(attempt: Callable[[], bool], wait_s: float) -> bool:
    """Try until it succeeds or ``wait_s`` seconds are over; at least once."""
    end = time.monotonic() + wait_s
    while not attempt():
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_S)
    return True


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(what: str, holder: str) -> str:
    who = f"process {holder}" if holder else "another process"
    return (
        f"{what}: the catalog is in use by {who}; wait until it has finished, "
        "or give this scan its own catalog with --db"
    )
