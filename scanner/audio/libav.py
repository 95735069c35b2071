"""Decoding through libav, the library behind ffmpeg, of one untrusted file."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import av
import av.logging
import numpy as np
from av.audio import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition
from numpy.typing import NDArray

from scanner.audio.files import cause
from scanner.exceptions import DecodeError

# Demuxers that hold audio and can refer to nothing outside the file. Playlists, concat
# scripts, image sequences, devices and game formats are not among them.
FORMATS = (
    "aac,aiff,ape,asf,au,caf,dsf,flac,matroska,mov,mp3,mp4,m4a,3gp,3g2,mj2,mpc,mpc8,"
    "ogg,tak,tta,w64,wav,webm,wv"
)
_NO_PROTOCOL = "none"  # what is read comes from a descriptor that is open already
_GEN_PTS = 1  # AVFMT_FLAG_GENPTS
_BUFFER = 1 << 16  # bytes that are read at once
_EMPTY = "Truncating packet"  # no error, but what libav does about one
# A disk that fails is heard of otherwise: these are about the content.
_PLAIN = {
    "End of file": "it ends too soon",
    "Input/output error": "it ends too soon",
    "Invalid argument": "its headers make no sense",
}
_CODEC = re.compile(r"^  Stream #\S+: Audio: (\w+)", re.MULTILINE)
# PyAV (18.1) frees an order of channels twice that has no name. What the decoder does
# not bring into an order of its own stays as it is, without one.
_ODD_ORDER = re.compile(r"^  Stream #\S+: Audio: .*?, (\d+) channels \(", re.MULTILINE)
_NOT_UTF8 = {"metadata_errors": "surrogateescape"}  # which is what PyAV 19 does anyway

# Errors are remembered, and nothing is printed.
av.logging.set_level(av.logging.PANIC)
logging.getLogger("libav").setLevel(logging.CRITICAL + 1)


class ErrorLog:
    """The errors that libav logs from now on."""

    def __init__(self) -> None:
        self._before = av.logging.get_last_error()[0]

    def last(self) -> str:
        """Return the last error as one line, "" if there was none."""
        count, last = av.logging.get_last_error()
        if last is None or count == self._before or last[2].startswith(_EMPTY):
            return ""
        return " ".join(last[2].split()).rstrip(".")

    def reason(self, error: av.FFmpegError) -> str:
        """Return what was wrong: the last error logged, or else what `error` says."""
        text = str(error.strerror)
        return self.last() or _PLAIN.get(text, text)

    @contextmanager
    def as_decode_errors(self) -> Iterator[None]:
        """Raise what libav raises inside as a DecodeError with its reason."""
        try:
            yield
        except av.FFmpegError as error:
            raise DecodeError(self.reason(error)) from error
        except OSError as error:  # of the file itself
            raise DecodeError(cause(error)) from error


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that libav has open.

    Attributes
    ----------
    container : InputContainer
    audio : AudioStream
        Its first one; packets of all others are thrown away.
    description : str
        What the program ffmpeg would print about the file.
    error_log : ErrorLog
    """

    container: InputContainer
    audio: AudioStream
    description: str
    error_log: ErrorLog


def open_file(fd: int, end: int | None = None) -> OpenFile:
    """Open the audio of the open file `fd`, which stays the caller's.

    Only these bytes can be read, whatever they refer to, and only decoders of audio
    are run: no picture is decoded.

    Parameters
    ----------
    fd : int
    end : int, optional
        Offset where the file ends for libav, as in front of a tag.

    Raises
    ------
    DecodeError
        If libav does not know it, or finds no audio stream.
    """
    error_log = ErrorLog()
    options = {
        "protocol_whitelist": _NO_PROTOCOL,
        "format_whitelist": FORMATS,
        "codec_whitelist": _audio_decoders(),
    }
    with error_log.as_decode_errors(), _captured_messages() as messages:
        reader = _Reader(fd, os.fstat(fd).st_size if end is None else end)
        container = av.open(
            reader, "r", container_options=options, buffer_size=_BUFFER, **_text()
        )
        try:
            dump = container.dumps_format()
            audio = _first_audio(container, dump)
        except BaseException:
            container.close()
            raise
    text = "".join(message for _, _, message in messages)
    return OpenFile(container, audio, text + dump, error_log)


def _first_audio(container: InputContainer, dump: str) -> AudioStream:
    if not container.streams.audio:
        raise DecodeError("there is no audio stream in it")
    audio = container.streams.audio[0]
    if getattr(audio, "codec_context", None) is None:
        codec = _CODEC.search(dump)
        name = codec[1] if codec and codec[1] != "none" else "it"
        raise DecodeError(f"nothing decodes {name}")
    if odd := _ODD_ORDER.search(dump):
        audio.codec_context.options = {"ch_layout": f"{odd[1]}C"}
    container.flags &= ~_GEN_PTS  # it would read ahead for nothing
    for stream in container.streams:
        if stream.index != audio.index:
            stream.discard = Discard.all
    return audio


@contextmanager
def _captured_messages() -> Iterator[list[tuple[int, str, str]]]:
    """Give the messages of libav: level, who says it, and what."""
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture() as messages:
            yield messages
    finally:
        av.logging.set_level(av.logging.PANIC)


@cache
def _audio_decoders() -> str:
    names = []
    for name in av.codecs_available:
        try:
            codec = av.Codec(name, "r")
        except ValueError:  # it only encodes
            continue
        if codec.type == "audio":
            names.append(name)
    return ",".join(sorted(names))


def _text() -> dict[str, Any]:
    return _NOT_UTF8 if int(av.__version__.split(".")[0]) < 19 else {}


class _Reader:
    """The first bytes of a descriptor, at a position that is nobody else's."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self._size = size
        self._at = 0

    def read(self, count: int) -> bytes:
        if self._at >= self._size:  # wherever a header pointed
            return b""
        data = os.pread(self._fd, min(count, self._size - self._at), self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int) -> int:
        start = {os.SEEK_CUR: self._at, os.SEEK_END: self._size}.get(whence, 0)
        if start + offset < 0:  # an exception would be raised at the next call
            return -errno.EINVAL
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at


_MICROSECONDS = 1_000_000
_ESTIMATED = "Estimating duration from bitrate"
_TOLERATED = 2 / 3  # of all that is decoded: as much as the program ffmpeg tolerates
_PLANES = 8  # of so many in a frame, PyAV does not see the end
# Sample format -> its type, its zero, and what makes full scale of it.
_FORMATS = {
    "u8": ("u1", 128, 2.0**-7),
    "s16": ("i2", 0, 2.0**-15),
    "s32": ("i4", 0, 2.0**-31),
    "flt": ("f4", 0, 1.0),
    "dbl": ("f8", 0, 1.0),
}


class LibavStream:
    """The audio of the open file `fd`, which stays the caller's; see `open_file`."""

    name = "libav"

    def __init__(self, fd: int, end: int | None = None) -> None:
        self._good = self._bad = 0
        self._broken = ""
        self._file = open_file(fd, end)
        self._frames = self._decoded()
        try:
            self._first = self._start()
        except BaseException:
            self.close()
            raise
        self._format = _frame_format(self._first)
        _, self.sample_rate, self.channels = self._format
        self._to_float = av.AudioResampler("flt")
        self.declared_s = self._duration()

    def _start(self) -> av.AudioFrame:
        """Open the decoder, and decode the first frame: it says rate and channels."""
        with self._file.error_log.as_decode_errors():
            self._file.audio.codec_context.thread_count = 1
            self._file.audio.codec_context.open()
            if frame := next(self._frames, None):
                return frame
        raise DecodeError(self._file.error_log.last() or "nothing in it can be decoded")

    def _duration(self) -> float | None:
        """Return the length that the container declares.

        A film may go on when its sound has ended: then it says nothing.
        """
        container = self._file.container
        pictures = [
            s.disposition & Disposition.attached_pic for s in container.streams.video
        ]
        if (
            not container.duration
            or _ESTIMATED in self._file.description
            or not all(pictures)
        ):
            return None
        return container.duration / _MICROSECONDS

    def _decoded(self) -> Generator[av.AudioFrame]:
        """Yield what can be decoded; as ffmpeg does, go on behind what cannot."""
        decode = self._file.audio.codec_context.decode
        for packet in self._packets():
            try:
                frames = decode(packet)
            except av.FFmpegError:
                self._bad += 1
            else:
                self._good += len(frames)
                yield from frames

    def _packets(self) -> Iterator[av.Packet[AudioStream] | None]:
        """Yield the packets, and None behind them, which empties the decoder."""
        try:
            for packet in self._file.container.demux(self._file.audio):
                if packet.size:
                    yield packet
        except av.PatchWelcomeError as error:  # streams in an Ogg file that differ
            raise DecodeError("libav does not support what comes next in it") from error
        except av.FFmpegError as error:
            self._broken = self._file.error_log.reason(error)
        yield None

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield the audio, float32 of shape (n, channels)."""
        with self._file.error_log.as_decode_errors():
            fifo = av.AudioFifo()
            for frame in self._conform(chain([self._first], self._frames)):
                frame.pts = None  # gaps are no concern of the queue's
                fifo.write(frame)
                while block := fifo.read(frames):
                    yield self._block(block)
            if rest := fifo.read():
                yield self._block(rest)
        if self._bad > _TOLERATED * (self._good + self._bad):
            raise DecodeError(f"most of it is damaged: {self._file.error_log.last()}")
        if self._broken and not self.declared_s:
            raise DecodeError(f"it breaks off: {self._broken}")

    def _conform(self, frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
        """Bring frames of another rate or other channels to those of the first."""
        first, current, converter = self._first, self._format, None
        for frame in frames:
            if (now := _frame_format(frame)) != current:
                if converter:
                    yield from self._converted(converter, None)
                current, converter = now, None
                if now != self._format:
                    like_first = (first.format, first.layout, first.sample_rate)
                    converter = av.AudioResampler(*like_first)
            if converter:
                yield from self._converted(converter, frame)
            else:
                yield frame
        if converter:
            yield from self._converted(converter, None)

    def _converted(
        self, converter: av.AudioResampler, frame: av.AudioFrame | None
    ) -> Iterator[av.AudioFrame]:
        for converted in converter.resample(frame):
            if self._first.time_base:
                converted.time_base = self._first.time_base
            yield converted

    def _block(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        """Return the samples of a frame, the channels side by side."""
        planar = frame.format.is_planar
        if frame.format.packed.name not in _FORMATS or (
            planar and self.channels >= _PLANES
        ):
            (frame,) = self._to_float.resample(frame)
            planar = False
        kind, zero, scale = _FORMATS[frame.format.packed.name]
        block = np.empty((frame.samples, self.channels), np.float32)
        width = 1 if planar else self.channels
        for at, plane in enumerate(frame.planes):
            part = np.frombuffer(memoryview(plane), kind, frame.samples * width)
            block[:, at : at + width] = part.reshape(-1, width)
        if scale != 1.0:
            block -= np.float32(zero)
            block *= np.float32(scale)
        return block

    def close(self) -> None:
        """Free what libav holds."""
        self._frames.close()
        self._file.container.close()


def _frame_format(frame: av.AudioFrame) -> tuple[str, int, int]:
    return frame.format.name, frame.sample_rate, frame.layout.nb_channels
