"""Frames once for the whole track; windows summarised as soon as they are complete."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from catalog.records import Sequence
from scanner.features.cost import Costs
from scanner.features.definition import HOP_LENGTH, N_BINS, N_FFT, SR
from scanner.features.frames import FrameStore
from scanner.features.hpss import Separation
from scanner.features.layout import CONTEXT, LAG, TILE
from scanner.features.sequences import Sequences
from scanner.features.spectral import Spectra
from scanner.features.statistics import Summariser, Summary
from scanner.features.waveform import describe_waveform

_HALF = N_FFT // 2
_OVERLAP = N_FFT - HOP_LENGTH
_TILE_SAMPLES = TILE * HOP_LENGTH + _OVERLAP
_ROUNDING_S = 1e-6


class WindowStream:
    """Cuts a mono signal at 22 050 Hz into frames and these into windows.

    Parameters
    ----------
    window_s, hop_s : float
    costs : Costs
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
        self, window_s: float, hop_s: float, costs: Costs, *, bins: int = N_BINS
    ) -> None:
        self._window_s, self._hop_s = window_s, hop_s
        self._costs = costs
        self._samples = np.zeros(_TILE_SAMPLES, np.float32)
        self._fill = _HALF
        self._received = 0
        self._frames = 0  # described
        self._separated = -LAG
        self._spectra = Spectra(costs, bins)
        self._separation = Separation()
        self._sequences = Sequences()
        window_frames = math.ceil(window_s * SR / HOP_LENGTH) + 1
        self._summariser = Summariser(window_frames, bins)
        self._store = FrameStore(window_frames + 3 * TILE)
        self._summaries: list[Summary] = []

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
        separation = self._separation
        rows = self._store.at(self._frames, self._frames + TILE)
        first = _HALF if self._frames == 0 else -1
        describe_waveform(self._samples, first, last, rows.level)
        self._costs.lap("waveform")
        self._spectra.describe(
            self._samples, separation.rows, separation.percussive, rows
        )
        part = separation.rows[CONTEXT : CONTEXT + valid]
        self._sequences.push(part, rows.chroma[:valid])
        self._costs.lap("sequences")
        self._frames += valid
        self._separate(valid)
        self._complete_windows()

    def _separate(self, valid: int) -> None:
        energy = self._separation.split(valid)
        start = max(self._separated, 0)
        stop = min(self._separated + TILE, self._frames)
        part = slice(start - self._separated, stop - self._separated)
        self._store.at(start, stop).energy[:] = energy[part]
        self._separated = stop
        self._costs.lap("hpss")

    def _complete_windows(self) -> None:
        """Summarise the windows whose frames are all there and lie in the signal."""
        while True:
            start_s = len(self._summaries) * self._hop_s
            end = (start_s + self._window_s) * SR
            if end > self._received or _frame_at(end) > self._separated:
                break
            self._summarise(start_s, self._window_s)
        needed = _frame_at(len(self._summaries) * self._hop_s * SR)
        self._store.forget(min(needed, self._separated), self._frames)

    def _summarise(self, start_s: float, duration_s: float) -> None:
        first = _frame_at(start_s * SR)
        frames = self._store.at(first, _frame_at((start_s + duration_s) * SR))
        self._summaries.append(self._summariser.summarise(frames, start_s, duration_s))
        self._costs.lap("summary")

    def finish(
        self, duration_s: float, loudness_lufs: float
    ) -> tuple[list[Summary], tuple[Sequence, ...]]:
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
        while True:
            start_s = len(self._summaries) * self._hop_s
            if start_s + self._window_s > duration_s + _ROUNDING_S:
                break
            self._summarise(start_s, self._window_s)
        if not self._summaries:
            self._summarise(0.0, duration_s)
        return self._summaries, self._sequences.finish(loudness_lufs)


def _frame_at(sample: float) -> int:
    """Return the first frame whose centre lies at or after ``sample``."""
    return math.ceil(round(sample, 6) / HOP_LENGTH)
