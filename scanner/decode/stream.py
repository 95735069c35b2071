"""Choose the decoder of a file, and see that all of the audio comes out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, Self

from scanner.decode.declared import declared_frames
from scanner.decode.process import FfmpegStream
from scanner.decode.sndfile import CONTAINERS, SndfileStream
from scanner.errors import DecodeError
from scanner.files import cause, open_regular
from scanner.identify import identify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

# Shorter than declared by more than both of these is truncated.
_TOLERANCE_S = 0.5
_TOLERANCE = 0.005


class Decoder(Protocol):
    """What a decoder gives: `declared` is the length it expects, None if unknown."""

    name: str
    sample_rate: int
    channels: int
    declared: int | None

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield the audio from the current place on."""
        ...

    def close(self) -> None:
        """Free what the decoder holds."""
        ...


class AudioStream:
    """The audio of one file, decoded block by block; a context manager.

    Attributes
    ----------
    sample_rate : int
        Native rate, Hz.
    channels : int
        Native number of channels, at least 1.
    decoder : str
        "libsndfile" or "ffmpeg".
    """

    def __init__(self, fd: int, decoder: Decoder, declared: int | None) -> None:
        self._fd = fd
        self._decoder = decoder
        self._declared = declared
        self.sample_rate = decoder.sample_rate
        self.channels = decoder.channels
        self.decoder = decoder.name

    def blocks(self, frames: int = 65536) -> Iterator[NDArray[np.float32]]:
        """Yield the audio once, in order.

        Parameters
        ----------
        frames : int > 0
            Length of every block but the last.

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
        done = 0
        for block in self._decoder.blocks(frames):
            done += len(block)
            yield block
        if done == 0:
            raise DecodeError("no audio: nothing could be decoded")
        self._check_length(done)

    def _check_length(self, done: int) -> None:
        for declared in (self._declared, self._decoder.declared):
            if declared is None:
                continue
            slack = max(_TOLERANCE_S * self.sample_rate, _TOLERANCE * declared)
            if declared - done > slack:
                raise DecodeError(
                    f"truncated: {done / self.sample_rate:.1f} s of"
                    f" {declared / self.sample_rate:.1f} s declared"
                )

    def close(self) -> None:
        """End decoding and close the file."""
        self._decoder.close()
        os.close(self._fd)

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the stream."""
        self.close()


def open_audio(path: bytes) -> AudioStream:
    """Open the audio of the file at `path`.

    libsndfile reads what it knows (WAV, FLAC, Ogg, MP3, AIFF ...), told by content;
    what it does not know or cannot open goes to an ffmpeg process, which can open
    nothing but this file. Both honour the padding that an encoder declares, see
    docs/decoding.md.

    Returns
    -------
    AudioStream
        To be used as a context manager.

    Raises
    ------
    IdentifyError
        If the content is no audio.
    DecodeError
        If the file cannot be read or decoded.
    """
    try:
        fd = open_regular(path)
    except OSError as error:
        raise DecodeError(cause(error)) from error
    try:
        container = identify(fd)
        return AudioStream(fd, _decoder(fd, container), declared_frames(fd, container))
    except OSError as error:
        os.close(fd)
        raise DecodeError(cause(error)) from error
    except BaseException:
        os.close(fd)
        raise


def _decoder(fd: int, container: str) -> Decoder:
    if container not in CONTAINERS:
        return FfmpegStream(fd)
    try:
        return SndfileStream(fd)
    except DecodeError as first:
        try:
            return FfmpegStream(fd)
        except DecodeError as second:
            raise DecodeError(
                f"libsndfile: {first.reason}; ffmpeg: {second.reason}"
            ) from first
