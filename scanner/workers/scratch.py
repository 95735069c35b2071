"""The private folder of a scan, where workers keep notes and encoders their files."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.exceptions import TempFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "sonicat-scan-"
_LOCK = "lock"
_ENDING_S = 5.0  # that an encoder may go on writing for while it is being killed


@contextmanager
def private_folder() -> Iterator[str]:
    """Give a folder that is gone afterwards, also if an encoder dies while writing.

    What scans that were killed have left behind is removed, too.

    Raises
    ------
    TempFullError
        There is no room for it.
    """
    _sweep()
    try:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        lock = _hold(Path(folder))
    except OSError as error:
        named = os.environ.get("TMPDIR", "/tmp")  # noqa: S108  (to be named, not used)
        raise TempFullError(named) from error
    try:
        yield folder
    finally:
        until = time.monotonic() + _ENDING_S
        shutil.rmtree(folder, ignore_errors=True)
        while Path(folder).exists() and time.monotonic() < until:
            time.sleep(0.05)
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _hold(folder: Path) -> int:
    """Mark a folder as in use, until this process closes the descriptor or ends."""
    early = folder / "locking"
    lock = os.open(early, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    early.rename(folder / _LOCK)  # never there without being held
    return lock


def _sweep() -> None:
    """Remove the folders that nobody holds any more."""
    with suppress(OSError):
        for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
            if lock.parent.lstat().st_uid == os.getuid() and _is_free(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
