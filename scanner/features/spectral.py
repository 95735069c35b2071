"""From a mono signal at 22 050 Hz to per-frame numbers, tile by tile."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scanner.features import filters as banks
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

_ROLL_PERCENT = 0.85
_BIN_HZ = SR / N_FFT
_TINY = float(np.finfo(np.float32).tiny)
_LEAST_POWER = float(np.float32(1e-10))  # librosa's amin, as the kernels hold it


Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Numbers of a run of frames, one row per frame, all float32.

    Attributes
    ----------
    level : shape (n, 2)
        RMS, zero-crossing rate.
    shape : shape (n, 4)
        Bandwidth, rolloff, flatness, centroid.
    contrast_db : shape (n, 14)
        Peaks of the seven bands, then valleys, not clamped to the window's range yet.
    mel_db : shape (n, 128)
        Decibels of mel power, not clamped either.
    chroma : shape (n, 12)
    energy : shape (n, 2)
        Harmonic, percussive.
    """

    level: Array
    shape: Array
    contrast_db: Array
    mel_db: Array
    chroma: Array
    energy: Array


def _no_frames(n: int) -> Frames:
    widths = (2, 4, 2 * N_CONTRAST, N_MELS, N_CHROMA, 2)
    return Frames(*(np.zeros((n, width), np.float32) for width in widths))


class FrameStore:
    """A sliding run of frames, addressed by their number in the track.

    Parameters
    ----------
    capacity : int
        Most frames held at once.
    """

    def __init__(self, capacity: int) -> None:
        self._rows = _no_frames(capacity)
        self._first = 0

    def at(self, start: int, stop: int) -> Frames:
        """Return the rows of frames ``start:stop`` of the track, as views."""
        part = slice(start - self._first, stop - self._first)
        return Frames(*(getattr(self._rows, f.name)[part] for f in fields(Frames)))

    def forget(self, before: int, end: int) -> None:
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
def _shape(
    sums: NDArray[np.float64],
    bins: NDArray[np.float32],
    used: int,
    lane: int,
    out: NDArray[np.float32],
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
def _normalise_chroma(
    raw: NDArray[np.float32], lane: int, out: NDArray[np.float32]
) -> None:
    peak = np.float32(0.0)
    for c in range(N_CHROMA):
        peak = max(peak, raw[c, lane])
    scale = 1.0 if peak < _TINY else 1.0 / peak
    for c in range(N_CHROMA):
        out[c] = raw[c, lane] * scale


@kernel("void(f4[::1], f8[::1], f8[:,::1], f4[:,::1], i8)")
def _powers(
    samples: NDArray[np.float32],
    taper: NDArray[np.float64],
    turns: NDArray[np.float64],
    power: NDArray[np.float32],
    first: int,
) -> None:
    """Write the power spectra of eight frames side by side."""
    frames = np.empty((FRAME_ROWS, WIDTH), np.float32)
    columns = np.empty((WORK_ROWS, WIDTH), np.float64)
    spectrum = np.empty((WORK_ROWS, WIDTH), np.float64)
    room = np.empty((ROOM_ROWS, WIDTH), np.float64)
    interleave(samples, first, frames)
    for half in range(0, WIDTH, WIDTH // 2):
        power_spectra(frames, half, taper, turns, columns, spectrum, room, power)


@kernel(
    "void(f4[:,::1], f4[:,::1], i8[:,::1], f4[::1], f4[:,::1], i8, i8,"
    " f4[:,:], f4[:,:], f4[:,::1], f4[:,:])"
)
def _describe(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    bins: NDArray[np.float32],
    power: NDArray[np.float32],
    mel_spans: NDArray[np.int64],
    mel_weights: NDArray[np.float32],
    chroma_weights: NDArray[np.float32],
    used: int,
    first: int,
    out_shape: NDArray[np.float32],
    out_contrast: NDArray[np.float32],
    out_mel: NDArray[np.float32],
    out_chroma: NDArray[np.float32],
) -> None:
    """Write what eight spectra say into eight rows of ``out``.

    Their bins from ``used`` on are empty.
    """
    pitch = np.empty((N_CHROMA, WIDTH), np.float32)
    extremes = np.empty((2 * N_CONTRAST, WIDTH), np.float32)
    sums = np.empty((MOMENT_ROWS, WIDTH), np.float64)
    mel_decibels(power, mel_spans, mel_weights, out_mel, first)
    chroma(power, chroma_weights, pitch)
    contrast_decibels(bins, extremes)
    moments(bins, sums)
    for lane in range(WIDTH):
        _shape(sums, bins, used, lane, out_shape[first + lane])
        _normalise_chroma(pitch, lane, out_chroma[first + lane])
        for k in range(2 * N_CONTRAST):
            out_contrast[first + lane, k] = extremes[k, lane]


@kernel("void(f4[:,::1], f4[:,::1], i8, f4[:,::1], f4[:,::1])")
def _line_up(
    power: NDArray[np.float32],
    bins: NDArray[np.float32],
    first: int,
    rows: NDArray[np.float32],
    percussive: NDArray[np.float32],
) -> None:
    """Write magnitudes, and their medians along frequency, of eight frames."""
    magnitudes(power, bins, rows, CONTEXT + first)
    medians_along_bins(bins, percussive, LAG + first)


@cache
def _twiddle_factors() -> NDArray[np.float64]:
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


class Spectra:
    """Turns tiles of samples into magnitudes and what these say.

    Parameters
    ----------
    stopwatch : Stopwatch
        Charged by stage.
    bins : int
        How many bins of each spectrum, from the lowest, are looked at.
    """

    def __init__(self, stopwatch: Stopwatch, bins: int = N_BINS) -> None:
        self._stopwatch = stopwatch
        self._used = bins
        self._taper, self._twiddles = banks.hann(), _twiddle_factors()
        self._mel_spans, self._mel_weights = banks.sparse_mel(N_MELS)
        self._chroma = banks.chroma_by_bin()
        self._power = np.zeros((TILE // WIDTH, POWER_ROWS, WIDTH), np.float32)
        self._bins = np.zeros((TILE // WIDTH, BINS_ROWS, WIDTH), np.float32)

    def describe(
        self,
        samples: NDArray[np.float32],
        rows: NDArray[np.float32],
        percussive: NDArray[np.float32],
        out: Frames,
    ) -> None:
        """Describe each spectrum of a tile by itself.

        Parameters
        ----------
        samples : shape (64 * 512 + 1536,)
        rows : shape (96, 1040)
            Rows from 32 on get the magnitudes.
        percussive : shape (80, 1040)
            Rows from 16 on get the medians along frequency.
        out : Frames
            64 rows.
        """
        octets = list(zip(range(0, TILE, WIDTH), self._power, self._bins, strict=True))
        for first, power, _ in octets:
            _powers(samples, self._taper, self._twiddles, power, first)
        self._power[:, self._used : N_BINS] = 0.0
        self._stopwatch.lap("spectrum")
        for first, power, bins in octets:
            _line_up(power, bins, first, rows, percussive)
        self._stopwatch.lap("hpss")
        for first, power, bins in octets:
            _describe(
                bins,
                power,
                self._mel_spans,
                self._mel_weights,
                self._chroma,
                self._used,
                first,
                out.shape,
                out.contrast_db,
                out.mel_db,
                out.chroma,
            )
        self._stopwatch.lap("features")
