"""Open files and folders by their raw bytes path, however long it is.

Everything that reads a file of the library opens it here: a path past the kernel's
limit is reached folder by folder, and a pipe or device is refused, not waited for.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH_LIMIT = 1024 if os.uname().sysname == "Darwin" else 4096
_NAME_LIMIT = 256


def is_long(path: bytes) -> bool:
    """Say whether `path`, or a name inside it, may exceed the kernel's limit."""
    return len(path) + _NAME_LIMIT >= PATH_LIMIT


def open_path(path: bytes, flags: int = os.O_RDONLY) -> int:
    """Open `path` and return the descriptor.

    Raises
    ------
    OSError
        As `os.open` does, save that no path is too long.
    """
    flags |= os.O_CLOEXEC
    if not is_long(path):
        return os.open(path, flags)
    folder, parts = _start(path)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def _start(path: bytes) -> tuple[int, list[bytes]]:
    start = b"/" if path.startswith(b"/") else b"."
    parts = [part for part in path.split(b"/") if part]
    return os.open(start, os.O_RDONLY | os.O_DIRECTORY), parts


def open_regular(path: bytes) -> int:
    """Open the regular file at `path` for reading and return the descriptor.

    Raises
    ------
    OSError
        If it cannot be opened, or is a pipe, a socket, a device or a folder.
    """
    # Opening a pipe without O_NONBLOCK would wait for someone to write into it.
    fd = open_path(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError("not a regular file")
    os.set_blocking(fd, True)
    return fd


@contextmanager
def regular_file(path: bytes) -> Iterator[int]:
    """Open the regular file at `path`, and close it at the end."""
    fd = open_regular(path)
    try:
        yield fd
    finally:
        os.close(fd)


def cause(error: OSError) -> str:
    """Return what an operating-system error says, without the path."""
    return error.strerror or str(error)
