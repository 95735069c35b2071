"""Where the audio lies in containers made of sized boxes."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Span = tuple[int, int]

_STREAMED = 0xFFFFFFFF  # a size that the writer could not know
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def mp4_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the content of every ``mdat`` box, wherever ``moov`` stands."""
    end = file.seek(0, 2)
    start = 0
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1 and len(head) == 16:
            size, header = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        if head[4:8] == b"mdat":
            yield start + header, size - header
        start += size


def wav_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the ``fmt`` and ``data`` chunks of WAV and RF64."""
    yield from _chunks(file, "little", (b"fmt ", b"data"))


def aiff_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the ``COMM`` and ``SSND`` chunks of AIFF."""
    yield from _chunks(file, "big", (b"COMM", b"SSND"))


def _chunks(file: IO[bytes], order: str, wanted: tuple[bytes, ...]) -> Iterator[Span]:
    end = file.seek(0, 2)
    start = 12
    long_size = 0
    while start + 8 <= end:
        file.seek(start)
        head = file.read(24)
        name = head[:4]
        size = int.from_bytes(head[4:8], "little" if order == "little" else "big")
        if name == b"ds64":
            long_size = int.from_bytes(head[16:24], "little")
        if name == b"data" and size == _STREAMED:
            size = long_size or end - start - 8
        if name in wanted:
            yield start + 8, size
        start += 8 + size + size % 2


def asf_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the data object of ASF (WMA)."""
    end = file.seek(0, 2)
    start = 0
    while start + 24 <= end:
        file.seek(start)
        head = file.read(24)
        size = int.from_bytes(head[16:], "little")
        if size < 24:
            return
        if head[:16] == _ASF_DATA:
            yield start + 24, size - 24
        start += size


def dsf_spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the format and data chunks of DSF; its tag follows them."""
    end = file.seek(0, 2)
    start = 28
    while start < end:
        file.seek(start)
        head = file.read(12)
        size = int.from_bytes(head[4:], "little")
        if head[:4] not in (b"fmt ", b"data") or size < 12:
            return
        yield start + 12, size - 12
        start += size
