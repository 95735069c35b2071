"""Filter banks on spectra of 1025 bins: mel, chroma, octaves, and the DCT of MFCC."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import (
    N_BINS,
    N_CHROMA,
    N_CONTRAST,
    N_FFT,
    N_MELS,
    N_MFCC,
    SR,
)

# Equal to librosa.filters, as tests hold them to be: importing that would cost each
# worker two seconds and 170 MB.

_CONTRAST_FMIN = 200.0
_CONTRAST_QUANTILE = 0.02


class ContrastBand(NamedTuple):
    """The bins ``start:stop`` of an octave, and how many of them make an extreme."""

    start: int
    stop: int
    extremes: int


def fft_frequencies() -> NDArray[np.float64]:
    """Return the frequencies of the bins in Hz, shape (1025,)."""
    return np.linspace(0.0, SR / 2, N_BINS)


def hann(n: int) -> NDArray[np.float64]:
    """Return the periodic Hann taper, shape (n,)."""
    phase = 2.0 * np.pi * np.arange(n) / n
    return 0.5 - 0.5 * np.cos(phase)


def _mel_frequencies(n: int) -> NDArray[np.float64]:
    """Return ``n`` frequencies from 0 to Nyquist, even on Slaney's mel scale."""
    linear_step, corner_hz, log_step = 200.0 / 3.0, 1000.0, np.log(6.4) / 27.0
    corner_mel = corner_hz / linear_step
    top = corner_mel + np.log(SR / 2.0 / corner_hz) / log_step
    mels = np.linspace(0.0, top, n)
    above = corner_hz * np.exp(log_step * (mels - corner_mel))
    return np.where(mels >= corner_mel, above, linear_step * mels)


def mel(n_mels: int = N_MELS) -> NDArray[np.float32]:
    """Return the mel bank of ``librosa.filters.mel``, shape (n_mels, 1025).

    References
    ----------
    M. Slaney, "Auditory Toolbox", Interval Research technical report 1998-010.
    """
    bins = fft_frequencies()
    edges = _mel_frequencies(n_mels + 2)
    widths = np.diff(edges)
    ramps = edges[:, None] - bins[None, :]
    lower = -ramps[:-2] / widths[:-1, None]
    upper = ramps[2:] / widths[1:, None]
    weights = np.maximum(0.0, np.minimum(lower, upper))
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights.astype(np.float32)


def chroma() -> NDArray[np.float32]:
    """Return the chroma bank of ``librosa.filters.chroma``, A at 440 Hz, (12, 1025).

    References
    ----------
    D. Ellis, "Chroma feature analysis and synthesis", Columbia University, 2007.
    """
    n = N_CHROMA
    frequencies = np.linspace(0, SR, N_FFT, endpoint=False)[1:]
    octaves = np.log2(frequencies / (440.0 / 16.0))
    positions = n * np.concatenate(([octaves[0] - 1.5], octaves))
    widths = np.concatenate((np.maximum(positions[1:] - positions[:-1], 1.0), [1.0]))
    distance = np.subtract.outer(positions, np.arange(n, dtype=np.float64)).T
    half = np.round(n / 2.0)
    distance = np.remainder(distance + half + 10 * n, n) - half
    weights = np.exp(-0.5 * (2.0 * distance / widths) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0, keepdims=True))
    weights *= np.exp(-0.5 * ((positions / n - 5.0) / 2.0) ** 2)
    weights = np.roll(weights, -3 * (n // 12), axis=0)
    return np.ascontiguousarray(weights[:, :N_BINS], dtype=np.float32)


def dct() -> NDArray[np.float32]:
    """Return the orthonormal DCT-II basis of the MFCC, shape (20, 128)."""
    k = np.arange(N_MFCC)[:, None]
    angle = np.pi * k * (2.0 * np.arange(N_MELS)[None, :] + 1.0) / (2.0 * N_MELS)
    basis = np.cos(angle) * np.sqrt(2.0 / N_MELS)
    basis[0] /= np.sqrt(2.0)
    return np.asarray(basis, np.float32)


def contrast_bands() -> tuple[ContrastBand, ...]:
    """Return the seven octaves of ``librosa.feature.spectral_contrast``.

    References
    ----------
    D.-N. Jiang et al., "Music type classification by spectral contrast feature", Proc.
    IEEE Int. Conf. on Multimedia and Expo, 2002.
    """
    bins = fft_frequencies()
    edges = np.concatenate(([0.0], _CONTRAST_FMIN * 2.0 ** np.arange(N_CONTRAST)))
    bands = []
    for k in range(N_CONTRAST):
        inside = np.flatnonzero((bins >= edges[k]) & (bins <= edges[k + 1]))
        last = k == N_CONTRAST - 1
        start = int(inside[0]) - (k > 0)
        stop = N_BINS if last else int(inside[-1]) + 1
        extremes = max(int(np.rint(_CONTRAST_QUANTILE * (stop - start))), 1)
        # all bands but the last drop their highest bin, after counting
        bands.append(ContrastBand(start, stop if last else stop - 1, extremes))
    return tuple(bands)


@cache
def sparse_mel(n_mels: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the non-zero part of the mel bank; made once a process, not to be changed.

    Returns
    -------
    spans : shape (n_mels, 3)
        First bin, number of bins, place of the first weight.
    weights : shape (n,)
        One band after the other.
    """
    spans, weights, place = [], [], 0
    for band in mel(n_mels):
        inside = np.flatnonzero(band)
        first, count = int(inside[0]), int(inside[-1] - inside[0]) + 1
        spans.append((first, count, place))
        weights.append(band[first : first + count])
        place += count
    return np.array(spans, np.int64), np.concatenate(weights)


@cache
def chroma_by_bin() -> NDArray[np.float32]:
    """Return the chroma bank, shape (1025, 12); made once, not to be changed."""
    return chroma().T.copy()
