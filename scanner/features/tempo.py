"""Tempo of an onset-strength envelope, as ``librosa.feature.tempo`` picks it."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scanner.features.definition import HOP_LENGTH, SR

_LAGS = int(8.0 * SR) // HOP_LENGTH
_HALF = _LAGS // 2
_N_FFT = scipy.fft.next_fast_len(2 * _LAGS - 1, real=True)
_STRIDE = 16
"""Every which frame of the tempogram enters its mean: that is smooth in time."""
_BATCH = 32
_START_BPM = 120.0
_MAX_BPM = 320.0


def _taper() -> NDArray[np.float32]:
    phase = 2.0 * np.pi * np.arange(_LAGS) / _LAGS
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def _bpms() -> NDArray[np.float64]:
    lags = np.arange(1, _LAGS)
    return 60.0 * SR / (HOP_LENGTH * lags)


def _log_prior() -> NDArray[np.float64]:
    prior: NDArray[np.float64] = -0.5 * (np.log2(_bpms()) - np.log2(_START_BPM)) ** 2
    prior[_bpms() >= _MAX_BPM] = -np.inf
    return prior


_TAPER = _taper()
_BPMS = _bpms()
_LOG_PRIOR = _log_prior()


class TempoMeter:
    """Finds tempi, in memory that is used again and again.

    Parameters
    ----------
    longest : int
        Most frames of an envelope.
    stride : int
        Use every ``stride``-th frame of the tempogram.
    """

    def __init__(self, longest: int, stride: int = _STRIDE) -> None:
        self._padded = np.empty(longest + 2 * _HALF, np.float32)
        self._stride = stride

    def measure(self, onset: NDArray[np.float32]) -> float:
        """Return the tempo in beats per minute; the prior's peak where nothing starts.

        Parameters
        ----------
        onset : shape (n,)
            Onset strength per frame.

        Notes
        -----
        The mean over frames of each frame's normalised autocorrelation is one inverse
        transform of the mean of the normalised power spectra.
        """
        n = onset.shape[0]
        padded = self._padded[: n + 2 * _HALF]
        padded[:_HALF] = np.arange(_HALF) * (onset[0] / _HALF)
        padded[_HALF : _HALF + n] = onset
        padded[_HALF + n :] = np.arange(_HALF - 1, -1, -1) * (onset[-1] / _HALF)
        frames = sliding_window_view(padded, _LAGS)[: n : self._stride]
        power = np.zeros(_N_FFT // 2 + 1, np.float32)
        for start in range(0, frames.shape[0], _BATCH):
            power += _summed_power(frames[start : start + _BATCH])
        mean = scipy.fft.irfft(power / frames.shape[0], _N_FFT)[1:_LAGS]
        best = np.argmax(np.log1p(1e6 * np.maximum(mean, 0.0)) + _LOG_PRIOR)
        return float(_BPMS[best])


def _summed_power(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of the power spectra, each divided by its frame's energy."""
    local = frames * _TAPER
    energy = np.einsum("ij,ij->i", local, local)
    energy[energy < np.finfo(np.float32).tiny] = 1.0
    spectra = scipy.fft.rfft(local, _N_FFT, axis=1, workers=1)
    total: NDArray[np.float32] = (1.0 / energy) @ (spectra.real**2 + spectra.imag**2)
    return total
