"""Where the audio lies in the rarer chunked formats."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Span = tuple[int, int]

_W64_DATA = b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
_UNKNOWN_32 = 0xFFFFFFFF


def caf_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the ``desc`` and ``data`` chunks of Apple's CAF."""
    end = file.seek(0, 2)
    start = 8
    while start + 12 <= end:
        file.seek(start)
        head = file.read(12)
        size = int.from_bytes(head[4:], "big", signed=True)
        if size < 0:  # the last chunk of a recording that went on
            size = end - start - 12
        if head[:4] in (b"desc", b"data"):
            yield start + 12, size
        start += 12 + size


def au_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the samples of Sun's AU."""
    end = file.seek(0, 2)
    file.seek(4)
    start = int.from_bytes(file.read(4), "big")
    size = int.from_bytes(file.read(4), "big")
    if start < end:
        yield start, end - start if size == _UNKNOWN_32 else size


def w64_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the ``data`` chunk of Sony's Wave64."""
    end = file.seek(0, 2)
    start = 40
    while start + 24 <= end:
        file.seek(start)
        head = file.read(24)
        size = int.from_bytes(head[16:], "little")
        if size < 24:
            return
        if head[:16] == _W64_DATA:
            yield start + 24, size - 24
        start += size + -size % 8
