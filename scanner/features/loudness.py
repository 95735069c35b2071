"""Integrated loudness: ITU-R BS.1770-4, at the signal's own rate, in one pass."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from scanner.features.weighting import coefficients, matrices, weighted_powers

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET = -0.691
_STEPS_PER_BLOCK = 4
_SHORT_TERM_STEPS = 30
_RANGE_GATE_LU = -20.0

_WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, 1.41, 1.41),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41),
}
"""By channel count, in the order of WAV files; low-frequency effects are left out."""


class LoudnessMeter:
    """Measures a stream of blocks.

    Parameters
    ----------
    sr : int
        Rate in Hz.
    channels : int
        1, 2, or a layout of WAV files with up to 8; further channels weigh 1.
    """

    def __init__(self, sr: int, channels: int) -> None:
        self._biquads = coefficients(sr)
        self._tables = matrices(self._biquads)
        self._state = np.zeros((channels, 4))
        self._weights = np.array(_WEIGHTS.get(channels, (1.0,) * channels))
        heard = np.flatnonzero(self._weights)
        seconds = np.append(heard[1::2], heard[-1:])[: len(heard[::2])]
        self._pairs = np.stack([heard[::2], seconds], axis=1)
        self._energy = np.zeros(channels)
        self._step = (sr + 5) // 10
        self._place = np.array([self._step, 0])
        self._steps = array("d")

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n, channels)."""
        powers = np.empty(block.shape[0] // self._step + 1)
        found = weighted_powers(
            block,
            self._pairs,
            self._weights,
            self._biquads,
            self._tables,
            self._state,
            self._energy,
            self._place,
            powers,
        )
        self._steps.frombytes(powers[:found].tobytes())

    def steps(self) -> NDArray[np.float64]:
        """Return the weighted power of each 100 ms so far, shape (n,)."""
        return np.array(self._steps)

    def integrated(self) -> float | None:
        """Return the loudness so far in LUFS; None where nothing passes the gate."""
        steps = np.array(self._steps)
        if steps.size < _STEPS_PER_BLOCK:
            return None
        blocks = np.convolve(steps, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK))
        blocks = blocks[_STEPS_PER_BLOCK - 1 : steps.size]
        loud = blocks[blocks > _power(_ABSOLUTE_GATE_LUFS)]
        if loud.size == 0:
            return None
        gate = loud.mean() * 10.0 ** (_RELATIVE_GATE_LU / 10.0)
        return float(_OFFSET + 10.0 * np.log10(loud[loud > gate].mean()))


def loudness_range(steps: NDArray[np.float64]) -> float | None:
    """Return the loudness range in LU, as EBU Tech 3342 defines it.

    Parameters
    ----------
    steps : shape (n,)
        As ``LoudnessMeter.steps`` returns them.

    Returns
    -------
    float or None
        From the 10th to the 95th percentile of the loudness of 3 s, 20 LU and more
        below the mean left out; None where less than 3 s pass the absolute gate.
    """
    if steps.size < _SHORT_TERM_STEPS:
        return None
    sums = np.cumsum(np.concatenate(([0.0], steps)))
    blocks = (sums[_SHORT_TERM_STEPS:] - sums[:-_SHORT_TERM_STEPS]) / _SHORT_TERM_STEPS
    loud = blocks[blocks > _power(_ABSOLUTE_GATE_LUFS)]
    if loud.size == 0:
        return None
    gate = loud.mean() * 10.0 ** (_RANGE_GATE_LU / 10.0)
    kept = np.sort(loud[loud >= gate])
    low, high = (kept[round((kept.size - 1) * share)] for share in (0.10, 0.95))
    return float(10.0 * np.log10(high / low))


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET) / 10.0))
