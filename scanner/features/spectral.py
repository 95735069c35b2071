"""Spectra of a signal's frames, and the descriptors that each of them gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import (
    BINS_ROWS,
    CONTEXT,
    LAG,
    MARGIN,
    N_BINS,
    N_CHROMA,
    N_CONTRAST,
    N_FFT,
    N_MELS,
    N_MFCC,
    SR,
    TILE,
)
from scanner.features.kernels import kernel
from scanner.features.simd.descriptors import (
    CHUNK,
    MOMENT_ROWS,
    N_CHUNKS,
    POWER_ROWS,
    chroma,
    contrast_decibels,
    magnitudes,
    mel_decibels,
    moments,
)
from scanner.features.simd.fft import (
    FOUR,
    FRAME_ROWS,
    POINTS,
    ROOM_ROWS,
    SIDE,
    WORK_ROWS,
    interleave,
    power_spectra,
)
from scanner.features.simd.llvm import WIDTH
from scanner.features.simd.median import medians_along_bins
from scanner.features.timing import Stopwatch

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_ROLL_PERCENT = 0.85
_BIN_HZ = SR / N_FFT
_TINY = float(np.finfo(np.float32).tiny)
_LEAST_POWER = float(np.float32(1e-10))  # librosa's amin, as the kernels hold it


# Filter banks equal to librosa.filters, as tests hold them to be: importing that would
# cost each worker two seconds and 170 MB.


def fft_frequencies() -> Doubles:
    """Return the frequencies of the bins in Hz, shape (1025,)."""
    return np.linspace(0.0, SR / 2, N_BINS)


def hann(n: int) -> Doubles:
    """Return the periodic Hann taper, shape (n,)."""
    phase = 2.0 * np.pi * np.arange(n) / n
    return 0.5 - 0.5 * np.cos(phase)


def _mel_frequencies(n: int) -> Doubles:
    """Return ``n`` frequencies from 0 to Nyquist, even on Slaney's mel scale."""
    linear_step, corner_hz, log_step = 200.0 / 3.0, 1000.0, np.log(6.4) / 27.0
    corner_mel = corner_hz / linear_step
    top = corner_mel + np.log(SR / 2.0 / corner_hz) / log_step
    mels = np.linspace(0.0, top, n)
    above = corner_hz * np.exp(log_step * (mels - corner_mel))
    return np.where(mels >= corner_mel, above, linear_step * mels)


def mel_filters(n_mels: int = N_MELS) -> Floats:
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


def chroma_filters() -> Floats:
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


def mfcc_basis() -> Floats:
    """Return the orthonormal DCT-II basis of the MFCC, shape (20, 128)."""
    k = np.arange(N_MFCC)[:, None]
    angle = np.pi * k * (2.0 * np.arange(N_MELS)[None, :] + 1.0) / (2.0 * N_MELS)
    basis = np.cos(angle) * np.sqrt(2.0 / N_MELS)
    basis[0] /= np.sqrt(2.0)
    return np.asarray(basis, np.float32)


@cache
def sparse_mel(n_mels: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the non-zero part of the mel bank; made once a process, not to be changed.

    Returns
    -------
    spans : shape (n_mels, 3)
        First bin, number of bins, place of the first weight.
    weights : shape (n,)
        One band after the other.
    """
    spans, weights, place = [], [], 0
    for band in mel_filters(n_mels):
        inside = np.flatnonzero(band)
        first, count = int(inside[0]), int(inside[-1] - inside[0]) + 1
        spans.append((first, count, place))
        weights.append(band[first : first + count])
        place += count
    return np.array(spans, np.int64), np.concatenate(weights)


@cache
def chroma_by_bin() -> Floats:
    """Return the chroma bank, shape (1025, 12); made once, not to be changed."""
    return chroma_filters().T.copy()


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Descriptors of a run of frames, one row per frame, all float32.

    Attributes
    ----------
    level : shape (n, 2)
        RMS, full scale being 1; zero-crossing rate, 0 to 1.
    spectral_shape : shape (n, 4)
        Bandwidth and rolloff in Hz, flatness from 0 to 1, centroid in Hz.
    contrast_db : shape (n, 14)
        Peaks of the seven bands, then valleys, not clamped to the window's range yet.
    mel_db : shape (n, 128)
        Decibels of mel power, not clamped either.
    chroma : shape (n, 12)
        Energy of the pitch classes from C on, the strongest being 1.
    energy : shape (n, 2)
        Harmonic, percussive.
    """

    level: Floats
    spectral_shape: Floats
    contrast_db: Floats
    mel_db: Floats
    chroma: Floats
    energy: Floats


class FrameStore:
    """A sliding run of frames, addressed by their number in the track.

    Parameters
    ----------
    capacity : int
        Most frames held at once.
    """

    def __init__(self, capacity: int) -> None:
        widths = (2, 4, 2 * N_CONTRAST, N_MELS, N_CHROMA, 2)
        self._rows = Frames(*(np.zeros((capacity, w), np.float32) for w in widths))
        self._first = 0

    def at(self, start: int, stop: int) -> Frames:
        """Return the rows of frames ``start:stop`` of the track, as views."""
        part = slice(start - self._first, stop - self._first)
        return Frames(*(getattr(self._rows, f.name)[part] for f in fields(Frames)))

    def discard(self, before: int, end: int) -> None:
        """Drop the frames before ``before``; those up to ``end`` move forward."""
        shift = before - self._first
        if shift <= 0:
            return
        kept = end - before
        for f in fields(Frames):
            values = getattr(self._rows, f.name)
            values[:kept] = values[shift : shift + kept]
        self._first = before


@kernel("void(f8[:,::1], f4[:,::1], i8, i8, f4[:])")
def _spectral_shape(
    sums: Doubles, bins: Floats, used: int, lane: int, out: Floats
) -> None:
    """Write bandwidth, rolloff, flatness and centroid of one frame.

    Bins from ``used`` on are empty; the flatness does without the least power that
    the sums hold for each of them.
    """
    total = sums[N_CHUNKS, lane]
    norm = 1.0 if total < _TINY else total
    first, second = sums[N_CHUNKS + 1, lane] / norm, sums[N_CHUNKS + 2, lane] / norm
    spread = second - first * first
    threshold = _ROLL_PERCENT * total
    chunk = 0
    while chunk < N_CHUNKS and sums[chunk, lane] < threshold:
        chunk += 1
    reached = sums[chunk - 1, lane] if chunk else 0.0
    k = chunk * CHUNK
    reached += bins[MARGIN + k, lane]
    while reached < threshold and k < N_BINS - 1:
        k += 1
        reached += bins[MARGIN + k, lane]
    exponents, mantissa = sums[N_CHUNKS + 4, lane], sums[N_CHUNKS + 5, lane]
    left_out = N_BINS - used
    log_sum = exponents * math.log(2.0) + math.log(mantissa)
    log_mean = (log_sum - left_out * math.log(_LEAST_POWER)) / used
    power = sums[N_CHUNKS + 3, lane] - left_out * _LEAST_POWER
    out[0] = math.sqrt(max(spread, 0.0)) * _BIN_HZ
    out[1] = k * _BIN_HZ
    out[2] = math.exp(log_mean) * used / power
    out[3] = first * _BIN_HZ


@kernel("void(f4[:,::1], i8, f4[:])")
def _normalize_chroma(raw: Floats, lane: int, out: Floats) -> None:
    peak = np.float32(0.0)
    for c in range(N_CHROMA):
        peak = max(peak, raw[c, lane])
    scale = 1.0 if peak < _TINY else 1.0 / peak
    for c in range(N_CHROMA):
        out[c] = raw[c, lane] * scale


@kernel("void(f4[::1], f8[::1], f8[:,::1], f4[:,::1], i8)")
def _write_powers(
    samples: Floats, taper: Doubles, twiddles: Doubles, power: Floats, first: int
) -> None:
    """Write the power spectra of eight frames side by side."""
    frames = np.empty((FRAME_ROWS, WIDTH), np.float32)
    columns = np.empty((WORK_ROWS, WIDTH), np.float64)
    spectrum = np.empty((WORK_ROWS, WIDTH), np.float64)
    room = np.empty((ROOM_ROWS, WIDTH), np.float64)
    interleave(samples, first, frames)
    for half in range(0, WIDTH, WIDTH // 2):
        power_spectra(frames, half, taper, twiddles, columns, spectrum, room, power)


@kernel(
    "void(f4[:,::1], f4[:,::1], i8[:,::1], f4[::1], f4[:,::1], i8, i8,"
    " f4[:,:], f4[:,:], f4[:,::1], f4[:,:])"
)
def _write_descriptors(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    bins: Floats,
    power: Floats,
    mel_spans: NDArray[np.int64],
    mel_weights: Floats,
    chroma_weights: Floats,
    used: int,
    first: int,
    out_shape: Floats,
    out_contrast: Floats,
    out_mel: Floats,
    out_chroma: Floats,
) -> None:
    """Write the descriptors of eight spectra, empty from bin ``used`` on."""
    pitch = np.empty((N_CHROMA, WIDTH), np.float32)
    extremes = np.empty((2 * N_CONTRAST, WIDTH), np.float32)
    sums = np.empty((MOMENT_ROWS, WIDTH), np.float64)
    mel_decibels(power, mel_spans, mel_weights, out_mel, first)
    chroma(power, chroma_weights, pitch)
    contrast_decibels(bins, extremes)
    moments(bins, sums)
    for lane in range(WIDTH):
        _spectral_shape(sums, bins, used, lane, out_shape[first + lane])
        _normalize_chroma(pitch, lane, out_chroma[first + lane])
        for k in range(2 * N_CONTRAST):
            out_contrast[first + lane, k] = extremes[k, lane]


@kernel("void(f4[:,::1], f4[:,::1], i8, f4[:,::1], f4[:,::1])")
def _write_magnitudes(
    power: Floats, bins: Floats, first: int, rows: Floats, percussive: Floats
) -> None:
    """Write magnitudes, and their medians along frequency, of eight frames."""
    magnitudes(power, bins, rows, CONTEXT + first)
    medians_along_bins(bins, percussive, LAG + first)


@cache
def _twiddle_factors() -> Doubles:
    """Return the factors that `power_spectra` reads; made once, not to be changed.

    Returns
    -------
    shape (1024 + 512 + 32, 2)
        Cosine and sine between the two passes, for the step to real frames, and within
        32 points.
    """
    a, b = np.divmod(np.arange(POINTS), SIDE)
    c, d = np.divmod(np.arange(SIDE), FOUR)
    real = np.arange(POINTS // 2) / N_FFT
    angles = np.concatenate([a * b / POINTS, real, c * d / SIDE])
    factors = np.exp(-2j * np.pi * angles)
    return np.stack([factors.real, factors.imag], axis=1)


class SpectralFeatures:
    """Turns tiles of samples into magnitude spectra and their descriptors.

    Parameters
    ----------
    stopwatch : Stopwatch
        Charged by stage.
    bins : int
        How many bins of each spectrum, from the lowest, are looked at.

    Notes
    -----
    Each descriptor is librosa's of the same name, with its defaults [1]_.

    References
    ----------
    .. [1] B. McFee et al., "librosa: Audio and music signal analysis in Python",
       Proc. 14th Python in Science Conf., 2015.
    """

    def __init__(self, stopwatch: Stopwatch, bins: int = N_BINS) -> None:
        self._stopwatch = stopwatch
        self._used = bins
        self._taper, self._twiddles = hann(N_FFT), _twiddle_factors()
        self._mel_spans, self._mel_weights = sparse_mel(N_MELS)
        self._chroma = chroma_by_bin()
        self._power = np.zeros((TILE // WIDTH, POWER_ROWS, WIDTH), np.float32)
        self._bins = np.zeros((TILE // WIDTH, BINS_ROWS, WIDTH), np.float32)

    def compute(
        self, samples: Floats, rows: Floats, percussive: Floats, out: Frames
    ) -> None:
        """Compute what each spectrum of a tile gives by itself.

        Parameters
        ----------
        samples : shape (64 * 512 + 1536,)
            At 22 050 Hz.
        rows : shape (96, 1040)
            Rows from 32 on get the magnitudes.
        percussive : shape (80, 1040)
            Rows from 16 on get the medians along frequency.
        out : Frames
            64 rows.
        """
        groups = list(zip(range(0, TILE, WIDTH), self._power, self._bins, strict=True))
        for first, power, _ in groups:
            _write_powers(samples, self._taper, self._twiddles, power, first)
        self._power[:, self._used : N_BINS] = 0.0
        self._stopwatch.lap("spectrum")
        for first, power, bins in groups:
            _write_magnitudes(power, bins, first, rows, percussive)
        self._stopwatch.lap("hpss")
        for first, power, bins in groups:
            _write_descriptors(
                bins,
                power,
                self._mel_spans,
                self._mel_weights,
                self._chroma,
                self._used,
                first,
                out.spectral_shape,
                out.contrast_db,
                out.mel_db,
                out.chroma,
            )
        self._stopwatch.lap("features")
