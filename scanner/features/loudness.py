"""Integrated loudness and loudness range of a signal, K-weighted, in one pass."""

from __future__ import annotations

import math
from array import array
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanner.features.simd.k_weighting import add_powers
from scanner.features.simd.llvm import WIDTH

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET = -0.691
_STEPS_PER_BLOCK = 4
_SHORT_TERM_STEPS = 30
_RANGE_GATE_LU = -20.0
_NEGLIGIBLE = 1e-16

_PIECE = 32768
"""Samples, of each channel, that are looked at together."""

_WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, 1.41, 1.41),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41),
}
"""By channel count, in the order of WAV files; low-frequency effects are left out."""


def coefficients(sr: float) -> Doubles:
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


class KWeighting(NamedTuple):
    """The two filters of K-weighting at one rate, and what follows from them.

    Attributes
    ----------
    factors : shape (6,)
        Shelf and high-pass without their gains: b1 b2 a1 a2, a1 a2.
    gain : float
        Of energy, left out by the factors.
    reach : int
        Samples after which the shelf's output no longer depends on where it started.
    response : shape (n, 2)
        The high-pass's outputs for each of its two states, nothing coming in.
    energies : shape (2, 2)
        Products of these, summed.
    onward : shape (2, 2)
        What n samples of nothing make of the states.
    """

    factors: Doubles
    gain: float
    reach: int
    response: Doubles
    energies: Doubles
    onward: Doubles


@cache
def design_k_weighting(sr: float, step: int) -> KWeighting:
    """Return the filters at rate ``sr`` Hz for steps of ``step`` samples."""
    (b0, b1, b2, a1, a2), (_, _, _, d1, d2) = coefficients(sr)
    slowest = max(abs(np.roots([1.0, a1, a2])))
    reach = math.ceil(math.log(_NEGLIGIBLE) / math.log(slowest))
    response, onward = np.array([[1.0, 0.0]]), np.array([[-d1, 1.0], [-d2, 0.0]])
    once = onward
    while response.shape[0] < step:
        response = np.concatenate([response, response @ onward])
        onward = onward @ onward
    response = response[:step].copy()
    return KWeighting(
        np.array([b1 / b0, b2 / b0, a1, a2, d1, d2]),
        b0 * b0,
        reach,
        response,
        response.T @ response,
        np.linalg.matrix_power(once, step),
    )


class LoudnessMeter:
    """Measures a stream of blocks at its own rate.

    Parameters
    ----------
    sr : int
        Rate in Hz.
    channels : int
        1, 2, or a layout of WAV files with up to 8; further channels weigh 1.

    References
    ----------
    ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio
    level", 2015.
    """

    def __init__(self, sr: int, channels: int) -> None:
        self._step = (sr + 5) // 10
        self._filters = design_k_weighting(sr, self._step)
        self._state = np.zeros((channels, 2))
        self._weights = np.array(_WEIGHTS.get(channels, (1.0,) * channels))
        weighted = np.flatnonzero(self._weights)
        if weighted.size > 1:
            seconds = np.append(weighted[1::2], weighted[-1:])[: len(weighted[::2])]
            self._sets = np.stack([weighted[::2], seconds], axis=1)
        else:
            self._sets = weighted[:, None]
        self._abreast = WIDTH // self._sets.shape[1]
        self._few = self._abreast * 3 // 4  # worth a pass that could take more
        capacity = self._filters.reach + (self._few + 1) * self._step + _PIECE
        self._seam = np.zeros((capacity, channels), np.float32)
        self._waiting = 0
        self._steps = array("d")

    def push(self, block: Floats) -> None:
        """Take the next samples, shape (n, channels)."""
        for start in range(0, block.shape[0], _PIECE):
            self._take(np.ascontiguousarray(block[start : start + _PIECE]))

    def _take(self, block: Floats) -> None:
        """Weigh steps where they lie, those at the seam to the last block apart.

        The seam holds the past of what is waiting, then that. Steps that begin, or
        have their past, in it are completed there.
        """
        reach, step, waiting = self._filters.reach, self._step, self._waiting
        count = self._worth((waiting + block.shape[0]) // step, self._few)
        at_seam = -(-(waiting + reach) // step)
        if count <= at_seam:
            self._append(block)
            self._weigh_seam(count)
            return
        own = at_seam * step - waiting
        self._append(block[:own])
        self._weigh(block, count, at_seam, own)
        rest = block[own + (count - at_seam) * step - reach :]
        self._seam[: rest.shape[0]] = rest
        self._waiting = rest.shape[0] - reach

    def _worth(self, count: int, few: int) -> int:
        """Return how many steps to weigh now: a remainder of ``few`` is worth it."""
        rest = count % self._abreast
        return count if rest >= few else count - rest

    def _append(self, samples: Floats) -> None:
        start = self._filters.reach + self._waiting
        self._seam[start : start + samples.shape[0]] = samples
        self._waiting += samples.shape[0]

    def _weigh_seam(self, count: int) -> None:
        if count == 0:
            return
        self._weigh(self._seam, count, count, 0)
        used = count * self._step
        rest = self._seam[used : self._filters.reach + self._waiting]
        self._seam[: rest.shape[0]] = rest
        self._waiting -= used

    def _weigh(self, block: Floats, count: int, at_seam: int, own: int) -> None:
        """Weigh steps, ``at_seam`` in the seam, the others from ``own`` on."""
        factors, gain, reach, response, energies, onward = self._filters
        powers = np.zeros(count)
        add_powers(
            self._seam,
            block,
            np.array([at_seam, own]),
            self._sets,
            self._step,
            factors,
            reach,
            response,
            energies,
            onward,
            self._state,
            self._weights,
            powers,
        )
        powers *= gain / self._step
        self._steps.frombytes(powers.tobytes())

    def steps(self) -> Doubles:
        """Return the weighted power of each 100 ms so far, shape (n,)."""
        self._weigh_seam(self._waiting // self._step)
        return np.array(self._steps)

    def integrated(self) -> float | None:
        """Return the loudness so far in LUFS; None where nothing passes the gate."""
        steps = self.steps()
        if steps.size < _STEPS_PER_BLOCK:
            return None
        blocks = np.convolve(steps, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK))
        blocks = blocks[_STEPS_PER_BLOCK - 1 : steps.size]
        loud = blocks[blocks > _power(_ABSOLUTE_GATE_LUFS)]
        if loud.size == 0:
            return None
        gate = loud.mean() * 10.0 ** (_RELATIVE_GATE_LU / 10.0)
        return float(_OFFSET + 10.0 * np.log10(loud[loud > gate].mean()))


def loudness_range(steps: Doubles) -> float | None:
    """Return the loudness range in LU.

    Parameters
    ----------
    steps : shape (n,)
        As ``LoudnessMeter.steps`` returns them.

    Returns
    -------
    float or None
        From the 10th to the 95th percentile of the loudness of 3 s, 20 LU and more
        below the mean left out; None where less than 3 s pass the absolute gate.

    References
    ----------
    EBU Tech 3342, "Loudness range: a measure to supplement EBU R 128 loudness
    normalization", 2016.
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
