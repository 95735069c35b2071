"""Connections to a SQLite catalog, set up the same way for every user of the file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT_S = 30.0


def connect(
    path: Path, *, read_only: bool, check_same_thread: bool = True
) -> sqlite3.Connection:
    """Open a connection in autocommit mode with the catalog's settings.

    WAL lets readers go on while a scan writes. With it ``synchronous=NORMAL`` keeps
    the file whole through a crash or a power cut; what a power cut may cost is the
    last transactions, which the next scan makes good.
    """
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=check_same_thread,
    )
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection
