"""The per-frame numbers that windows are summarised from, kept in flat memory."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import N_CHROMA, N_CONTRAST, N_MELS

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Numbers of a run of frames, one row per frame, all float32.

    Attributes
    ----------
    level : shape (n, 2)
        RMS, zero-crossing rate.
    shape : shape (n, 4)
        Bandwidth, rolloff, flatness, centroid.
    contrast_db : shape (n, 14)
        Peaks of the seven bands, then valleys, not clamped to the window's range yet.
    mel_db : shape (n, 128)
        Decibels of mel power, not clamped either.
    chroma : shape (n, 12)
    energy : shape (n, 2)
        Harmonic, percussive.
    """

    level: Array
    shape: Array
    contrast_db: Array
    mel_db: Array
    chroma: Array
    energy: Array


def _no_frames(n: int) -> Frames:
    widths = (2, 4, 2 * N_CONTRAST, N_MELS, N_CHROMA, 2)
    return Frames(*(np.zeros((n, width), np.float32) for width in widths))


class FrameStore:
    """A sliding run of frames, addressed by their number in the track.

    Parameters
    ----------
    capacity : int
        Most frames held at once.
    """

    def __init__(self, capacity: int) -> None:
        self._rows = _no_frames(capacity)
        self._first = 0

    def at(self, start: int, stop: int) -> Frames:
        """Return the rows of frames ``start:stop`` of the track, as views."""
        part = slice(start - self._first, stop - self._first)
        return Frames(*(getattr(self._rows, f.name)[part] for f in fields(Frames)))

    def forget(self, before: int, end: int) -> None:
        """Drop the frames before ``before``; those up to ``end`` move forward."""
        shift = before - self._first
        if shift <= 0:
            return
        kept = end - before
        for f in fields(Frames):
            values = getattr(self._rows, f.name)
            values[:kept] = values[shift : shift + kept]
        self._first = before
