"""The extractor: everything that is measured on a track's audio, block by block."""

from __future__ import annotations

import math

import numpy as np
import soxr
from numpy.typing import NDArray

from catalog.records import Analysis, AnalysisStatus, Sequence, Windows
from scanner.exceptions import FeatureError
from scanner.features.bandwidth import BandwidthMeter
from scanner.features.definition import (
    COLUMNS,
    CONTEXT,
    FLOOR_LUFS,
    HOP_LENGTH,
    HOP_S,
    LAG,
    MIN_DURATION_S,
    N_BINS,
    N_FFT,
    SR,
    TILE,
    VECTOR_NAMES,
    WINDOW_S,
    bins_below,
    feature_set,
)
from scanner.features.hpss import HarmonicPercussive
from scanner.features.loudness import LoudnessMeter, loudness_range
from scanner.features.spectral import FrameStore, SpectralFeatures
from scanner.features.statistics import (
    SequenceBuilder,
    WindowSummarizer,
    WindowSummary,
    feature_vector,
)
from scanner.features.timing import Stopwatch
from scanner.features.true_peak import TruePeakMeter
from scanner.features.waveform import (
    downmix_channels,
    largest_magnitude,
    measure_waveform,
)

_BLOCK = 32768
"""Samples per channel handled at once, whatever the length of the blocks pushed."""


class Extractor:
    """Measures a stream of blocks: push them all, then finish.

    Parameters
    ----------
    sr : int
        Rate of the blocks in Hz.
    channels : int
        Columns of the blocks.
    window_s, hop_s : float
        Length of a window and distance between the starts of two, in seconds.
    band_limit_hz : float or None
        What lies above is left out of whatever is made of spectra; None: nothing.
    stopwatch : Stopwatch, optional
        Charged by stage; what it was charged with before is among the costs, too.

    Notes
    -----
    The results are the same to the last bit whatever the length of the blocks.
    """

    def __init__(
        self,
        sr: int,
        channels: int,
        *,
        window_s: float = WINDOW_S,
        hop_s: float = HOP_S,
        band_limit_hz: float | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._sr = sr
        self._feature_set = feature_set(window_s, hop_s, band_limit_hz)
        self._stopwatch = stopwatch or Stopwatch()
        self._pending = np.empty((_BLOCK, channels), np.float32)
        self._fill = 0
        self._samples = 0
        self._loudness = LoudnessMeter(sr, channels)
        self._audio_facts = AudioFactsMeter(sr, channels)
        self._resampler = (
            None if sr == SR else soxr.ResampleStream(sr, SR, 1, "float32", "HQ")
        )
        self._stream = WindowStream(
            window_s, hop_s, self._stopwatch, bins=bins_below(band_limit_hz)
        )

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples.

        Parameters
        ----------
        block : float32, shape (n, channels)

        Raises
        ------
        FeatureError
            The samples hold NaN or infinity, or are loud beyond measure.
        """
        self._stopwatch.start()
        block = np.ascontiguousarray(block, np.float32)
        start, n = 0, block.shape[0]
        while start < n:
            if self._fill == 0 and n - start >= _BLOCK:
                self._take(block[start : start + _BLOCK])
                start += _BLOCK
                continue
            stop = min(n, start + _BLOCK - self._fill)
            self._pending[self._fill : self._fill + stop - start] = block[start:stop]
            self._fill += stop - start
            start = stop
            if self._fill == _BLOCK:
                self._take(self._pending)
                self._fill = 0
        self._stopwatch.stop()

    def _take(self, block: NDArray[np.float32], *, last: bool = False) -> None:
        self._samples += block.shape[0]
        mono = downmix(block)
        self._stopwatch.lap("mix")
        self._loudness.push(block)
        self._stopwatch.lap("loudness")
        self._audio_facts.push(block, mono)
        self._stopwatch.lap("audio facts")
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last)
            self._stopwatch.lap("resample")
        self._stream.push(mono)

    def finish(self, decoder: str = "") -> Analysis:
        """Return what was measured; nothing may be pushed afterwards.

        Parameters
        ----------
        decoder : str
            Where the blocks came from, to be noted.

        Raises
        ------
        FeatureError
            As `push`; or a number is none.
        """
        self._stopwatch.start()
        self._take(self._pending[: self._fill], last=True)
        duration_s = self._samples / self._sr
        loudness = self._loudness.integrated()
        level = FLOOR_LUFS if loudness is None else loudness
        summaries: list[WindowSummary] = []
        sequences: tuple[Sequence, ...] = ()
        if duration_s >= MIN_DURATION_S:
            summaries, sequences = self._stream.finish(duration_s, level)
        self._stopwatch.lap("summary")
        audio_facts = self._audio_facts.finish(self._loudness.steps())
        self._stopwatch.lap("audio facts")
        self._stopwatch.stop()
        return Analysis(
            feature_set=self._feature_set,
            status=_status(summaries),
            duration_s=duration_s,
            windows=_windows(summaries, level),
            sequences=sequences,
            loudness_lufs=loudness,
            decoder=decoder,
            audio_facts=audio_facts,
            costs=self._stopwatch.stages(),
        )


def _status(summaries: list[WindowSummary]) -> AnalysisStatus:
    if not summaries:
        return "too_short"
    return "silent" if all(s.silent for s in summaries) else "ok"


def _windows(summaries: list[WindowSummary], level: float) -> Windows:
    columns = np.array([s.columns for s in summaries]).reshape(-1, len(COLUMNS))
    vectors = np.array([feature_vector(s, level) for s in summaries], np.float32)
    vectors = vectors.reshape(-1, len(VECTOR_NAMES))
    if not (np.isfinite(columns).all() and np.isfinite(vectors).all()):
        raise FeatureError("features", "a number is NaN or infinite")
    return Windows(
        start_s=np.array([s.start_s for s in summaries], np.float64),
        duration_s=np.array([s.duration_s for s in summaries], np.float64),
        silent=np.array([s.silent for s in summaries], np.bool_),
        columns={name: columns[:, i].copy() for i, name in enumerate(COLUMNS)},
        vectors=vectors,
    )


_INFINITE = np.float32(np.inf).view(np.int32)
_TOO_LOUD = np.float32(2.0**40).view(np.int32)
"""Full scale is 1; files of integers kept as floats reach 2**31."""


def downmix(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, shape (n,): of one, the channel itself.

    Parameters
    ----------
    block : float32, shape (n, channels)

    Raises
    ------
    FeatureError
        A sample is NaN or infinite, or so large that powers would overflow.
    """
    if block.shape[1] == 1:
        out = block.reshape(-1)
    else:
        out = np.empty(block.shape[0], np.float32)
        downmix_channels(block, out)
    top = largest_magnitude(out.view(np.int32))
    if top >= _INFINITE:
        raise FeatureError("features", "the decoded audio holds NaN or infinity")
    if top >= _TOO_LOUD:
        raise FeatureError("features", "the decoded audio is too loud to be measured")
    return out


_HALF_STEP = np.float32(0.5 / 32768.0)
"""Below half a step of 16 bits a sample is digital silence, whatever decoded it."""


class AudioFactsMeter:
    """Measures a stream of blocks beside the features.

    Parameters
    ----------
    sr : int
        Rate in Hz.
    channels : int
    """

    def __init__(self, sr: int, channels: int) -> None:
        self._peaks = TruePeakMeter(channels)
        self._edge = BandwidthMeter(sr)
        self._leading = 0
        self._started = False

    def push(self, block: NDArray[np.float32], mono: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n, channels), and their mean (n,)."""
        if not self._started:
            self._lead(block)
        self._peaks.push(block)
        self._edge.push(mono)

    def _lead(self, block: NDArray[np.float32]) -> None:
        audible = np.flatnonzero((np.abs(block) >= _HALF_STEP).any(axis=1))
        self._started = audible.size > 0
        self._leading += int(audible[0]) if self._started else block.shape[0]

    def finish(self, steps: NDArray[np.float64]) -> dict[str, float]:
        """Return what was measured; what silence leaves undefined is not in it.

        Parameters
        ----------
        steps : shape (n,)
            The loudness meter's power of each 100 ms.

        Returns
        -------
        dict
            ``upper_edge_hz``, ``edge_drop_db``, ``sample_peak_dbfs``,
            ``true_peak_dbtp``, ``crest_db``, ``loudness_range_lu`` and
            ``leading_silence_samples``.
        """
        facts = self._edge.finish() | self._peaks.finish()
        spread = loudness_range(steps)
        if spread is not None:
            facts["loudness_range_lu"] = spread
        facts["leading_silence_samples"] = float(self._leading)
        return facts


_HALF = N_FFT // 2
_OVERLAP = N_FFT - HOP_LENGTH
_TILE_SAMPLES = TILE * HOP_LENGTH + _OVERLAP
_ROUNDING_S = 1e-6


class WindowStream:
    """Cuts a mono signal at 22 050 Hz into frames and these into windows.

    Parameters
    ----------
    window_s, hop_s : float
    stopwatch : Stopwatch
        Charged by stage.
    bins : int
        How many bins of each spectrum, from the lowest, are looked at.

    Notes
    -----
    Windows start every ``hop_s`` as long as a whole one fits; the remainder at the
    end, shorter than ``hop_s``, belongs to no window. A signal shorter than a window
    is one short window.
    """

    def __init__(
        self, window_s: float, hop_s: float, stopwatch: Stopwatch, *, bins: int = N_BINS
    ) -> None:
        self._window_s, self._hop_s = window_s, hop_s
        self._stopwatch = stopwatch
        self._samples = np.zeros(_TILE_SAMPLES, np.float32)
        self._fill = _HALF
        self._received = 0
        self._frames = 0  # described
        self._separated = -LAG
        self._spectral = SpectralFeatures(stopwatch, bins)
        self._hpss = HarmonicPercussive()
        self._sequences = SequenceBuilder()
        window_frames = math.ceil(window_s * SR / HOP_LENGTH) + 1
        self._summarizer = WindowSummarizer(window_frames, bins)
        self._store = FrameStore(window_frames + 3 * TILE)
        self._summaries: list[WindowSummary] = []

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,)."""
        start, n = 0, mono.shape[0]
        self._received += n
        while start < n:
            stop = min(n, start + _TILE_SAMPLES - self._fill)
            self._samples[self._fill : self._fill + stop - start] = mono[start:stop]
            self._fill += stop - start
            start = stop
            if self._fill == _TILE_SAMPLES:
                self._tile(TILE, _TILE_SAMPLES)
                self._samples[:_OVERLAP] = self._samples[-_OVERLAP:]
                self._fill = _OVERLAP

    def _tile(self, valid: int, last: int) -> None:
        """Describe the frames of the buffered samples; ``valid`` of them count."""
        hpss = self._hpss
        rows = self._store.at(self._frames, self._frames + TILE)
        first = _HALF if self._frames == 0 else -1
        measure_waveform(self._samples, first, last, rows.level)
        self._stopwatch.lap("waveform")
        self._spectral.compute(self._samples, hpss.rows, hpss.percussive, rows)
        part = hpss.rows[CONTEXT : CONTEXT + valid]
        self._sequences.push(part, rows.chroma[:valid])
        self._stopwatch.lap("sequences")
        self._frames += valid
        self._separate(valid)
        self._complete_windows()

    def _separate(self, valid: int) -> None:
        energy = self._hpss.split(valid)
        start = max(self._separated, 0)
        stop = min(self._separated + TILE, self._frames)
        part = slice(start - self._separated, stop - self._separated)
        self._store.at(start, stop).energy[:] = energy[part]
        self._separated = stop
        self._stopwatch.lap("hpss")

    def _complete_windows(self) -> None:
        """Summarize the windows whose frames are all there and lie in the signal."""
        while True:
            end = (self._next_start_s() + self._window_s) * SR
            if end > self._received or _frame_at(end) > self._separated:
                break
            self._summarize(self._next_start_s(), self._window_s)
        needed = _frame_at(self._next_start_s() * SR)
        self._store.discard(min(needed, self._separated), self._frames)

    def _next_start_s(self) -> float:
        return len(self._summaries) * self._hop_s

    def _summarize(self, start_s: float, duration_s: float) -> None:
        first = _frame_at(start_s * SR)
        frames = self._store.at(first, _frame_at((start_s + duration_s) * SR))
        self._summaries.append(self._summarizer.summarize(frames, start_s, duration_s))
        self._stopwatch.lap("summary")

    def finish(
        self, duration_s: float, loudness_lufs: float
    ) -> tuple[list[WindowSummary], tuple[Sequence, ...]]:
        """End the signal and return all windows and the two sequences.

        Parameters
        ----------
        duration_s : float
            Of the signal at its own rate: at least a few frames.
        loudness_lufs : float
        """
        total = 1 + self._received // HOP_LENGTH
        valid = total - self._frames
        if valid > 0:
            self._samples[self._fill :] = 0.0
            self._tile(valid, self._fill)
        if self._separated < total:
            self._separate(0)
        while self._next_start_s() + self._window_s <= duration_s + _ROUNDING_S:
            self._summarize(self._next_start_s(), self._window_s)
        if not self._summaries:
            self._summarize(0.0, duration_s)
        return self._summaries, self._sequences.finish(loudness_lufs)


def _frame_at(sample: float) -> int:
    """Return the first frame whose centre lies at or after ``sample``."""
    return math.ceil(round(sample, 6) / HOP_LENGTH)
