"""Connections to a SQLite catalog, set up the same way for every user of the file."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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
