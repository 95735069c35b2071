"""MPEG audio and ADTS: the headers of frames, and the length that they add up to."""

from __future__ import annotations

import os
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass


def find_frames(data: bytes) -> tuple[str, int] | None:
    """Find a run of MPEG or ADTS frames anywhere in `data`, and where it starts."""
    at = data.find(b"\xff")
    while at != -1:
        if found := frames_at(data, at):
            return found, at
        at = data.find(b"\xff", at + 1)
    return None


def frames_at(data: bytes, at: int) -> str | None:
    """Return "mp3" or "aac" where frames follow one another from `at` on."""
    for container, length_of in (("mp3", _mpeg_length), ("aac", adts_length)):
        place, count = at, 0
        while count < 4 and (length := length_of(data[place : place + 8])):
            place += length
            count += 1
        # A file of a moment may end with its second frame.
        if count >= 3 or (count == 2 and place >= len(data)):
            return container
    return "mp3" if free_length(data, at) else None


def _mpeg_length(head: bytes) -> int:
    frame = parse_frame(head)
    return frame.length if frame else 0


def free_length(data: bytes, at: int) -> int:
    """Return the length of a frame in free format, whose header names no bitrate.

    It is where the next header like this one stands, and from there two more.

    Returns
    -------
    int
        In bytes, without padding; 0 if no frame in free format begins at `at`.
    """
    head = data[at : at + 3]
    frame = parse_frame(head + b"\0", 1)
    if len(head) < 3 or head[2] >> 4 or frame is None:
        return 0
    slot = 4 if frame.layer == 1 else 1

    def padding(place: int) -> int:
        """Return the padding of a frame; of what is no frame like it, too much."""
        found = data[place : place + 3]
        alike = found[:2] == head[:2] and len(found) == 3 and not found[2] >> 4
        if not alike or (found[2] ^ head[2]) & 0x0C:
            return _FREE_LIMIT
        return slot * (found[2] >> 1 & 1)

    place = data.find(head[:2], at + _FREE_LEAST, at + _FREE_LIMIT)
    while place != -1:
        length = place - at - padding(at)
        follows = place
        for _ in range(_FREE_RUN):
            if (more := padding(follows)) == _FREE_LIMIT:
                break
            follows += length + more
        else:
            return length
        place = data.find(head[:2], place + 1, at + _FREE_LIMIT)
    return 0


def adts_length(head: bytes) -> int:
    """Return the length in bytes of the ADTS frame that `head` starts, 0 if none."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    if head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


_RATES = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
_LOW = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_BITRATES = {  # kbit/s by (MPEG 1?, layer)
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): tuple(range(32, 449, 32)),
    (False, 3): _LOW,
    (False, 2): _LOW,
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
_MONO = 3
_FREE_LEAST, _FREE_LIMIT, _FREE_RUN = 24, 1 << 13, 3  # bytes, bytes, frames
_HAS_FRAMES, _HAS_BYTES, _HAS_TOC, _HAS_QUALITY = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of one MPEG audio frame."""

    version: int  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    layer: int
    sample_rate: int
    channels: int
    samples: int
    length: int  # bytes
    bitrate: int  # bits per second; in free format that of this frame


@dataclass(frozen=True, slots=True)
class Declared:
    """What the header in the first frame declares; None where it does not."""

    frames: int | None = None
    size: int | None = None  # bytes of the stream
    encoder: str | None = None
    delay: int | None = None
    padding: int | None = None

    def duration_s(self, frame: Frame) -> float | None:
        """Return the length in seconds of a stream of frames like `frame`."""
        if not self.frames:
            return None
        held_s = self.frames * frame.samples / frame.sample_rate
        return max(0.0, held_s - self.silence_s(frame))

    def silence_s(self, frame: Frame) -> float:
        """Return delay and padding in seconds."""
        return ((self.delay or 0) + (self.padding or 0)) / frame.sample_rate


def parse_frame(head: bytes, free: int = 0) -> Frame | None:
    """Return the frame whose header `head` starts with, None if it is none.

    Parameters
    ----------
    head : bytes
    free : int
        How many bytes a frame in free format has without padding, as `free_length`
        says; 0 if there are none.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    index, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or index == 15 or rate == 3:
        return None
    if index == 0 and not free:
        return None
    hertz, padding = _RATES[version][rate], head[2] >> 1 & 1
    samples = 576 if layer == 3 and version != 3 else 1152
    slot = 1
    if layer == 1:
        samples, slot = 384, 4
    if index:
        bitrate = _BITRATES[version == 3, layer][index - 1] * 1000
        length = (samples // 8 * bitrate // hertz // slot + padding) * slot
    else:
        length = free + padding * slot
        bitrate = length * 8 * hertz // samples
    channels = 1 if head[3] >> 6 == _MONO else 2
    return Frame(version, layer, hertz, channels, samples, length, bitrate)


def read_free_frame(fd: int, start: int | None) -> Frame | None:
    """Return the frame at the offset `start` if it is one in free format."""
    data = b"" if start is None else os.pread(fd, 4 * _FREE_LIMIT, start)
    return parse_frame(data, length) if (length := free_length(data, 0)) else None


def read_declared(fd: int, start: int | None) -> tuple[Frame, Declared] | None:
    """Return the frame at the offset `start` and what it declares of the stream."""
    data = b"" if start is None else os.pread(fd, 512, start)
    if not (frame := parse_frame(data)):
        return None
    side = {(True, 2): 32, (True, 1): 17, (False, 2): 17, (False, 1): 9}
    at = 4 + side[frame.version == 3, frame.channels]
    if data[at : at + 4] in (b"Xing", b"Info"):
        return frame, _xing(data[at:])
    if data[36:40] == b"VBRI":
        size, frames = (int.from_bytes(data[at : at + 4], "big") for at in (46, 50))
        return frame, Declared(frames or None, size or None)
    return frame, Declared()


def _xing(data: bytes) -> Declared:
    flags = int.from_bytes(data[4:8], "big")
    at = 8
    frames = size = 0
    if flags & _HAS_FRAMES:
        frames = int.from_bytes(data[at : at + 4], "big")
        at += 4
    if flags & _HAS_BYTES:
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
    at += 100 if flags & _HAS_TOC else 0
    at += 4 if flags & _HAS_QUALITY else 0
    name = data[at : at + 9].split(b"\0")[0]
    encoder = name.decode("ascii", "replace").strip() if name.isascii() else ""
    if not encoder.startswith(("LAME", "Lavf", "Lavc", "L3.99", "GOGO")):
        return Declared(frames or None, size or None, encoder or None)
    gapless = int.from_bytes(data[at + 21 : at + 24], "big")
    padding = (gapless >> 12, gapless & 0xFFF)
    return Declared(frames or None, size or None, encoder, *padding)


def id3v2_size(head: bytes) -> int:
    """Return the length of the ID3v2 tag that starts with `head`, 0 if none does."""
    if len(head) < 10 or head[:3] != b"ID3" or head[3] == 0xFF or head[4] == 0xFF:
        return 0
    if any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


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
