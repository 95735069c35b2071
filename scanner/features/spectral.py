"""From a mono signal at 22 050 Hz to per-frame numbers, tile by tile."""

from __future__ import annotations

import math

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
from scanner.features.frames import Frames
from scanner.features.kernels import kernel
from scanner.features.simd.fft import (
    FRAME_ROWS,
    ROOM_ROWS,
    WORK_ROWS,
    interleave,
    power_spectra,
    tapered_turns,
)
from scanner.features.simd.llvm import WIDTH
from scanner.features.simd.median import medians_along_bins
from scanner.features.simd.octaves import (
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
from scanner.features.timing import Stopwatch

_ROLL_PERCENT = 0.85
_BIN_HZ = SR / N_FFT
_TINY = float(np.finfo(np.float32).tiny)
_LEAST_POWER = float(np.float32(1e-10))  # librosa's amin, as the kernels hold it


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
        self._taper, self._turns = tapered_turns()
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
            _powers(samples, self._taper, self._turns, power, first)
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
