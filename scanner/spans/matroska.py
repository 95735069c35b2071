"""Where the audio lies in Matroska and WebM: the clusters."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675


def matroska_spans(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield the content of every cluster.

    From a cluster of unknown size (a live recording) on, all the rest is taken.
    """
    end = file.seek(0, 2)
    start = 0
    while start < end:
        file.seek(start)
        head = file.read(12)
        name, used = _number(head, keep_marker=True)
        size, more = _number(head[used:], keep_marker=False)
        if not used or not more:
            return
        body = start + used + more
        unknown = size == (1 << 7 * more) - 1
        if name == _CLUSTER:
            yield body, end - body if unknown else size
        if name == _SEGMENT:
            start = body
        elif unknown:
            return
        else:
            start = body + size


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Return an EBML number and its length in bytes, which is 0 if there is none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value - (1 << 7 * length)), length
