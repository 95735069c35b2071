"""Harmonic and percussive energy of frames, separated by median filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import CONTEXT, LAG, STRIDE, TILE
from scanner.features.kernels import kernel
from scanner.features.simd.llvm import WIDTH
from scanner.features.simd.median import split_energies

Floats = NDArray[np.float32]

_REACH = 15


@kernel("void(f4[:,::1], f4[:,::1], f4[:,::1])")
def _split(rows: Floats, percussive: Floats, energy: Floats) -> None:
    """Write the energies of the harmonic and the percussive part of each frame."""
    energies = np.zeros((TILE, 2, WIDTH), np.float32)
    split_energies(rows, percussive, energies)
    for t in range(TILE):
        for side in range(2):
            total = 0.0
            for lane in range(WIDTH):
                total += energies[t, side, lane]
            energy[t, side] = total


class HarmonicPercussive:
    """Splits a stream of magnitude tiles; gives energies with a lag of 16 frames.

    Attributes
    ----------
    rows : float32, shape (96, 1040)
        Magnitudes: 32 frames of context, then the tile to be filled in.
    percussive : float32, shape (80, 1040)
        Medians along frequency: 16 frames of context, then the tile's.

    Notes
    -----
    As ``librosa.decompose.hpss`` with its defaults: medians of 31 frames and of 31 bins
    [1]_, soft masks [2]_.

    References
    ----------
    .. [1] D. FitzGerald, "Harmonic/percussive separation using median filtering", Proc.
       Int. Conf. on Digital Audio Effects (DAFx), 2010.
    .. [2] J. Driedger, M. Müller, S. Disch, "Extending harmonic-percussive separation
       of audio signals", Proc. ISMIR, 2014.
    """

    def __init__(self) -> None:
        self.rows = np.zeros((CONTEXT + TILE, STRIDE), np.float32)
        self.percussive = np.zeros((LAG + TILE, STRIDE), np.float32)
        self._energy = np.empty((TILE, 2), np.float32)
        self._started = False
        self._mirrored = 0

    def split(self, valid: int = TILE) -> Floats:
        """Filter the tile that was filled in, and make room for the next.

        Parameters
        ----------
        valid : int
            Frames of the tile inside the track; fewer than 64 end the track, and the
            rest is mirrored as ``scipy.ndimage`` does with its edges.

        Returns
        -------
        float32, shape (64, 2)
            Harmonic and percussive energy of the 64 frames that end 16 frames before
            the tile does.
        """
        rows = self.rows
        if not self._started:
            rows[CONTEXT - _REACH : CONTEXT] = rows[CONTEXT : CONTEXT + _REACH][::-1]
            self._started = True
        if valid < TILE:
            self._mirror(CONTEXT + valid)
        _split(rows, self.percussive, self._energy)
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
