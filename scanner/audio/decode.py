"""The audio of a file as a stream of blocks, checked to be all there."""

from __future__ import annotations

import os
import struct
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
from scanner.audio.mpeg import StreamLength, read_declared
from scanner.audio.payload import (
    TAGGED,
    audio_spans,
    is_chunk,
    read_chunks,
    read_payload,
)
from scanner.audio.positions import Span
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
    length : StreamLength, optional
        What its frames add up to, where `scanner.audio.payload.read_payload` has
        counted them already.
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

    def __init__(
        self,
        file: AudioFile,
        length: StreamLength | None = None,
        *,
        closefd: bool = False,
    ) -> None:
        self._file = file
        self._closefd = closefd
        exact = file.container in _EXACT
        self._shown_slack_s = _TOLERANCE_S if exact else _SHOWN_TOLERANCE_S
        try:
            check_whole(file)
            length = length or read_payload(file).length
            self._declared_s = declared_seconds(file)
            self._counted_s = length.seconds - _padding_s(file) if length else None
            self._decoder = _open_decoder(file, self._counted_s, length)
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
            self._replace(_open_libav(self._file))
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
        got_s = done / self.sample_rate
        shown_s = None if self._counted_s else self._decoder.declared_s
        for whole_s, slack_s, source in (
            (self._declared_s, _TOLERANCE_S, "declared"),
            (self._counted_s, _TOLERANCE_S, "in its frames"),
            (shown_s, self._shown_slack_s, "declared"),
        ):
            if whole_s and is_shorter(got_s, whole_s, slack_s):
                raise DecodeError(
                    f"{_TRUNCATED}: {got_s:.1f} s of {whole_s:.1f} s {source}"
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


def is_shorter(got_s: float, whole_s: float, slack_s: float = _TOLERANCE_S) -> bool:
    """Say whether a length is clearly less than another, both in seconds."""
    return whole_s - got_s > max(slack_s, _TOLERANCE * whole_s)


def _open_decoder(
    file: AudioFile, counted_s: float | None, length: StreamLength | None
) -> Decoder:
    """Open the decoder that reads a file to its end, if either does.

    libsndfile reads as many samples as it expects from a header, or from the bitrate
    of the first frame, and stays with the rate and channels that it finds first.
    """
    if file.container not in CONTAINERS or _stops_early(file):
        return _open_libav(file)
    try:
        decoder = SndfileStream(file.fd)
    except DecodeError as first:
        try:
            return _open_libav(file)
        except DecodeError as second:
            raise DecodeError(
                f"libsndfile: {first.reason}; libav: {second.reason}"
            ) from first
    if length is None or counted_s is None:
        return decoder
    if length.is_uniform and not is_shorter(decoder.expected_s, counted_s):
        return decoder
    decoder.close()
    return _open_libav(file)


def _open_libav(file: AudioFile) -> LibavStream:
    """Open libav's decoder, for which a file ends in front of the tags at its end.

    It would take a cover of some megabytes in an APEv2 tag for damaged audio.
    """
    if file.container not in TAGGED:
        return LibavStream(file.fd)
    ((start, length),) = _spans(file)
    return LibavStream(file.fd, start + length)


def _stops_early(file: AudioFile) -> bool:
    """Say whether libsndfile may stop too soon: MP3 in WAV, AU longer than it says."""
    if file.container == "wav":
        spans = _spans(file)
        code = os.pread(file.fd, 2, spans[0][0]) if spans else b""
        return int.from_bytes(code, "little") in _MPEG_IN_WAV
    if file.container == "au":
        ends = [start + length for start, length in _spans(file)]
        return bool(ends) and file.size() > ends[-1] + _SLOPPY
    return False


_MPEG_IN_WAV = (0x50, 0x55)  # codes of the format
_SLOPPY = 4096  # bytes
_CHUNK_HEAD = 8  # bytes: name and size
_LOOK = 1 << 16  # bytes behind the samples that tell whether more samples follow
_STREAMED = 0x7FFFF000  # writers to a pipe, who cannot know, claim this or more
_RIFF_LIKE = frozenset(("wav", "aiff", "au"))
_SIZED = _RIFF_LIKE | frozenset(("mp4", "asf", "matroska", "dsf", "caf", "w64"))
_OGG_TAIL = 2 * 65307  # the longest page and the one before


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
        if file.container in _RIFF_LIKE and missing <= _slack(claimed):
            missing = 0
        if file.container == "wav":
            _check_rest(file)
    elif file.container == "ogg":
        missing = _ogg_cut(file.fd, size)
    if missing > 0:
        raise DecodeError(f"truncated: at least {missing} bytes of audio are missing")


def _check_rest(file: AudioFile) -> None:
    """Check that no samples follow those which a WAV declares, as where 4 GB end.

    Raises
    ------
    DecodeError
        If something follows that is neither a chunk nor empty.
    """
    claimed = 0
    with open(file.fd, "rb", closefd=False) as stream:
        for name, start, size in read_chunks(stream, file.container):
            if name == b"data":
                claimed = size
            rest = file.size() - start + _CHUNK_HEAD
            is_small = not claimed or rest <= _slack(claimed)
            if is_small or is_chunk(stream, start - _CHUNK_HEAD):
                continue
            if any(os.pread(file.fd, _LOOK, start)):
                raise DecodeError(
                    f"its header declares {claimed} bytes of audio, "
                    f"but {rest} bytes more follow"
                )


def _slack(claimed: int) -> int:
    """Return how many bytes too many or too few a careless writer may claim."""
    return max(_SLOPPY, claimed // 200)


def _spans(file: AudioFile) -> list[Span]:
    with open(file.fd, "rb", closefd=False) as stream:
        return list(audio_spans(stream, file.container))


def declared_seconds(file: AudioFile) -> float | None:
    """Return the length that the file declares, None if it does not."""
    reader = {"flac": _flac, "mp3": _mp3, "aiff": _aiff}.get(file.container)
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


def _padding_s(file: AudioFile) -> float:
    """Return the delay and padding that an MP3 declares, which no decoder plays."""
    if file.container != "mp3":
        return 0.0
    found = read_declared(file.fd, file.first_frame)
    return found[1].silence_s(found[0]) if found else 0.0


_UNITY_EXPONENT = 16383 + 63  # of a float of 80 bits whose mantissa is an integer


def _aiff(file: AudioFile) -> float | None:
    """Read the number of frames in COMM, and the rate, a float of 80 bits."""
    with open(file.fd, "rb", closefd=False) as stream:
        for name, start, _ in read_chunks(stream, "aiff"):
            if name == b"COMM":
                head = os.pread(file.fd, 18, start).ljust(18, b"\0")
                exponent, mantissa = struct.unpack_from(">HQ", head, 8)
                rate = mantissa >> max(0, _UNITY_EXPONENT - exponent)
                return int.from_bytes(head[2:6], "big") / rate if rate else None
    return None


def _ogg_cut(fd: int, size: int) -> int:
    """Return how many bytes are missing of the page in which the file ends."""
    start = max(0, size - _OGG_TAIL)
    data = os.pread(fd, _OGG_TAIL, start)
    at = data.rfind(b"OggS")
    if at < 0:
        return 0
    page = data[at : at + 27 + 255]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 27
    return start + at + 27 + page[26] + sum(page[27 : 27 + page[26]]) - size
