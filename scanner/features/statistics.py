"""Turn the frames of one window into its named columns and its series' statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.features import filters as banks
from scanner.features.compiled import kernel
from scanner.features.definition import (
    COLUMNS,
    ENERGY_CHANGE,
    HOP_LENGTH,
    N_BINS,
    N_CONTRAST,
    N_MELS,
    N_MFCC,
    REFERENCE_LUFS,
    SERIES,
    SILENCE_DBFS,
    SR,
)
from scanner.features.frames import Frames
from scanner.features.tempo import TempoMeter

_TOP_DB = 80.0
_ONSET_DELAY = 3  # one frame of lag and half a frame of n_fft, in hops
_DCT = banks.dct().T.copy()
_MFCC_0_PER_DB = float(np.sqrt(N_MELS))
_SILENCE = 10.0 ** (SILENCE_DBFS / 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One window.

    Attributes
    ----------
    start_s, duration_s : float
    silent : bool
    columns : shape (11,), in the order of ``definition.COLUMNS``
    mean, std : shape (45,), in the order of ``definition.SERIES``
    """

    start_s: float
    duration_s: float
    silent: bool
    columns: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


@kernel("void(f4[:,:], f4, f4[:,::1], f4[::1])")
def _clamp_bands(
    mel_db: NDArray[np.float32],
    floor: float,
    clamped: NDArray[np.float32],
    onset: NDArray[np.float32],
) -> None:
    """Write the bands, not below ``floor``, and by how much they rise, delayed."""
    n = mel_db.shape[0]
    for t in range(n):
        for m in range(N_MELS):
            clamped[t, m] = mel_db[t, m] if mel_db[t, m] > floor else floor
    onset[:_ONSET_DELAY] = 0.0
    for t in range(n - _ONSET_DELAY):
        total = np.float32(0.0)
        for m in range(N_MELS):
            rise = clamped[t + 1, m] - clamped[t, m]
            total += rise if rise > 0.0 else np.float32(0.0)
        onset[t + _ONSET_DELAY] = total / N_MELS


@kernel("void(f4[:,::1], f8[::1], f8[::1])")
def _statistics(
    series: NDArray[np.float32],
    mean: NDArray[np.float64],
    std: NDArray[np.float64],
) -> None:
    """Write mean and standard deviation of each column."""
    n, width = series.shape
    mean[:] = 0.0
    std[:] = 0.0
    for t in range(n):
        for i in range(width):
            mean[i] += series[t, i]
    for i in range(width):
        mean[i] /= n
    for t in range(n):
        for i in range(width):
            distance = series[t, i] - mean[i]
            std[i] += distance * distance
    for i in range(width):
        std[i] = np.sqrt(std[i] / n)


def dynamics(rms: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return how the level moves around its mean.

    Parameters
    ----------
    rms : shape (n,)
        Frame RMS.

    Returns
    -------
    above : float
        Fraction of frames above the mean.
    crossings, changes, drops : float
        Per second: crossings of the mean; jumps from one frame to the next by more
        than ``ENERGY_CHANGE`` times the mean; the falling ones among these.
    """
    seconds = rms.size * HOP_LENGTH / SR
    mean = rms.mean()
    above = rms > mean
    jumps = np.diff(rms)
    limit = ENERGY_CHANGE * mean
    crossings = np.count_nonzero(above[1:] != above[:-1])
    changes = np.count_nonzero(np.abs(jumps) > limit)
    drops = np.count_nonzero(jumps < -limit)
    return (
        float(above.mean()),
        crossings / seconds,
        changes / seconds,
        drops / seconds,
    )


def _clamped(db: NDArray[np.float32]) -> NDArray[np.float32]:
    clamped: NDArray[np.float32] = np.maximum(db, db.max() - np.float32(_TOP_DB))
    return clamped


class Summariser:
    """Summarises windows, in memory that is used again and again.

    Parameters
    ----------
    longest : int
        Most frames of a window.
    bins : int
        How many bins of each spectrum, from the lowest, were looked at. The contrast
        of bands that reach beyond is 0.
    """

    def __init__(self, longest: int, bins: int = N_BINS) -> None:
        self._n_contrast = sum(band.stop <= bins for band in banks.contrast_bands())
        self._bands = np.empty((longest, N_MELS), np.float32)
        self._onset = np.empty(longest, np.float32)
        self._mfcc = np.empty((longest, N_MFCC), np.float32)
        self._series = np.empty((longest, len(SERIES)), np.float32)
        self._tempo = TempoMeter(longest)

    def summarise(self, frames: Frames, start_s: float, duration_s: float) -> Summary:
        """Summarise the frames whose centres lie inside a window."""
        n = frames.mel_db.shape[0]
        bands, onset, mfcc = self._bands[:n], self._onset[:n], self._mfcc[:n]
        floor = frames.mel_db.max() - np.float32(_TOP_DB)
        _clamp_bands(frames.mel_db, floor, bands, onset)
        np.matmul(bands, _DCT, out=mfcc)
        whole = self._n_contrast
        contrast = np.zeros((n, N_CONTRAST), np.float32)
        peaks = _clamped(frames.contrast_db[:, :whole])
        valleys = _clamped(frames.contrast_db[:, N_CONTRAST : N_CONTRAST + whole])
        np.subtract(peaks, valleys, out=contrast[:, :whole])
        parts = (mfcc, contrast, frames.shape, frames.level[:, 1:])
        series = self._series[:n]
        np.concatenate([*parts, onset[:, None], frames.chroma], axis=1, out=series)
        mean, std = np.empty(len(SERIES)), np.empty(len(SERIES))
        _statistics(series, mean, std)
        columns = _columns(frames, mean, self._tempo.measure(onset))
        silent = bool(columns[COLUMNS.index("rms_max")] < _SILENCE)
        return Summary(start_s, duration_s, silent, columns, mean, std)


def _columns(
    frames: Frames, mean: NDArray[np.float64], tempo_bpm: float
) -> NDArray[np.float64]:
    rms = frames.level[:, 0].astype(np.float64)
    harmonic, percussive = frames.energy.sum(axis=0, dtype=np.float64)
    total = harmonic + percussive
    return np.array(
        [
            tempo_bpm,
            rms.mean(),
            rms.max(),
            *dynamics(rms),
            mean[SERIES.index("flatness")],
            mean[SERIES.index("centroid")],
            mean[SERIES.index("zcr")],
            harmonic / total if total > 0.0 else 0.5,
        ]
    )


def vector(summary: Summary, loudness_lufs: float) -> NDArray[np.float32]:
    """Return the feature vector, as if the track had the reference loudness.

    Parameters
    ----------
    summary : Summary
    loudness_lufs : float
        The whole track's integrated loudness.
    """
    gain_db = REFERENCE_LUFS - loudness_lufs
    columns, mean = summary.columns.copy(), summary.mean.copy()
    columns[1:3] *= 10.0 ** (gain_db / 20.0)  # rms_mean, rms_max
    mean[0] += gain_db * _MFCC_0_PER_DB  # mfcc_00_mean
    return np.concatenate([columns, mean, summary.std]).astype(np.float32)
