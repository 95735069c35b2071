"""The private folder of a scan, where workers keep notes and encoders their files."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.errors import TempFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING_S = 5.0  # that an encoder may go on writing for while it is being killed


@contextmanager
def private_folder() -> Iterator[str]:
    """Give a folder that is gone afterwards, also if an encoder dies while writing.

    Raises
    ------
    TempFullError
        There is no room for it.
    """
    try:
        folder = tempfile.mkdtemp(prefix="sonicat-")
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
