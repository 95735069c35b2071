"""Choose the decoder of a file, and see that all of the audio comes out."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol, Self

from scanner.audio.files import cause, open_regular
from scanner.audio.sndfile import CONTAINERS, SndfileStream
from scanner.decode.declared import check_whole, declared_seconds, is_joined
from scanner.exceptions import DecodeError
from scanner.identify import identify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    Block = NDArray[np.float32]

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


class Decoder(Protocol):
    """What a decoder gives."""

    name: str
    sample_rate: int
    channels: int
    declared_s: float | None  # the length it expects

    def blocks(self, frames: int) -> Iterator[Block]:
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
        "libsndfile" or "libav": the one at work.
    """

    def __init__(self, file: IO[bytes], container: str) -> None:
        self._file = file
        self._declared_s = declared_seconds(file.fileno(), container)
        exact = container in _EXACT
        self._shown_slack_s = _TOLERANCE_S if exact else _SHOWN_TOLERANCE_S
        self._decoder = _decoder(file, container)
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
            self._replace(_libav(self._file.fileno()))
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
        """End decoding and close the file."""
        self._decoder.close()
        self._file.close()

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

    libsndfile reads WAV, FLAC, MP3, AIFF and their like, told by content; what it does
    not know, cannot read or is slower at goes to libav, which can open nothing but this
    file. Both honour the padding that an encoder declares, see docs/decoding.md.

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
        file = open(open_regular(path), "rb")  # noqa: SIM115  (the stream closes it)
    except OSError as error:
        raise DecodeError(cause(error)) from error
    try:
        container = identify(file.fileno())
        check_whole(file, container)
        return AudioStream(file, container)
    except OSError as error:
        file.close()
        raise DecodeError(cause(error)) from error
    except BaseException:
        file.close()
        raise


def _decoder(file: IO[bytes], container: str) -> Decoder:
    fd = file.fileno()
    if container not in CONTAINERS or is_joined(file, container):
        return _libav(fd)
    try:
        return SndfileStream(fd)
    except DecodeError as first:
        try:
            return _libav(fd)
        except DecodeError as second:
            raise DecodeError(
                f"libsndfile: {first.reason}; libav: {second.reason}"
            ) from first


def _libav(fd: int) -> Decoder:
    from scanner.decode.libav import LibavStream  # noqa: PLC0415  (a tenth of a second)

    return LibavStream(fd)
