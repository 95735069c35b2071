"""What a file's headers say of its length: the measure of a truncated one."""

from __future__ import annotations

import os
from typing import IO

from scanner.exceptions import DecodeError
from scanner.identify import audio_start, first_frame
from scanner.mpeg import read_declared
from scanner.spans import audio_spans

_SLOPPY = 4096  # bytes that a careless writer of WAV may claim too many
_STREAMED = 0x7FFFF000  # writers to a pipe, who cannot know, claim this or more
_RIFF_LIKE = frozenset(("wav", "aiff", "au"))
_SIZED = _RIFF_LIKE | frozenset(("mp4", "asf", "matroska", "dsf", "caf", "w64"))
_OGG_TAIL = 2 * 65307  # the longest page and the one before
_JOINED = 1.2  # times the bytes that the first stream declares
_LATE_START_S = 20  # a recording of a running stream does not count from 0


def check_whole(file: IO[bytes], container: str) -> None:
    """Check that the audio which the headers claim is in the file.

    Raises
    ------
    DecodeError
        If the file ends clearly before its audio does.
    """
    size = os.fstat(file.fileno()).st_size
    missing = claimed = 0
    if container in _SIZED:
        for start, length in audio_spans(file, container):
            if length < _STREAMED or container not in _RIFF_LIKE:
                claimed += length
                missing = max(missing, start + length - size)
        if container in _RIFF_LIKE and missing <= max(_SLOPPY, claimed // 200):
            return
    elif container == "ogg":
        missing = _ogg_cut(file.fileno(), size)
    if missing > 0:
        raise DecodeError(f"truncated: at least {missing} bytes of audio are missing")


def is_joined(file: IO[bytes], container: str) -> bool:
    """Say whether an MP3 is several streams, one behind the other.

    libsndfile stops at the end of the first; libav goes on.
    """
    if container != "mp3":
        return False
    fd = file.fileno()
    start = first_frame(fd)
    found = read_declared(fd, start) if start is not None else None
    if found is None or not found[1].size:
        return False
    held = sum(length for _, length in audio_spans(file, container))
    return held > _JOINED * found[1].size + _SLOPPY


def declared_seconds(fd: int, container: str) -> float | None:
    """Return the length that the file declares, None if it does not.

    Parameters
    ----------
    fd : int
        Of the file, open for reading.
    container : str
        As `scanner.identify.identify` told it.
    """
    reader = {"flac": _flac, "mp3": _mp3, "ogg": _ogg}.get(container)
    return reader(fd) if reader else None


def _flac(fd: int) -> float | None:
    """Read the total of STREAMINFO, 0 where the encoder did not know it."""
    head = os.pread(fd, 42, audio_start(fd))
    if len(head) < 42 or head[:4] != b"fLaC" or head[4] & 0x7F:
        return None
    rate = int.from_bytes(head[18:21], "big") >> 4
    total = int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF
    return total / rate if total and rate else None


def _mp3(fd: int) -> float | None:
    """Read the Xing header: frames, less the declared delay and padding."""
    start = first_frame(fd)
    found = read_declared(fd, start) if start is not None else None
    if found is None or not found[1].frames:
        return None
    frame, declared = found
    padding = (declared.delay or 0) + (declared.padding or 0)
    samples = found[1].frames * frame.samples - padding
    return max(0, samples) / frame.sample_rate


def _ogg(fd: int) -> float | None:
    """Read the position of the last page of the first stream, if it counts from 0."""
    head = os.pread(fd, 128, 0)
    rate, skip = _ogg_clock(head[28:])
    last = None
    for page in _pages(_tail(fd)):
        position = int.from_bytes(page[6:14], "little", signed=True)
        if page[14:18] == head[14:18] and position > 0:
            last = position
    first = _first_position(fd, head[14:18])
    if not rate or last is None or first is None or first > _LATE_START_S * rate:
        return None
    return max(0, last - skip) / rate


def _ogg_clock(packet: bytes) -> tuple[int, int]:
    """Return the samples a second that positions count, and those before the start."""
    if packet.startswith(b"\x01vorbis"):
        return int.from_bytes(packet[12:16], "little"), 0
    if packet.startswith(b"OpusHead"):
        return 48000, int.from_bytes(packet[10:12], "little")
    return 0, 0


def _first_position(fd: int, serial: bytes) -> int | None:
    """Return the position at the end of the first page that finishes audio."""
    for page in _pages(os.pread(fd, 4 * _OGG_TAIL, 0)):
        position = int.from_bytes(page[6:14], "little", signed=True)
        if page[14:18] == serial and position > 0:
            return position
    return None


def _ogg_cut(fd: int, size: int) -> int:
    """Return how many bytes are missing of the page in which the file ends."""
    start = _tail_start(fd)
    data = os.pread(fd, _OGG_TAIL, start)
    at = data.rfind(b"OggS")
    if at < 0:
        return 0
    page = data[at : at + 27 + 255]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 27
    return start + at + 27 + page[26] + sum(page[27 : 27 + page[26]]) - size


def _tail(fd: int) -> bytes:
    return os.pread(fd, _OGG_TAIL, _tail_start(fd))


def _tail_start(fd: int) -> int:
    return max(0, os.fstat(fd).st_size - _OGG_TAIL)


def _pages(data: bytes) -> list[bytes]:
    """Return the headers of the pages that begin in `data`."""
    pages = []
    at = data.find(b"OggS")
    while at >= 0:
        if len(data) >= at + 27 and data[at + 4] == 0:
            pages.append(data[at : at + 27])
        at = data.find(b"OggS", at + 4)
    return pages
