"""Where the audio lies in Ogg: the packets behind each stream's headers."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = 27
_BEGINS = 0x02


def ogg_spans(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield the bodies of all packets that are no headers.

    A tag editor rewrites the comment packet, which may take more pages than before,
    so that all pages behind it are numbered anew: page headers are left out.
    """
    headers: dict[bytes, int] = {}  # header packets to come, by stream
    start = 0
    while True:
        file.seek(start)
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[:4] != b"OggS":
            return
        lacing = file.read(head[26])
        body = start + _HEADER + len(lacing)
        length = sum(lacing)
        stream = head[14:18]
        if head[5] & _BEGINS:
            headers[stream] = _header_packets(file.read(min(length, 16)))
        skipped = 0
        if headers.get(stream, 0):
            skipped, headers[stream] = _skip(lacing, headers[stream])
        if length > skipped:
            yield body + skipped, length - skipped
        start = body + length


def _skip(lacing: bytes, packets: int) -> tuple[int, int]:
    """Return the bytes of a page that `packets` headers take, and those left over."""
    skipped = 0
    for segment in lacing:
        skipped += segment
        if segment < 255:
            packets -= 1
            if not packets:
                break
    return skipped, packets


def _header_packets(first: bytes) -> int:
    """Return how many header packets the stream has that starts with `first`."""
    if first.startswith(b"\x7fFLAC"):
        # The count is of those that follow; 0 stands for an unknown number.
        return 1 + (int.from_bytes(first[7:9], "big") or 1)
    if first.startswith((b"OpusHead", b"Speex   ")):
        return 2
    return 3  # Vorbis and Theora
