"""The audio of a file as a stream of blocks, checked to be all there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scanner.audio.files import (
    AudioFile,
    cause,
    identify,
    open_regular,
)
from scanner.audio.libav import LibavStream
from scanner.audio.mpeg import read_declared
from scanner.audio.payload import Span, audio_spans
from scanner.audio.sndfile import CONTAINERS, SndfileStream
from scanner.exceptions import DecodeError

Block = NDArray[np.float32]
Decoder = SndfileStream | LibavStream

# A stream is truncated that is shorter than declared by more than one of these and the
# share. What libav shows is the container's, which may count padding; not in these.
_TOLERANCE_S = 0.1
_SHOWN_TOLERANCE_S = 0.5
_TOLERANCE = 0.005
_BLOCK_SAMPLES = 1 << 20  # of all channels: 4 MB
_RATES = range(1000, 1_000_001)
_CHANNELS = range(1, 65)
_TRUNCATED = "truncated"
_EXACT = frozenset(("ape", "wavpack", "tta", "dsf"))


class AudioStream:
    """The audio of one file, decoded block by block; a context manager.

    libsndfile reads WAV, FLAC, MP3, AIFF and their like; what it does not know, cannot
    read or is slower at goes to libav, which can open nothing but this file. Both
    honour the padding that an encoder declares, see docs/decoding.md.

    Parameters
    ----------
    file : AudioFile
        Its position is moved.
    closefd : bool
        Whether the descriptor is closed with the stream.

    Attributes
    ----------
    sample_rate : int
        Native rate, Hz.
    channels : int
        Native number of channels, at least 1.
    decoder : str
        "libsndfile" or "libav": the one at work.

    Raises
    ------
    DecodeError
        If the file cannot be read or decoded, or ends before its audio does.
    """

    def __init__(self, file: AudioFile, *, closefd: bool = False) -> None:
        self._file = file
        self._closefd = closefd
        exact = file.container in _EXACT
        self._shown_slack_s = _TOLERANCE_S if exact else _SHOWN_TOLERANCE_S
        try:
            check_whole(file)
            self._declared_s = declared_seconds(file)
            self._decoder = _decoder(file)
        except OSError as error:
            raise DecodeError(cause(error)) from error
        self.sample_rate = self._decoder.sample_rate
        self.channels = self._decoder.channels
        if self.sample_rate not in _RATES or self.channels not in _CHANNELS:
            self._decoder.close()
            raise DecodeError(
                f"{self.sample_rate} Hz with {self.channels} channels is no music"
            )

    @property
    def decoder(self) -> str:
        """Name of the decoder at work."""
        return self._decoder.name

    def blocks(self, frames: int = 32768) -> Iterator[Block]:
        """Yield the audio once, in order.

        Parameters
        ----------
        frames : int > 0
            The most that a block holds.

        Yields
        ------
        float32, shape (n, channels)
            Full scale is [-1, 1]; lossy and float sources may exceed it, and NaN or
            inf of a float source are passed on.

        Raises
        ------
        DecodeError
            If the audio is damaged, empty, or clearly shorter than the file declares.
        """
        frames = min(frames, _BLOCK_SAMPLES // self.channels)
        done = 0
        try:
            for block in self._decoder.blocks(frames):
                done += len(block)
                yield block
            self._check_length(done)
        except DecodeError as error:
            if not isinstance(self._decoder, SndfileStream):
                raise
            yield from self._go_on(frames, done, error)

    def _go_on(self, frames: int, done: int, first: DecodeError) -> Iterator[Block]:
        """Let libav take over where libsndfile gave up.

        libmpg123 stops at a kilobyte of junk between frames; players skip it. The two
        agree to the sample on where the audio starts, so `done` is the same place.
        """
        try:
            self._replace(LibavStream(self._file.fd))
            behind = done
            done = 0
            for block in self._decoder.blocks(frames):
                done += len(block)
                if done > behind:
                    yield block[max(0, behind - (done - len(block))) :]
            self._check_length(done)
        except DecodeError as second:
            if first.reason.startswith(_TRUNCATED) or not second.reason.startswith(
                _TRUNCATED
            ):
                raise first from second
            raise DecodeError(f"damaged: {first.reason}; {second.reason}") from first

    def _replace(self, decoder: Decoder) -> None:
        same = (decoder.sample_rate, decoder.channels)
        if same != (self.sample_rate, self.channels):
            decoder.close()
            raise DecodeError("the decoders disagree on rate or channels")
        self._decoder.close()
        self._decoder = decoder

    def _check_length(self, done: int) -> None:
        if done == 0:
            raise DecodeError("no audio: nothing could be decoded")
        for declared_s, slack_s in (
            (self._declared_s, _TOLERANCE_S),
            (self._decoder.declared_s, self._shown_slack_s),
        ):
            got_s = done / self.sample_rate
            if declared_s and declared_s - got_s > max(
                slack_s, _TOLERANCE * declared_s
            ):
                raise DecodeError(
                    f"{_TRUNCATED}: {got_s:.1f} s of {declared_s:.1f} s declared"
                )

    def close(self) -> None:
        """End decoding; close the file if it is the stream's."""
        self._decoder.close()
        if self._closefd:
            os.close(self._file.fd)

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the stream."""
        self.close()


def open_audio(path: bytes) -> AudioStream:
    """Open the audio of the file at `path`.

    Returns
    -------
    AudioStream
        To be used as a context manager.

    Raises
    ------
    IdentifyError
        If the content is no audio.
    DecodeError
        If the file cannot be read or decoded, or ends before its audio does.
    """
    try:
        fd = open_regular(path)
    except OSError as error:
        raise DecodeError(cause(error)) from error
    try:
        return AudioStream(identify(fd), closefd=True)
    except OSError as error:
        os.close(fd)
        raise DecodeError(cause(error)) from error
    except BaseException:
        os.close(fd)
        raise


def _decoder(file: AudioFile) -> Decoder:
    if file.container not in CONTAINERS or is_joined(file):
        return LibavStream(file.fd)
    try:
        return SndfileStream(file.fd)
    except DecodeError as first:
        try:
            return LibavStream(file.fd)
        except DecodeError as second:
            raise DecodeError(
                f"libsndfile: {first.reason}; libav: {second.reason}"
            ) from first


_SLOPPY = 4096  # bytes that a careless writer of WAV may claim too many
_STREAMED = 0x7FFFF000  # writers to a pipe, who cannot know, claim this or more
_RIFF_LIKE = frozenset(("wav", "aiff", "au"))
_SIZED = _RIFF_LIKE | frozenset(("mp4", "asf", "matroska", "dsf", "caf", "w64"))
_OGG_TAIL = 2 * 65307  # the longest page and the one before
_JOINED = 1.2  # times the bytes that the first stream declares
_LATE_START_S = 20  # a recording of a running stream does not count from 0


def check_whole(file: AudioFile) -> None:
    """Check that the audio which the headers claim is in the file.

    Raises
    ------
    DecodeError
        If the file ends clearly before its audio does.
    """
    size = file.size()
    missing = claimed = 0
    if file.container in _SIZED:
        for start, length in _spans(file):
            if length < _STREAMED or file.container not in _RIFF_LIKE:
                claimed += length
                missing = max(missing, start + length - size)
        if file.container in _RIFF_LIKE and missing <= max(_SLOPPY, claimed // 200):
            return
    elif file.container == "ogg":
        missing = _ogg_cut(file.fd, size)
    if missing > 0:
        raise DecodeError(f"truncated: at least {missing} bytes of audio are missing")


def _spans(file: AudioFile) -> list[Span]:
    with open(file.fd, "rb", closefd=False) as stream:
        return list(audio_spans(stream, file.container))


def is_joined(file: AudioFile) -> bool:
    """Say whether an MP3 is several streams, one behind the other.

    libsndfile stops at the end of the first; libav goes on.
    """
    if file.container != "mp3":
        return False
    found = read_declared(file.fd, file.first_frame)
    if found is None or not found[1].size:
        return False
    held = sum(length for _, length in _spans(file))
    return held > _JOINED * found[1].size + _SLOPPY


def declared_seconds(file: AudioFile) -> float | None:
    """Return the length that the file declares, None if it does not."""
    reader = {"flac": _flac, "mp3": _mp3, "ogg": _ogg}.get(file.container)
    return reader(file) if reader else None


def _flac(file: AudioFile) -> float | None:
    """Read the total of STREAMINFO, 0 where the encoder did not know it."""
    head = os.pread(file.fd, 42, file.start)
    if len(head) < 42 or head[:4] != b"fLaC" or head[4] & 0x7F:
        return None
    rate = int.from_bytes(head[18:21], "big") >> 4
    total = int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF
    return total / rate if total and rate else None


def _mp3(file: AudioFile) -> float | None:
    """Read the Xing header: frames, less the declared delay and padding."""
    found = read_declared(file.fd, file.first_frame)
    return found[1].duration_s(found[0]) if found else None


def _ogg(file: AudioFile) -> float | None:
    """Read the position of the last page of the first stream, if it counts from 0."""
    head = os.pread(file.fd, 128, 0)
    rate, skip = _ogg_clock(head[28:])
    first = _ogg_positions(os.pread(file.fd, 4 * _OGG_TAIL, 0), head[14:18])
    last = _ogg_positions(_tail(file.fd), head[14:18])
    if not (rate and first and last) or first[0] > _LATE_START_S * rate:
        return None
    return max(0, last[-1] - skip) / rate


def _ogg_clock(packet: bytes) -> tuple[int, int]:
    """Return the samples a second that positions count, and those before the start."""
    if packet.startswith(b"\x01vorbis"):
        return int.from_bytes(packet[12:16], "little"), 0
    if packet.startswith(b"OpusHead"):
        return 48000, int.from_bytes(packet[10:12], "little")
    return 0, 0


def _ogg_positions(data: bytes, serial: bytes) -> list[int]:
    """Return the positions at the end of a stream's pages that finish audio."""
    positions = []
    for page in _pages(data):
        position = int.from_bytes(page[6:14], "little", signed=True)
        if page[14:18] == serial and position > 0:
            positions.append(position)
    return positions


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
