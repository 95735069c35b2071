"""Keep a C library from writing to the terminal."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_inside = 0
_kept = -1


@contextmanager
def stderr_silenced() -> Iterator[None]:
    """Send what is written to descriptor 2 nowhere: libmpg123 comments on damage.

    It holds for the whole process, so it should be short. Threads may be inside at the
    same time: the first to enter turns it off, the last to leave turns it on.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _kept  # noqa: PLW0603  (there is one descriptor 2)
    with _lock:
        if _inside == 0:
            _kept = _redirect()
        _inside += 1


def _redirect() -> int:
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr has nothing to silence
        return -1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept


def _leave() -> None:
    global _inside  # noqa: PLW0603
    with _lock:
        _inside -= 1
        if _inside == 0 and _kept >= 0:
            os.dup2(_kept, 2)
            os.close(_kept)
