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
    for container, length_of in (("mp3", _mpeg_length), ("aac", _adts_length)):
        place, count = at, 0
        while count < 4 and (length := length_of(data[place : place + 8])):
            place += length
            count += 1
        # A file of a moment may end with its second frame.
        if count >= 3 or (count == 2 and place >= len(data)):
            return container
    return None


def _mpeg_length(head: bytes) -> int:
    frame = parse_frame(head)
    return frame.length if frame else 0


def _adts_length(head: bytes) -> int:
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
        samples = self.frames * frame.samples
        samples -= (self.delay or 0) + (self.padding or 0)
        return max(0, samples) / frame.sample_rate


def parse_frame(head: bytes) -> Frame | None:
    """Return the frame whose header `head` starts with, None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    bits = _BITRATES[version == 3, layer][bitrate - 1] * 1000
    hertz, padding = _RATES[version][rate], head[2] >> 1 & 1
    if layer == 1:
        samples, length = 384, (12 * bits // hertz + padding) * 4
    else:
        samples = 576 if layer == 3 and version != 3 else 1152
        length = samples // 8 * bits // hertz + padding
    channels = 1 if head[3] >> 6 == _MONO else 2
    return Frame(version, layer, hertz, channels, samples, length)


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
