"""Small files by which each worker tells the parent what it is doing.

A worker that dies can tell nothing any more; what it noted before stays.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTE = struct.Struct("<qd")
_IDLE = -1


@dataclass(frozen=True, slots=True)
class Note:
    """What one worker is doing.

    Attributes
    ----------
    pid : int
        Of the worker, and of its process group.
    number : int
        The task in hand.
    since : float
        When it began, on the monotonic clock: time asleep does not count.
    """

    pid: int
    number: int
    since: float


class Pen:
    """The worker's side: writes what is in hand."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / f"{os.getpid()}.note"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.ends()

    def begins(self, number: int) -> None:
        """Note that task `number` begins now."""
        os.pwrite(self._file, _NOTE.pack(number, time.monotonic()), 0)

    def ends(self) -> None:
        """Note that nothing is in hand."""
        os.pwrite(self._file, _NOTE.pack(_IDLE, 0.0), 0)


def read_notes(folder: str) -> Iterator[Note]:
    """Yield what the workers have in hand."""
    for path in sorted(Path(folder).glob("*.note")):
        raw = path.read_bytes()
        if len(raw) == _NOTE.size:
            number, since = _NOTE.unpack(raw)
            if number != _IDLE:
                yield Note(int(path.stem), number, since)


def clear_notes(folder: str) -> None:
    """Forget the notes of workers that are no more."""
    for path in Path(folder).glob("*.note"):
        path.unlink()
