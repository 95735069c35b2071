"""From a mono signal at 22 050 Hz to per-frame numbers, tile by tile."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scanner.features import banks
from scanner.features.definition import HOP_LENGTH, N_FFT
from scanner.features.frames import Frames

_AMIN = np.float32(1e-10)
_ROLL_PERCENT = 0.85
_TAPER = banks.hann()
_MEL = banks.mel().T.copy()
_CHROMA = banks.chroma().T.copy()
_BANDS = banks.contrast_bands()
_HZ = banks.fft_frequencies()
_CROSSING = np.float32(-1e-10)


def magnitudes(samples: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the magnitude spectra of a tile of frames.

    Parameters
    ----------
    samples : shape (64 * 512 + 1536,)
    out : shape (64, 1025)
    """
    framed = sliding_window_view(samples, N_FFT)[::HOP_LENGTH]
    spectra = scipy.fft.rfft(framed * _TAPER, axis=1, workers=1)
    out[:] = np.abs(spectra)


def describe_waveform(
    samples: NDArray[np.float32], first: int, last: int, out: Frames
) -> None:
    """Fill in RMS and zero-crossing rate.

    Parameters
    ----------
    samples : shape (n * 512 + 1536,)
    first, last : int
        ``samples[first:last]`` belong to the track; the rest is padding, in which
        nothing crosses.
    out : Frames
        Of the ``n`` frames.
    """
    n = out.rms.shape[0]
    framed = sliding_window_view(samples, N_FFT)[::HOP_LENGTH]
    out.rms[:] = np.sqrt(np.mean(framed * framed, axis=1, dtype=np.float64))[:n]
    negative = samples < _CROSSING
    crossing = np.zeros(samples.shape[0], np.int32)
    crossing[1:] = negative[1:] != negative[:-1]
    crossing[: first + 1] = 0
    crossing[last:] = 0
    counts = sliding_window_view(crossing, N_FFT)[::HOP_LENGTH, 1:].sum(axis=1)
    out.zcr[:] = counts[:n] / N_FFT


def describe_spectra(S: NDArray[np.float32], out: Frames) -> None:
    """Fill in what a frame's magnitude spectrum alone says of it.

    Parameters
    ----------
    S : shape (n, 1025)
    out : Frames
        Of the same ``n`` frames.
    """
    total = S.sum(axis=1, dtype=np.float64)
    norm = np.where(total < np.finfo(np.float32).tiny, 1.0, total)
    first = (S @ _HZ) / norm
    out.centroid[:] = first
    deviation = (_HZ[None, :] - first[:, None]) ** 2
    out.bandwidth[:] = np.sqrt(np.einsum("ij,ij->i", S, deviation) / norm)
    sums = np.cumsum(S, axis=1, dtype=np.float64)
    reached = sums >= _ROLL_PERCENT * sums[:, -1:]
    out.rolloff[:] = _HZ[np.argmax(reached, axis=1)]
    power = S * S
    clamped = np.maximum(power, _AMIN)
    out.flatness[:] = np.exp(np.log(clamped).mean(axis=1, dtype=np.float64)) / (
        clamped.mean(axis=1, dtype=np.float64)
    )
    for k, (start, stop, extremes) in enumerate(_BANDS):
        band = np.sort(S[:, start:stop], axis=1)
        out.valley_db[:, k] = _decibels(band[:, :extremes].mean(axis=1))
        out.peak_db[:, k] = _decibels(band[:, -extremes:].mean(axis=1))
    out.mel_db[:] = _decibels(power @ _MEL)
    chroma = power @ _CHROMA
    peak = chroma.max(axis=1, keepdims=True)
    out.chroma[:] = chroma / np.where(peak < np.finfo(np.float32).tiny, 1.0, peak)


def _decibels(power: NDArray[np.floating]) -> NDArray[np.floating]:
    return 10.0 * np.log10(np.maximum(power, _AMIN))
