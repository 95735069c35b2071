"""The length of a coded stream, counted frame by frame while its bytes pass by."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from scanner.audio.files import id3v2_size
from scanner.audio.mpeg import Frame, adts_length, free_length, parse_frame

_PADDING_S = 0.25
_TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class StreamLength:
    """What the frames of a stream add up to.

    Attributes
    ----------
    seconds : float
        What they play, the encoder's delay and padding included.
    bits : float
        Of the frames: of the audio alone.
    is_uniform : bool
        Whether rate, channels and kind of frame are the same from first to last.
    """

    seconds: float
    bits: float
    is_uniform: bool = True

    @property
    def bitrate(self) -> int | None:
        """Average bits per second; None of nothing."""
        return round(self.bits / self.seconds) if self.seconds else None

    def is_about(self, seconds: float) -> bool:
        """Say whether a length differs by no more than padding may make up."""
        return abs(seconds - self.seconds) <= max(_PADDING_S, _TOLERANCE * self.seconds)


class Walk(Protocol):
    """What counts the frames of a stream that comes in blocks of any length."""

    def push(self, block: bytes) -> None:
        """Take the next bytes of the stream."""

    def finish(self) -> StreamLength | None:
        """Return the length of all that came; None if there was no frame."""


class _SyncWalk(ABC):
    """A walk from one frame's header to the next.

    Where no frame follows (junk, a tag), it goes on where several follow one another.
    """

    _MARGIN = 1 << 15  # bytes kept back: several frames, however long they are
    _RUN = 3
    _ALIKE: int  # bits of the first three bytes that frames of a run share

    def __init__(self) -> None:
        self._data = b""
        self._at = 0  # of the next frame; it may be past what has come
        self._is_synced = False

    def push(self, block: bytes) -> None:
        """Take the next bytes of the stream."""
        self._data += block
        self._advance(len(self._data) - self._MARGIN)

    def finish(self) -> StreamLength | None:
        """Return the length of all that came; None if there was no frame."""
        self._advance(len(self._data))
        return self._length()

    def _advance(self, end: int) -> None:
        """Deal with all that begins before `end`."""
        data, at = self._data, self._at
        while at < end:
            if self._is_synced:
                at = self._follow(data, at, end)
                self._is_synced = at >= end
            elif size := id3v2_size(data[at : at + 10]):
                at += size
            elif self._is_run(data, at):
                self._is_synced = True
            elif (at := data.find(b"\xff", at + 1)) < 0:
                at = len(data)
        self._data = data[at:]
        self._at = max(0, at - len(data))

    def _is_run(self, data: bytes, at: int) -> bool:
        """Say whether frames alike follow one another from `at` on, or to the end."""
        first = int.from_bytes(data[at : at + 3], "big")
        for count in range(self._RUN):
            head = int.from_bytes(data[at : at + 3], "big")
            length = self._frame_length(data, at)
            if not length or (head ^ first) & self._ALIKE:
                return count > 0 and at >= len(data)
            at += length
        return True

    @abstractmethod
    def _follow(self, data: bytes, at: int, end: int) -> int:
        """Count frames from `at` on; return where there is none, or one past `end`."""

    @abstractmethod
    def _frame_length(self, data: bytes, at: int) -> int:
        """Return the length in bytes of the frame at `at`, 0 if none begins there."""

    @abstractmethod
    def _length(self) -> StreamLength | None:
        """Return what was counted."""


_HEADER = struct.Struct(">I")
_INFO_FRAMES = (b"Xing", b"Info", b"VBRI")  # no audio is in a frame with one of these


class MpegWalk(_SyncWalk):
    """The frames of MP3, and of layers I and II."""

    _ALIKE = 0xFFFE0C  # version, layer, sample rate
    _KEPT = 0xFFFFFEC0  # all but the private bit and what says how channels are joined

    def __init__(self) -> None:
        super().__init__()
        self._lengths: dict[int, int] = {}  # by header
        self._counts: dict[int, int] = {}
        self._free = 0
        self._is_begun = False

    def _follow(self, data: bytes, at: int, end: int) -> int:
        lengths, counts, unpack = self._lengths, self._counts, _HEADER.unpack_from
        kept = self._KEPT
        if not self._is_begun:
            self._is_begun = True
            if any(name in data[at + 4 : at + 40] for name in _INFO_FRAMES):
                at += self._frame_length(data, at)
        end = min(end, len(data) - _HEADER.size + 1)
        while at < end:
            header = unpack(data, at)[0] & kept
            length = lengths.get(header) or self._learn(header)
            if not length:
                return at
            counts[header] += 1
            at += length
        return at

    def _learn(self, header: int) -> int:
        """Return the length of frames with this header, and keep it."""
        frame = self._frame(header)
        if frame is None:
            return 0
        self._lengths[header] = frame.length
        self._counts.setdefault(header, 0)
        return frame.length

    def _frame(self, header: int) -> Frame | None:
        return parse_frame(header.to_bytes(4, "big"), self._free)

    def _frame_length(self, data: bytes, at: int) -> int:
        frame = parse_frame(data[at : at + 4], self._free)
        if frame is None and not self._free and (length := free_length(data, at)):
            self._free = length
            frame = parse_frame(data[at : at + 4], length)
        return frame.length if frame else 0

    def _length(self) -> StreamLength | None:
        seconds = bits = 0.0
        kinds = set()
        for header, count in self._counts.items():
            frame = self._frame(header)
            if frame is None or not count:
                continue
            lasts = count * frame.samples / frame.sample_rate
            seconds += lasts
            bits += lasts * frame.bitrate
            kinds.add((frame.version, frame.layer, frame.sample_rate, frame.channels))
        return StreamLength(seconds, bits, len(kinds) == 1) if seconds else None


_ADTS_HEADER = struct.Struct(">IHB")
_ADTS_RATES = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000),
    *(12000, 11025, 8000, 7350),
)
_AAC_SAMPLES = 1024


class AdtsWalk(_SyncWalk):
    """The frames of AAC in ADTS.

    With HE-AAC the rate is that of the core: as many seconds, half the samples.
    """

    _ALIKE = 0xFFF63C  # layer, sample rate

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, int] = {}  # of 1024 samples, by rate and channels
        self._bytes = 0

    def _follow(self, data: bytes, at: int, end: int) -> int:
        blocks, unpack = self._blocks, _ADTS_HEADER.unpack_from
        end = min(end, len(data) - _ADTS_HEADER.size + 1)
        while at < end:
            head, more, last = unpack(data, at)
            length = (head & 3) << 11 | more >> 5
            kind = head & 0x3DC0
            if head & 0xFFF60000 != 0xFFF00000 or length < 8 or kind >> 10 > 12:
                return at
            blocks[kind] = blocks.get(kind, 0) + (last & 3) + 1
            self._bytes += length
            at += length
        return at

    def _frame_length(self, data: bytes, at: int) -> int:
        return adts_length(data[at : at + 8])

    def _length(self) -> StreamLength | None:
        seconds = sum(
            count * _AAC_SAMPLES / _ADTS_RATES[kind >> 10]
            for kind, count in self._blocks.items()
        )
        if not seconds:
            return None
        return StreamLength(seconds, self._bytes * 8.0, len(self._blocks) == 1)


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
