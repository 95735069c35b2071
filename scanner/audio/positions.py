"""FLAC frames and Ogg pages: they say at which sample they are, and so the length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from scanner.audio.mpeg import StreamLength

Span = tuple[int, int]
"""Offset and length in bytes."""

_FLAC_TAIL = 1 << 18  # the last frame begins here, unless it is longer than any is
_FLAC_HEADER = 16
_FLAC_SIZES = {1: 192, **{n: 576 << n - 2 for n in range(2, 6)}}
_FLAC_SIZES |= {n: 256 << n - 8 for n in range(8, 16)}


class FlacWalk:
    """The first and the last frame of a FLAC stream: every frame says its place.

    Parameters
    ----------
    stream_info : bytes
        The STREAMINFO block, 34 bytes.
    """

    def __init__(self, stream_info: bytes) -> None:
        self._block_size = int.from_bytes(stream_info[2:4], "big")
        self._rate = int.from_bytes(stream_info[10:13], "big") >> 4
        self._head = self._tail = b""
        self._bytes = 0

    def push(self, block: bytes) -> None:
        """Take the next bytes of the stream."""
        self._bytes += len(block)
        if len(self._head) < _FLAC_HEADER:
            self._head += block[:_FLAC_HEADER]
        self._tail = (self._tail + block)[-_FLAC_TAIL:]

    def finish(self) -> StreamLength | None:
        """Return the length of all that came; None if there was no frame."""
        first = _flac_frame(self._head, 0, self._block_size)
        if first is None or not self._rate:
            return None
        sync = self._head[:2]
        end = first[0] + first[1]
        ends: set[int] = set()  # of what may be frames; those that follow one are
        at = self._tail.find(sync)
        while at >= 0:
            if frame := _flac_frame(self._tail, at, self._block_size):
                if frame[0] in ends or not ends:
                    end = sum(frame)
                ends.add(sum(frame))
            at = self._tail.find(sync, at + 1)
        samples = max(0, end - first[0])
        return StreamLength(samples / self._rate, self._bytes * 8.0)


def _flac_frame(data: bytes, at: int, block_size: int) -> tuple[int, int] | None:
    """Return the first sample of the frame at `at` and how many it has.

    References
    ----------
    RFC 9639, section 9.1.
    """
    head = data[at : at + _FLAC_HEADER]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    more = max(1, 8 - (head[4] ^ 0xFF).bit_length())  # bytes of the number
    if not size_code or rate_code == 15 or head[3] >> 4 > 10 or head[3] & 1 or more > 7:
        return None
    number = head[4] & 0x7F >> more if more > 1 else head[4]
    for byte in head[5 : 4 + more]:
        if byte & 0xC0 != 0x80:
            return None
        number = number << 6 | byte & 0x3F
    place = 4 + more
    samples = _FLAC_SIZES.get(size_code, 0)
    if size_code in (6, 7):
        width = size_code - 5
        samples = int.from_bytes(head[place : place + width], "big") + 1
        place += width
    place += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if place >= len(head) or _crc8(head[:place]) != head[place]:
        return None
    return (number if head[1] & 1 else number * block_size), samples


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (0x107 if value & 0x80 else 0)
    return value


_OGG_BEGINS = 2
_OGG_SLACK, _OGG_SLACK_S = 1.5, 0.5  # by which a first page may be longer than others


@dataclass(slots=True)
class _Link:
    """One stream of a chain, and the pages that end a packet.

    Attributes
    ----------
    serial : bytes
    rate : int
        Units of a position, per second.
    skip : int
        Samples in front of the music.
    most : int
        Samples that a packet can have.
    """

    serial: bytes
    rate: int
    skip: int
    most: int
    first: int | None = None  # position at the end of the first page
    first_packets: int = 0
    last: int = 0
    size: int = 0

    def add(self, position: int, lacing: bytes) -> None:
        """Take a page: the position at the end of its last whole packet."""
        if not position:  # headers
            return
        self.size += sum(lacing)
        if position < 0:
            return
        packets = sum(segment < 255 for segment in lacing)
        if self.first is None:
            self.first, self.first_packets = position, packets
        elif self.last == self.first and packets:
            self.most = min(self.most, (position - self.first) // packets)
        self.last = position

    @property
    def seconds(self) -> float:
        """What it plays; of a recording of a stream that was running, a little less."""
        first = self.first or 0
        page = self.first_packets * self.most
        if first > _OGG_SLACK * page + _OGG_SLACK_S * self.rate:
            return (self.last - first) / self.rate
        return max(0, self.last - self.skip) / self.rate


class OggWalk:
    """The pages of an Ogg file, whose positions say how long each stream is."""

    def __init__(self) -> None:
        self._links: list[_Link] = []
        self._is_beginning = False
        self._current: _Link | None = None

    def push(self, head: bytes, lacing: bytes, packet: bytes) -> None:
        """Take a page.

        Parameters
        ----------
        head : bytes
            The 27 bytes in front of the lacing.
        lacing : bytes
            The lengths of its segments.
        packet : bytes
            The first 80 bytes of its content, where a stream begins with it.
        """
        serial = head[14:18]
        if head[5] & _OGG_BEGINS:
            if not self._is_beginning:
                self._current = None
            self._is_beginning = True
            if self._current is None and (clock := _ogg_clock(packet)):
                self._current = _Link(serial, *clock)
                self._links.append(self._current)
            return
        self._is_beginning = False
        if self._current is not None and serial == self._current.serial:
            position = int.from_bytes(head[6:14], "little", signed=True)
            self._current.add(position, lacing)

    def finish(self) -> StreamLength | None:
        """Return the length of all streams, one behind the other."""
        seconds = sum(link.seconds for link in self._links)
        bits = sum(link.size for link in self._links) * 8.0
        rates = {link.rate for link in self._links}
        return StreamLength(seconds, bits, len(rates) == 1) if seconds else None


def _ogg_clock(packet: bytes) -> tuple[int, int, int] | None:
    """Return rate, samples in front of the music, and the most that a packet has."""
    rate = skip = most = 0
    if packet.startswith(b"\x01vorbis") and len(packet) > 28:
        rate = int.from_bytes(packet[12:16], "little")
        most = 1 << (packet[28] >> 4) >> 1
    elif packet.startswith(b"OpusHead"):
        rate, skip = 48000, int.from_bytes(packet[10:12], "little")
        most = 5760
    elif packet.startswith(b"\x7fFLAC"):
        rate = int.from_bytes(packet[27:30], "big") >> 4
        most = int.from_bytes(packet[19:21], "big")
    elif packet.startswith(b"Speex   "):
        rate = int.from_bytes(packet[36:40], "little")
        size, frames = (
            int.from_bytes(packet[at : at + 4], "little") for at in (56, 64)
        )
        most = size * max(1, frames)
    return (rate, skip, most) if rate else None


_PAGE = b"OggS"
_HEADER = 27
_SEARCH = 1 << 13  # bytes read at once


def ogg_spans(file: IO[bytes], walk: OggWalk | None = None) -> Iterator[Span]:
    """Yield the bodies of all packets that are no headers, and show a walk the pages.

    A tag editor rewrites the comment packet, which may take more pages than before,
    so that all pages behind it are numbered anew: page headers are left out.
    """
    headers: dict[bytes, int] = {}  # header packets to come, by stream
    start = 0
    while True:
        file.seek(start)
        head = file.read(_HEADER)
        if head[:4] != _PAGE or len(head) < _HEADER:
            if (start := _find_page(file, start + 1)) < 0:
                return
            continue
        lacing = file.read(head[26])
        body = start + _HEADER + len(lacing)
        length = sum(lacing)
        stream = head[14:18]
        packet = b""
        if head[5] & _OGG_BEGINS:
            packet = file.read(min(length, 80))
            headers[stream] = _header_packets(packet)
        if walk:
            walk.push(head, lacing, packet)
        skipped = 0
        if headers.get(stream, 0):
            skipped, headers[stream] = _skip(lacing, headers[stream])
        if length > skipped:
            yield body + skipped, length - skipped
        start = body + length


def _find_page(file: IO[bytes], start: int) -> int:
    """Return the offset of the next page from `start` on, -1 if there is none."""
    file.seek(start)
    data = b""
    while block := file.read(_SEARCH):
        start -= len(data)
        data += block
        if (at := data.find(_PAGE)) >= 0:
            return start + at
        start += len(data)
        data = data[1 - len(_PAGE) :]
    return -1


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
