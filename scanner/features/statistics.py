"""Statistics over frames: a window's columns and tempo, a track's sequences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from catalog.records import Sequence
from scanner.features.definition import (
    COLUMNS,
    ENERGY_CHANGE,
    HOP_LENGTH,
    N_BINS,
    N_CHROMA,
    N_CONTRAST,
    N_MELS,
    N_MFCC,
    N_SEQUENCE_MELS,
    REFERENCE_LUFS,
    SEQUENCE_FRAMES,
    SEQUENCE_RATE_HZ,
    SERIES,
    SILENCE_DBFS,
    SR,
    contrast_bands,
)
from scanner.features.kernels import kernel
from scanner.features.spectral import Frames, hann, mfcc_basis, sparse_mel

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_TOP_DB = 80.0
_ONSET_DELAY = 3  # one frame of lag and half a frame of n_fft, in hops
_DCT = mfcc_basis().T.copy()
_MFCC_0_PER_DB = float(np.sqrt(N_MELS))
_SILENCE = 10.0 ** (SILENCE_DBFS / 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class WindowSummary:
    """The statistics of one window.

    Attributes
    ----------
    start_s, duration_s : float
        In seconds.
    silent : bool
    columns : shape (11,), in the order of ``definition.COLUMNS``
    mean, std : shape (45,), in the order of ``definition.SERIES``
    """

    start_s: float
    duration_s: float
    silent: bool
    columns: Doubles
    mean: Doubles
    std: Doubles


@kernel("void(f4[:,:], f4, f4[:,::1], f4[::1])")
def _clamp_bands(mel_db: Floats, floor: float, clamped: Floats, onset: Floats) -> None:
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
def _statistics(series: Floats, mean: Doubles, std: Doubles) -> None:
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


def dynamics(rms: Doubles) -> tuple[float, float, float, float]:
    """Return how the level moves around its mean.

    Parameters
    ----------
    rms : float64, shape (n,)
        Frame RMS.

    Returns
    -------
    above : float
        Fraction of frames above the mean, 0 to 1.
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


def _clamped(db: Floats) -> Floats:
    clamped: Floats = np.maximum(db, db.max() - np.float32(_TOP_DB))
    return clamped


class WindowSummarizer:
    """Summarizes windows, in memory that is used again and again.

    Parameters
    ----------
    longest : int
        Most frames of a window.
    bins : int
        How many bins of each spectrum, from the lowest, were looked at. The contrast
        of bands that reach beyond is 0.
    """

    def __init__(self, longest: int, bins: int = N_BINS) -> None:
        self._n_contrast = sum(band.stop <= bins for band in contrast_bands())
        self._bands = np.empty((longest, N_MELS), np.float32)
        self._onset = np.empty(longest, np.float32)
        self._mfcc = np.empty((longest, N_MFCC), np.float32)
        self._series = np.empty((longest, len(SERIES)), np.float32)
        self._tempo = TempoEstimator(longest)

    def summarize(
        self, frames: Frames, start_s: float, duration_s: float
    ) -> WindowSummary:
        """Summarize a window.

        Parameters
        ----------
        frames : Frames
            Those whose centres lie inside it.
        start_s, duration_s : float
            Where in the track it lies, in seconds.
        """
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
        parts = (mfcc, contrast, frames.spectral_shape, frames.level[:, 1:])
        series = self._series[:n]
        np.concatenate([*parts, onset[:, None], frames.chroma], axis=1, out=series)
        mean, std = np.empty(len(SERIES)), np.empty(len(SERIES))
        _statistics(series, mean, std)
        columns = _columns(frames, mean, self._tempo.estimate(onset))
        silent = bool(columns[COLUMNS.index("rms_max")] < _SILENCE)
        return WindowSummary(start_s, duration_s, silent, columns, mean, std)


def _columns(frames: Frames, mean: Doubles, tempo_bpm: float) -> Doubles:
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


def feature_vector(summary: WindowSummary, loudness_lufs: float) -> Floats:
    """Return the feature vector, as if the track had the reference loudness.

    Parameters
    ----------
    summary : WindowSummary
    loudness_lufs : float
        The whole track's integrated loudness.
    """
    gain_db = REFERENCE_LUFS - loudness_lufs
    columns, mean = summary.columns.copy(), summary.mean.copy()
    columns[1:3] *= 10.0 ** (gain_db / 20.0)  # rms_mean, rms_max
    mean[0] += gain_db * _MFCC_0_PER_DB  # mfcc_00_mean
    return np.concatenate([columns, mean, summary.std]).astype(np.float32)


_LAGS = int(8.0 * SR) // HOP_LENGTH
_HALF = _LAGS // 2
_N_FFT = scipy.fft.next_fast_len(2 * _LAGS - 1, real=True)
_STRIDE = 16
"""Every which frame of the tempogram enters its mean: that is smooth in time."""
_BATCH = 32
_START_BPM = 120.0
_MAX_BPM = 320.0


def _bpms() -> Doubles:
    lags = np.arange(1, _LAGS)
    return 60.0 * SR / (HOP_LENGTH * lags)


def _log_prior() -> Doubles:
    prior: Doubles = -0.5 * (np.log2(_bpms()) - np.log2(_START_BPM)) ** 2
    prior[_bpms() >= _MAX_BPM] = -np.inf
    return prior


_TAPER = hann(_LAGS).astype(np.float32)
_BPMS = _bpms()
_LOG_PRIOR = _log_prior()


_NOISE = np.finfo(np.float32).eps
"""Autocorrelations below are rounding, which differs from processor to processor."""


class TempoEstimator:
    """Estimates tempi as ``librosa.feature.tempo`` does, in memory of its own.

    Parameters
    ----------
    longest : int
        Most frames of an envelope.
    stride : int
        Use every ``stride``-th frame of the tempogram.

    References
    ----------
    P. Grosche, M. Müller, F. Kurth, "Cyclic tempogram: a mid-level tempo representation
    for music signals", Proc. IEEE ICASSP, 2010.
    """

    def __init__(self, longest: int, stride: int = _STRIDE) -> None:
        self._padded = np.empty(longest + 2 * _HALF, np.float32)
        self._stride = stride

    def estimate(self, onset: Floats) -> float:
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
        mean[mean < _NOISE] = 0.0
        best = np.argmax(np.log1p(1e6 * mean) + _LOG_PRIOR)
        return float(_BPMS[best])


def _summed_power(frames: Floats) -> Floats:
    """Return the sum of the power spectra, each divided by its frame's energy."""
    local = frames * _TAPER
    energy = np.einsum("ij,ij->i", local, local)
    energy[energy < np.finfo(np.float32).tiny] = 1.0
    spectra = scipy.fft.rfft(local, _N_FFT, axis=1, workers=1)
    total: Floats = (1.0 / energy) @ (spectra.real**2 + spectra.imag**2)
    return total


_AMIN = 1e-10


@kernel("void(f4[:,::1], f4[:,:], i8, i8, f4[::1], f4[::1])")
def _add(
    S: Floats, chroma: Floats, start: int, stop: int, power: Floats, pitch: Floats
) -> None:
    """Add the power and the chroma of frames ``start:stop``."""
    for t in range(start, stop):
        for k in range(N_BINS):
            power[k] += S[t, k] * S[t, k]
        for c in range(N_CHROMA):
            pitch[c] += chroma[t, c]


@kernel("void(f4[::1], f4[::1], i8[:,::1], f4[::1], f4[:])")
def _close(
    power: Floats, pitch: Floats, spans: NDArray[np.int64], weights: Floats, out: Floats
) -> None:
    """Write the mean chroma and the mel bands in dB; start again from nothing."""
    for c in range(N_CHROMA):
        out[c] = pitch[c] / SEQUENCE_FRAMES
    for m in range(N_SEQUENCE_MELS):
        first, count, place = spans[m]
        total = np.float32(0.0)
        for n in range(count):
            total += power[first + n] * weights[place + n]
        mean = max(float(total) / SEQUENCE_FRAMES, _AMIN)
        out[N_CHROMA + m] = 10.0 * math.log10(mean)
    power[:] = 0.0
    pitch[:] = 0.0


class SequenceBuilder:
    """Averages frames by 22, half a second; a last step of fewer is left out."""

    def __init__(self) -> None:
        self._power = np.zeros(N_BINS, np.float32)
        self._pitch = np.zeros(N_CHROMA, np.float32)
        self._spans, self._weights = sparse_mel(N_SEQUENCE_MELS)
        self._frames = 0
        self._steps: list[Floats] = []

    def push(self, S: Floats, chroma: Floats) -> None:
        """Take the next frames' magnitudes, shape (n, 1040), and chroma (n, 12)."""
        start, n = 0, S.shape[0]
        while start < n:
            stop = min(n, start + SEQUENCE_FRAMES - self._frames)
            _add(S, chroma, start, stop, self._power, self._pitch)
            self._frames += stop - start
            start = stop
            if self._frames == SEQUENCE_FRAMES:
                step = np.empty(N_CHROMA + N_SEQUENCE_MELS, np.float32)
                _close(self._power, self._pitch, self._spans, self._weights, step)
                self._steps.append(step)
                self._frames = 0

    def finish(self, loudness_lufs: float) -> tuple[Sequence, ...]:
        """Return chroma, and log-mel in dB as if at the reference loudness."""
        steps = np.array(self._steps)
        chroma, logmel = steps[:, :N_CHROMA], steps[:, N_CHROMA:]
        logmel = logmel + np.float32(REFERENCE_LUFS - loudness_lufs)
        return (
            Sequence("chroma", SEQUENCE_RATE_HZ, chroma.astype(np.float16)),
            Sequence("logmel", SEQUENCE_RATE_HZ, logmel.astype(np.float16)),
        )
