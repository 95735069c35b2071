"""Harmonic and percussive energy of each frame, streamed: median HPSS, soft masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel
from scanner.features.definition import N_BINS
from scanner.features.layout import CONTEXT, LAG, STRIDE, TILE
from scanner.features.medians import medians_along_time

_REACH = 15
_FIRST = CONTEXT - LAG


@kernel("void(f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1])")
def _split(
    rows: NDArray[np.float32],
    percussive: NDArray[np.float32],
    harmonic: NDArray[np.float32],
    energy: NDArray[np.float32],
) -> None:
    """Write the energies of S * h² / (h² + p²) and S * p² / (h² + p²) of each frame.

    Where both medians are zero, either part gets half, as in librosa's soft mask.
    """
    medians_along_time(rows, harmonic)
    for t in range(TILE):
        S, H, P = rows[_FIRST + t], harmonic[t], percussive[t]
        left, right = np.float32(0.0), np.float32(0.0)
        for k in range(N_BINS):
            h, p = H[k] * H[k], P[k] * P[k]
            neither = np.float32(1.0) if h + p == 0.0 else np.float32(0.0)
            h, p = h + neither, p + neither
            share = S[k] / (h + p)
            h, p = h * share, p * share
            left += h * h
            right += p * p
        energy[t, 0] = left
        energy[t, 1] = right


class Separation:
    """Splits a stream of magnitude tiles; gives energies with a lag of 16 frames.

    Attributes
    ----------
    rows : shape (96, 1040)
        Magnitudes: 32 frames of context, then the tile to be filled in.
    percussive : shape (80, 1040)
        Medians along frequency: 16 frames of context, then the tile's.
    """

    def __init__(self) -> None:
        self.rows = np.zeros((CONTEXT + TILE, STRIDE), np.float32)
        self.percussive = np.zeros((LAG + TILE, STRIDE), np.float32)
        self._harmonic = np.empty((TILE, STRIDE), np.float32)
        self._energy = np.empty((TILE, 2), np.float32)
        self._opened = False
        self._mirrored = 0

    def split(self, valid: int = TILE) -> NDArray[np.float32]:
        """Filter the tile that was filled in, and make room for the next.

        Parameters
        ----------
        valid : int
            Frames of the tile inside the track; fewer than 64 end the track, and the
            rest is mirrored as ``scipy.ndimage`` does with its edges.

        Returns
        -------
        shape (64, 2)
            Harmonic and percussive energy of the 64 frames that end 16 frames before
            the tile does.
        """
        rows = self.rows
        if not self._opened:
            rows[CONTEXT - _REACH : CONTEXT] = rows[CONTEXT : CONTEXT + _REACH][::-1]
            self._opened = True
        if valid < TILE:
            self._mirror(CONTEXT + valid)
        _split(rows, self.percussive, self._harmonic, self._energy)
        rows[:CONTEXT] = rows[TILE:]
        self.percussive[:LAG] = self.percussive[TILE:]
        return self._energy

    def _mirror(self, end: int) -> None:
        """Mirror the last frames about the track's end, as far as the tile goes.

        What did not go into the tile before stands mirrored in its last rows already.
        """
        last = end - self._mirrored
        reach = min(_REACH - self._mirrored, CONTEXT + TILE - end)
        source = self.rows[last - self._mirrored - reach : last - self._mirrored]
        self.rows[end : end + reach] = source[::-1]
        self._mirrored += reach
