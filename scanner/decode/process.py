"""Decode through an ffmpeg process."""

from __future__ import annotations

import re
import struct
from typing import IO, TYPE_CHECKING

import numpy as np

from scanner.errors import DecodeError
from scanner.ffmpeg import Ffmpeg, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
_HAS_FILM = re.compile(r"Stream #.*: Video: (?!.*\(attached pic\))")
_ESTIMATED = "Estimating duration from bitrate"


class FfmpegStream:
    """The audio of the open file `fd`, which stays the caller's.

    ffmpeg writes WAV: its header says rate and channels before the samples come.
    """

    name = "ffmpeg"

    def __init__(self, fd: int) -> None:
        self._ffmpeg = Ffmpeg(
            fd,
            *("-map", "0:a:0", "-map_metadata", "-1", "-fflags", "+bitexact"),
            *("-c:a", "pcm_f32le", "-f", "wav"),
        )
        try:
            self.sample_rate, self.channels = self._header(self._ffmpeg.stdout)
        except BaseException:
            self._ffmpeg.close()
            raise
        self.declared_s = self._duration(self._ffmpeg.said())

    def _header(self, pipe: IO[bytes]) -> tuple[int, int]:
        """Read the header of a WAV stream up to the first sample."""
        if len(pipe.read(12)) < 12:
            self._ffmpeg.wait()
            raise DecodeError(complaint(self._ffmpeg.said()))
        rate = channels = 0
        while len(head := pipe.read(8)) == 8 and head[:4] != b"data":
            body = pipe.read(int.from_bytes(head[4:], "little"))
            if head[:4] == b"fmt " and len(body) >= 16:
                channels, rate = struct.unpack_from("<HI", body, 2)
        if not rate or not channels:
            raise DecodeError("ffmpeg found no audio stream")
        return rate, channels

    def _duration(self, said: str) -> float | None:
        """Read the length that the container declares.

        A film may go on when its sound has ended: then it says nothing.
        """
        found = _DURATION.search(said)
        if found is None or _ESTIMATED in said or _HAS_FILM.search(said):
            return None
        hours, minutes, seconds = found.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield the audio, float32 of shape (n, channels)."""
        while True:
            block = np.empty((frames, self.channels), "<f4")
            filled = self._ffmpeg.stdout.readinto(block.data.cast("B"))
            if whole := filled // (4 * self.channels):
                yield block[:whole]
            if filled < block.nbytes:
                break
        if status := self._ffmpeg.wait():
            why = complaint(self._ffmpeg.said())
            raise DecodeError(f"ffmpeg ended with status {status}: {why}")

    def close(self) -> None:
        """End the process, finished or not."""
        self._ffmpeg.close()
