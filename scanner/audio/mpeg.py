"""MPEG audio frames: their headers, and what the first one declares of the stream."""

from __future__ import annotations

import os
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
