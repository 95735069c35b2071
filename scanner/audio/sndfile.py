"""Decode through libsndfile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from scanner.decode.silence import stderr_silenced
from scanner.exceptions import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Of Ogg it reads Vorbis in 1.4 times, and Opus in three times the CPU of libav.
CONTAINERS = frozenset({"wav", "flac", "mp3", "aiff", "au", "caf", "w64"})


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is only ever read on.

    soundfile seeks to where it already is after every read of a seekable file, and
    for a compressed one that restarts the decoder.
    """

    def seekable(self) -> bool:
        return False


class SndfileStream:
    """The audio of the open file `fd`, which stays the caller's."""

    name = "libsndfile"

    def __init__(self, fd: int) -> None:
        own = os.dup(fd)
        os.lseek(own, 0, os.SEEK_SET)
        try:
            with stderr_silenced():
                self._file = _Forward(own, closefd=True)
        except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
            raise DecodeError(_reason(error)) from error
        self.sample_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.declared_s: float | None = None

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield the audio, float32 of shape (n, channels)."""
        while True:
            block = np.empty((frames, self.channels), np.float32)
            try:
                with stderr_silenced():
                    count = self._file.buffer_read_into(block, dtype="float32")
            except soundfile.SoundFileError as error:
                raise DecodeError(_reason(error)) from error
            if count == 0:
                return
            yield block[:count]

    def close(self) -> None:
        """Close libsndfile's side."""
        self._file.close()


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", None) or str(error)
    return str(text).strip().removeprefix("Error : ").rstrip(".")
