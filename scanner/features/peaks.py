"""Sample peak, true peak and energy of a stream, in one pass over its samples."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel

_PHASES = 4
_REACH = 6
"""Samples on either side that an interpolated value is made of."""

_CHUNK = 128
"""Samples, of all channels, that are passed over together."""

_NEAR = 0.7
"""Only a sample that reaches this share of the peak so far may hide a higher one.

Between the samples of a wave below a quarter of the rate lies at most 1 / 0.7 of them.
"""


def _interpolator() -> NDArray[np.float32]:
    """Return a windowed sinc at 1/4, 1/2 and 3/4 between samples, shape (3, 12).

    The 4-fold oversampling of ITU-R BS.1770-4, annex 2, with as many taps.
    """
    offsets = np.arange(-_REACH + 1, _REACH + 1, dtype=np.float64)
    phases = np.arange(1, _PHASES)[:, None] / _PHASES
    distance = phases - offsets[None, :]
    taps = np.sinc(distance) * np.cos(0.5 * np.pi * distance / _REACH) ** 2
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


_TAPS = _interpolator()


@kernel("f8(f4[:,::1], i4[:,::1], f4[::1])")
def _scan(
    chunks: NDArray[np.float32], bits: NDArray[np.int32], tops: NDArray[np.float32]
) -> float:
    """Return the energy, and write the largest magnitude of each chunk.

    Magnitudes order like the integers that their bits are, which run in lanes.
    """
    energy = 0.0
    found = tops.view(np.int32)
    for chunk in range(found.shape[0]):
        part = np.float32(0.0)
        top = np.int32(0)
        for i in range(chunks.shape[1]):
            part += chunks[chunk, i] * chunks[chunk, i]
            top = max(top, bits[chunk, i] & np.int32(0x7FFFFFFF))
        found[chunk] = top
        energy += float(part)
    return energy


@kernel("f8(f4[::1], i8, i8, i8, f8, f8, f4[:,::1])")
def _interpolated_peak(
    flat: NDArray[np.float32],
    channels: int,
    start: int,
    stop: int,
    least: float,
    known: float,
    taps: NDArray[np.float32],
) -> float:
    """Return the highest value beside the local extremes in ``start:stop``.

    Extremes below ``least`` are skipped; ``known`` where there is nothing higher.
    """
    phases, width = taps.shape
    best = known
    for i in range(start, stop):
        x = abs(flat[i])
        if x < least or x < max(abs(flat[i - channels]), abs(flat[i + channels])):
            continue
        for side in range(2):
            begin = i - (width // 2 - 1 + side) * channels
            for p in range(phases):
                y = np.float32(0.0)
                for k in range(width):
                    y += taps[p, k] * flat[begin + k * channels]
                best = max(best, abs(float(y)))
    return best


@kernel("void(f4[:,::1], i4[:,::1], i8, i8, f4[::1], f8[::1], f4[:,::1])")
def _measure(
    chunks: NDArray[np.float32],
    bits: NDArray[np.int32],
    size: int,
    channels: int,
    seam: NDArray[np.float32],
    found: NDArray[np.float64],
    taps: NDArray[np.float32],
) -> None:
    """Measure the first ``size`` samples of the chunks.

    ``seam`` begins with the last twelve frames before them, and does so again for the
    next ones; ``found`` holds energy, sample peak and interpolated peak so far.
    """
    flat = chunks.reshape(-1)
    half, reach = seam.shape[0] // 2, seam.shape[0] // 4
    tops = np.empty(chunks.shape[0], np.float32)
    found[0] += _scan(chunks, bits, tops)
    for chunk in range(tops.shape[0]):
        found[1] = max(found[1], float(tops[chunk]))
    least, best = _NEAR * max(found[1], found[2]), found[2]
    for i in range(half):  # assigning slices takes numba seconds to compile
        seam[half + i] = flat[i]
    if least > 0.0:
        stop = seam.shape[0] - reach
        best = _interpolated_peak(seam, channels, reach, stop, least, best, taps)
        for chunk in range(tops.shape[0]):
            if tops[chunk] >= least:
                start = max(chunk * _CHUNK, reach)
                stop = min((chunk + 1) * _CHUNK, size - reach)
                best = _interpolated_peak(
                    flat, channels, start, stop, least, best, taps
                )
    found[2] = best
    for i in range(half):
        seam[i] = flat[size - half + i]


class PeakMeter:
    """Measures a stream of blocks, of which the last alone may be very short.

    Parameters
    ----------
    channels : int

    Notes
    -----
    Values between samples are computed only beside local extremes that reach 0.7 of
    the highest value so far: elsewhere only a signal near the Nyquist frequency could
    pass a peak that was found already.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._seam = np.zeros(4 * _REACH * channels, np.float32)
        self._found = np.zeros(3)
        self._samples = 0

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n, channels)."""
        self._samples += block.size
        flat = np.ascontiguousarray(block).reshape(-1)
        size = max(flat.size, self._seam.size // 2)
        rest = -size % _CHUNK + size - flat.size
        if rest:
            flat = np.concatenate([flat, np.zeros(rest, np.float32)])
        chunks = flat.reshape(-1, _CHUNK)
        _measure(
            chunks,
            chunks.view(np.int32),
            size,
            self._channels,
            self._seam,
            self._found,
            _TAPS,
        )

    def finish(self) -> dict[str, float]:
        """Return what was found; nothing may be pushed afterwards.

        Returns
        -------
        dict
            ``sample_peak_dbfs``, ``true_peak_dbtp`` and ``crest_db`` (highest sample
            above the RMS of all channels); empty where all is digital silence.
        """
        self.push(np.zeros((0, self._channels), np.float32))
        energy, peak, true_peak = self._found
        if not peak > 0.0:
            return {}
        peak_db = 20.0 * math.log10(peak)
        return {
            "sample_peak_dbfs": peak_db,
            "true_peak_dbtp": 20.0 * math.log10(max(peak, true_peak)),
            "crest_db": peak_db - 10.0 * math.log10(energy / self._samples),
        }
