"""The per-frame numbers that windows are summarised from, kept in flat memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import N_CHROMA, N_CONTRAST, N_MELS

Array = NDArray[np.float32]


class Frames:
    """Numbers of a run of frames, one row per frame, all float32.

    Attributes
    ----------
    rms, zcr, centroid, bandwidth, rolloff, flatness : shape (n,)
    peak_db, valley_db : shape (n, 7)
        Spectral contrast before its clamps.
    mel_db : shape (n, 128)
        Decibels of mel power, not clamped to the window's range yet.
    chroma : shape (n, 12)
    harmonic, percussive : shape (n,)
        Energy of either part.
    """

    def __init__(self, n: int) -> None:
        self.rms = np.zeros(n, np.float32)
        self.zcr = np.zeros(n, np.float32)
        self.centroid = np.zeros(n, np.float32)
        self.bandwidth = np.zeros(n, np.float32)
        self.rolloff = np.zeros(n, np.float32)
        self.flatness = np.zeros(n, np.float32)
        self.peak_db = np.zeros((n, N_CONTRAST), np.float32)
        self.valley_db = np.zeros((n, N_CONTRAST), np.float32)
        self.mel_db = np.zeros((n, N_MELS), np.float32)
        self.chroma = np.zeros((n, N_CHROMA), np.float32)
        self.harmonic = np.zeros(n, np.float32)
        self.percussive = np.zeros(n, np.float32)

    def view(self, start: int, stop: int) -> Frames:
        """Return rows ``start:stop`` without copying them."""
        part = object.__new__(Frames)
        for name, values in vars(self).items():
            setattr(part, name, values[start:stop])
        return part


class FrameStore:
    """A sliding run of frames, addressed by their number in the track.

    Parameters
    ----------
    capacity : int
        Most frames held at once.
    """

    def __init__(self, capacity: int) -> None:
        self._rows = Frames(capacity)
        self._capacity = capacity
        self._first = 0

    def at(self, start: int, stop: int) -> Frames:
        """Return the rows of frames ``start:stop`` of the track, as views."""
        return self._rows.view(start - self._first, stop - self._first)

    def forget(self, before: int, end: int) -> None:
        """Drop the frames before ``before``; those up to ``end`` move forward."""
        shift = before - self._first
        if shift <= 0:
            return
        kept = end - before
        for values in vars(self._rows).values():
            values[:kept] = values[shift : shift + kept]
        self._first = before

    def has_room(self, end: int) -> bool:
        """Tell whether frames up to ``end`` would fit."""
        return end - self._first <= self._capacity
