"""Tempo of an onset-strength envelope, as ``librosa.feature.tempo`` picks it."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scanner.features.definition import HOP_LENGTH, SR

_LAGS = int(8.0 * SR) // HOP_LENGTH
_N_FFT = scipy.fft.next_fast_len(2 * _LAGS - 1, real=True)
_STRIDE = 8
"""Every which frame of the tempogram enters its mean: that is smooth in time."""
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


def tempo(onset: NDArray[np.float32], stride: int = _STRIDE) -> float:
    """Return the tempo in beats per minute; the prior's peak where nothing starts.

    Parameters
    ----------
    onset : shape (n,)
        Onset strength per frame.
    stride : int
        Use every ``stride``-th frame of the tempogram.

    Notes
    -----
    The mean over frames of each frame's normalised autocorrelation is one inverse
    transform of the mean of the normalised power spectra.
    """
    half = _LAGS // 2
    n = onset.shape[0]
    padded = np.empty(n + 2 * half, np.float32)
    padded[:half] = np.arange(half) * (onset[0] / half)
    padded[half : half + n] = onset
    padded[half + n :] = np.arange(half - 1, -1, -1) * (onset[-1] / half)
    local = sliding_window_view(padded, _LAGS)[:n:stride] * _TAPER
    energy = np.einsum("ij,ij->i", local, local)
    energy[energy < np.finfo(np.float32).tiny] = 1.0
    spectra = scipy.fft.rfft(local, _N_FFT, axis=1, workers=1)
    power = spectra.real**2 + spectra.imag**2
    weights = 1.0 / (energy * local.shape[0])
    mean = scipy.fft.irfft(weights @ power, _N_FFT)[1:_LAGS]
    best = np.argmax(np.log1p(1e6 * np.maximum(mean, 0.0)) + _LOG_PRIOR)
    return float(_BPMS[best])
