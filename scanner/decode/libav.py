"""Decode through libav, in this process."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import av
import numpy as np
from av.stream import Disposition

from scanner.audio.libav import open_file
from scanner.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from av.audio import AudioStream
    from numpy.typing import NDArray

_MICROSECONDS = 1_000_000
_ESTIMATED = "Estimating duration from bitrate"
_TOO_BAD = 2 / 3  # of all that is decoded: as much as the program ffmpeg tolerates
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
    """The audio of the open file `fd`, which stays the caller's."""

    name = "libav"

    def __init__(self, fd: int) -> None:
        self._good = self._bad = 0
        self._broken = ""
        self._file = open_file(fd)
        self._frames = self._decoded()
        try:
            self._first = self._start()
        except BaseException:
            self.close()
            raise
        self._form = _form(self._first)
        _, self.sample_rate, self.channels = self._form
        self._to_float = av.AudioResampler("flt")
        self.declared_s = self._duration()

    def _start(self) -> av.AudioFrame:
        """Open the decoder, and decode the first frame: it says rate and channels."""
        with self._file.complaints.told():
            self._file.audio.codec_context.thread_count = 1
            self._file.audio.codec_context.open()
            for frame in self._frames:
                return frame
        raise DecodeError(
            self._file.complaints.last() or "nothing in it can be decoded"
        )

    def _duration(self) -> float | None:
        """Return the length that the container declares.

        A film may go on when its sound has ended: then it says nothing.
        """
        container = self._file.container
        pictures = [
            s.disposition & Disposition.attached_pic for s in container.streams.video
        ]
        if not container.duration or _ESTIMATED in self._file.said or not all(pictures):
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
            self._broken = self._file.complaints.reason(error)
        yield None

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield the audio, float32 of shape (n, channels)."""
        with self._file.complaints.told():
            fifo = av.AudioFifo()
            for frame in self._alike(chain([self._first], self._frames)):
                frame.pts = None  # gaps are no concern of the queue's
                fifo.write(frame)
                while block := fifo.read(frames):
                    yield self._block(block)
            if rest := fifo.read():
                yield self._block(rest)
        if self._bad > _TOO_BAD * (self._good + self._bad):
            raise DecodeError(f"most of it is damaged: {self._file.complaints.last()}")
        if self._broken and not self.declared_s:
            raise DecodeError(f"it breaks off: {self._broken}")

    def _alike(self, frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
        """Bring frames of another rate or other channels to those of the first."""
        form, converter = self._form, None
        for frame in frames:
            if (now := _form(frame)) != form:
                if converter:
                    yield from self._converted(converter, None)
                form, converter = now, self._converter(now)
            if converter:
                yield from self._converted(converter, frame)
            else:
                yield frame
        if converter:
            yield from self._converted(converter, None)

    def _converter(self, form: tuple[str, int, int]) -> av.AudioResampler | None:
        first = self._first
        if form == self._form:
            return None
        return av.AudioResampler(first.format, first.layout, first.sample_rate)

    def _converted(
        self, converter: av.AudioResampler, frame: av.AudioFrame | None
    ) -> Iterator[av.AudioFrame]:
        for made in converter.resample(frame):
            if self._first.time_base:
                made.time_base = self._first.time_base
            yield made

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


def _form(frame: av.AudioFrame) -> tuple[str, int, int]:
    return frame.format.name, frame.sample_rate, frame.layout.nb_channels
