"""Harmonic and percussive energy of each frame, streamed: median HPSS, soft masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from scanner.features.definition import N_BINS

TILE = 64
"""Frames filtered at once, on a grid that starts with the track."""

_REACH = 15
_CONTEXT = 32
LAG = 16
"""A tile's last frames wait for the next tile, which their medians reach into."""

_KERNEL = 31


class Separation:
    """Splits a stream of magnitude tiles; gives energies with a lag of 16 frames."""

    def __init__(self) -> None:
        self._rows = np.zeros((_CONTEXT + TILE, N_BINS), np.float32)
        self._percussive = np.zeros((LAG + TILE, N_BINS), np.float32)
        self._tiles = 0

    def tile(self) -> NDArray[np.float32]:
        """Return where the next tile's magnitudes go, shape (64, 1025)."""
        return self._rows[_CONTEXT:]

    def split(
        self, valid: int = TILE
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Filter the tile that was filled in.

        Parameters
        ----------
        valid : int
            Frames of the tile inside the track; fewer than 64 end the track, and the
            rest is mirrored as ``scipy.ndimage`` does with its edges.

        Returns
        -------
        harmonic, percussive : shape (64,)
            Energies of the 64 frames that end 16 frames before the tile does.
        """
        if self._tiles == 0:
            self._rows[_CONTEXT - _REACH : _CONTEXT] = self._rows[
                _CONTEXT : _CONTEXT + _REACH
            ][::-1]
        if valid < TILE:
            end = _CONTEXT + valid
            reach = min(_REACH, TILE - valid)
            self._rows[end : end + reach] = self._rows[end - reach : end][::-1]
        self._percussive[LAG:] = median_filter(
            self._rows[_CONTEXT:], (1, _KERNEL), mode="reflect"
        )
        harmonic = median_filter(self._rows, (_KERNEL, 1), mode="reflect")
        first = _CONTEXT - LAG
        energies = _masked_energies(
            self._rows[first : first + TILE],
            harmonic[first : first + TILE],
            self._percussive[:TILE],
        )
        self._rows[:_CONTEXT] = self._rows[TILE:]
        self._percussive[:LAG] = self._percussive[TILE:]
        self._tiles += 1
        return energies


def _masked_energies(
    S: NDArray[np.float32], harm: NDArray[np.float32], perc: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    h, p = harm * harm, perc * perc
    total = h + p
    none = total == 0.0
    total[none] = 1.0
    h[none] = p[none] = 0.5
    return ((S * h / total) ** 2).sum(axis=1), ((S * p / total) ** 2).sum(axis=1)
