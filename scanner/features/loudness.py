"""Integrated loudness: ITU-R BS.1770-4, at the signal's own rate, in one pass."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel

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


def k_weighting(sr: float) -> NDArray[np.float64]:
    """Return the shelf and the high-pass at rate ``sr``, rows b0 b1 b2 a1 a2.

    The analogue prototypes behind the coefficients that BS.1770 gives for 48 kHz,
    transformed to any other rate.
    """
    shelf_hz, gain_db, shelf_q = (
        1681.974450955533,
        3.999843853973347,
        0.7071752369554196,
    )
    k = math.tan(math.pi * shelf_hz / sr)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    norm = 1.0 + k / shelf_q + k * k
    shelf = [
        (high + band * k / shelf_q + k * k) / norm,
        2.0 * (k * k - high) / norm,
        (high - band * k / shelf_q + k * k) / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k / shelf_q + k * k) / norm,
    ]
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / sr)
    norm = 1.0 + k / pass_q + k * k
    high_pass = [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / norm]
    high_pass.append((1.0 - k / pass_q + k * k) / norm)
    return np.array([shelf, high_pass])


@kernel("f8(f4[:,:], i8, f8[:,:], f8[:,:])")
def _filtered_energy(
    block: NDArray[np.float32],
    channel: int,
    coefficients: NDArray[np.float64],
    state: NDArray[np.float64],
) -> float:
    """Return the energy of one channel after both biquads; ``state`` goes on."""
    b0, b1, b2, a1, a2 = coefficients[0]
    c0, c1, c2, d1, d2 = coefficients[1]
    s1, s2, t1, t2 = state[channel]
    energy = 0.0
    for i in range(block.shape[0]):
        x = float(block[i, channel])
        y = b0 * x + s1
        s1 = b1 * x - a1 * y + s2
        s2 = b2 * x - a2 * y
        z = c0 * y + t1
        t1 = c1 * y - d1 * z + t2
        t2 = c2 * y - d2 * z
        energy += z * z
    state[channel, 0] = s1
    state[channel, 1] = s2
    state[channel, 2] = t1
    state[channel, 3] = t2
    return energy


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
        self._coefficients = k_weighting(sr)
        self._state = np.zeros((channels, 4))
        self._weights = _WEIGHTS.get(channels, (1.0,) * channels)
        self._step = (sr + 5) // 10
        self._left = self._step
        self._energy = 0.0
        self._steps: list[float] = []

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n, channels)."""
        start, n = 0, block.shape[0]
        while start < n:
            part = block[start : start + self._left]
            for channel, weight in enumerate(self._weights):
                if weight:
                    self._energy += weight * _filtered_energy(
                        part, channel, self._coefficients, self._state
                    )
            start += part.shape[0]
            self._left -= part.shape[0]
            if self._left == 0:
                self._steps.append(self._energy / self._step)
                self._energy, self._left = 0.0, self._step

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
