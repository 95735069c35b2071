"""The upper edge of a track's spectrum, from a spectrum now and then."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from scanner.features.kernels import kernel

_N_FFT = 4096
_PERIOD_S = 2
_BAND = 8
"""Bins per band: about 86 Hz at 44 100 Hz."""

_N_BANDS = _N_FFT // 2 // _BAND
_LOWEST_DB, _STEP_DB, _LEVELS = -170.0, 1.0, 176
_SILENT_DB = -60.0
"""SpectralFeatures whose loudest band lies below this say nothing."""

_SHARE = 0.9
"""A band's level is what this share of its spectra does not exceed."""

_FLOOR_DB = -122.0
"""Just above the noise of 16 bits; what a lossy decoder leaves below means nothing."""

_ABOVE_FLOOR_DB = 9.0
_QUIET_DB = -100.0
_STEEP_DB = 15.0
_BESIDE_HZ, _WIDTH_HZ = 250.0, 500.0


@kernel("void(f4[::1], i8[:,::1])")
def _count(spectrum: NDArray[np.float32], counts: NDArray[np.int64]) -> None:
    """Count the level of each band of one spectrum, unless all of it is silence."""
    steps = np.empty(_N_BANDS, np.int64)
    loudest = 0
    for band in range(_N_BANDS):
        power = 1e-17
        for i in range(2 * _BAND * band, 2 * _BAND * (band + 1)):
            power += float(spectrum[i]) * float(spectrum[i]) / _BAND
        step = int((10.0 * math.log10(power) - _LOWEST_DB) / _STEP_DB)
        steps[band] = max(min(step, _LEVELS - 1), 0)
        loudest = max(loudest, steps[band])
    if loudest * _STEP_DB + _LOWEST_DB >= _SILENT_DB:
        for band in range(_N_BANDS):
            counts[band, steps[band]] += 1


class BandwidthMeter:
    """Measures a stream of blocks of one channel, at its own rate.

    Parameters
    ----------
    sr : int
        Rate in Hz.

    Notes
    -----
    Every two seconds, 4096 samples are transformed; the levels of 256 bands are counted
    in steps of 1 dB, so that memory does not grow with the track.
    """

    def __init__(self, sr: int) -> None:
        self._sr = sr
        self._samples = np.zeros(_N_FFT, np.float32)
        self._fill = 0
        self._skip = 0
        phase = 2.0 * np.pi * np.arange(_N_FFT) / _N_FFT
        # blackman: side lobes far below the step that a low-pass leaves
        taper = 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2.0 * phase)
        self._taper = (taper * 2.0 / taper.sum()).astype(np.float32)
        self._counts = np.zeros((_N_BANDS, _LEVELS), np.int64)

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,)."""
        start, n = 0, mono.shape[0]
        while start < n:
            if self._skip:
                passed = min(self._skip, n - start)
                self._skip -= passed
                start += passed
                continue
            stop = min(n, start + _N_FFT - self._fill)
            self._samples[self._fill : self._fill + stop - start] = mono[start:stop]
            self._fill += stop - start
            start = stop
            if self._fill == _N_FFT:
                self._count()
                self._fill = 0
                self._skip = max(_PERIOD_S * self._sr - _N_FFT, 0)

    def _count(self) -> None:
        spectrum = scipy.fft.rfft(self._samples * self._taper, workers=1)
        _count(spectrum.view(np.float32), self._counts)

    def levels(self) -> NDArray[np.float64]:
        """Return the level of each band in dB, shape (256,); empty where all is silent.

        A sine at full scale has -9 dB: its power is spread over the band's eight bins.
        """
        total = int(self._counts[0].sum())
        if total == 0:
            return np.empty(0)
        reached = np.cumsum(self._counts, axis=1) >= _SHARE * total
        steps: NDArray[np.intp] = np.argmax(reached, axis=1)
        return np.asarray(_LOWEST_DB + _STEP_DB * steps, np.float64)

    def finish(self) -> dict[str, float]:
        """Return ``upper_edge_hz`` and ``edge_drop_db``; empty where all is silent.

        The edge is the highest band that stands out of the floor; the drop is how far
        the level falls from just below it to just above it.
        """
        levels = self.levels()
        if levels.size == 0:
            return {}
        hertz, drop = find_upper_edge(levels, self._sr)
        return {"upper_edge_hz": hertz, "edge_drop_db": drop}


def find_upper_edge(levels: NDArray[np.float64], sr: int) -> tuple[float, float]:
    """Return the upper edge in Hz and the drop there in dB.

    Parameters
    ----------
    levels : shape (n,)
        In dB, of bands of equal width from 0 to ``sr / 2``.
    sr : int

    Notes
    -----
    Where no band is quiet, as in clipped music, only a steep step in the upper half
    counts as an edge; without one the spectrum goes up to ``sr / 2``.
    """
    n = levels.shape[0]
    width = sr / 2 / n
    levels = np.maximum(levels, _FLOOR_DB)
    near, far = int(_BESIDE_HZ / width) + 1, int((_BESIDE_HZ + _WIDTH_HZ) / width) + 2
    drops = _drops(levels, near, far)
    floor = levels.min()
    if floor <= _QUIET_DB:
        highest = int(np.flatnonzero(levels > floor + _ABOVE_FLOOR_DB)[-1:].sum())
    else:
        highest = n // 2 + int(drops[n // 2 :].argmax())
        if drops[highest] < _STEEP_DB:
            highest = n - 1
    return (highest + 1) * width, float(drops[highest])


def _drops(levels: NDArray[np.float64], near: int, far: int) -> NDArray[np.float64]:
    """Return how far the level falls from just below each band to just above it.

    From the median of the bands ``far`` to ``near`` below to that of those above; 0
    where there are none, and where it rises.
    """
    beside = np.full(far, np.nan)
    padded = np.concatenate([beside, levels, beside])
    n, width = levels.shape[0], far - near
    below = _medians(padded[: n + width], width + 1)
    above = _medians(padded[far + near :], width)[:n]
    return np.maximum(np.nan_to_num(below - above), 0.0)


def _medians(padded: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the median of every ``width`` neighbours, those that are NaN left out."""
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    row = np.arange(ordered.shape[0])
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, width - 1)
    medians: NDArray[np.float64] = 0.5 * (ordered[row, low] + ordered[row, high])
    return medians
