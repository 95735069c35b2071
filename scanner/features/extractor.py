"""One track's audio in, everything measured on it out, in flat memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import soxr
from numpy.typing import NDArray

from catalog.records import (
    AnalysisStatus,
    FeatureSetFacts,
    Sequence,
    StageCost,
    Windows,
)
from scanner.exceptions import FeatureError
from scanner.features.audio_facts import AudioFacts
from scanner.features.cost import Costs
from scanner.features.definition import (
    COLUMNS,
    FLOOR_LUFS,
    HOP_S,
    MIN_DURATION_S,
    SR,
    VECTOR_NAMES,
    WINDOW_S,
    bins_below,
    feature_set,
)
from scanner.features.loudness import LoudnessMeter
from scanner.features.mixing import average
from scanner.features.statistics import Summary, vector
from scanner.features.windows import WindowStream

_BLOCK = 32768
"""Samples per channel handled at once, whatever the length of the blocks pushed."""


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """What was measured on one track.

    Attributes
    ----------
    feature_set : FeatureSetFacts
    status : "ok", "too_short" or "silent"
    duration_s : float
        Of what was pushed.
    windows : Windows
        None where the track is too short.
    sequences : chroma and log-mel, float16
    loudness_lufs : float or None
        Integrated, BS.1770; None where all lies below its gate.
    audio_facts : further measures of the whole track
    costs : seconds by stage
    """

    feature_set: FeatureSetFacts
    status: AnalysisStatus
    duration_s: float
    windows: Windows
    sequences: tuple[Sequence, ...]
    loudness_lufs: float | None
    audio_facts: Mapping[str, float] = field(default_factory=dict)
    costs: tuple[StageCost, ...] = ()


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
    ) -> None:
        self._sr = sr
        self._facts = feature_set(window_s, hop_s, band_limit_hz)
        self._costs = Costs()
        self._pending = np.empty((_BLOCK, channels), np.float32)
        self._fill = 0
        self._samples = 0
        self._loudness = LoudnessMeter(sr, channels)
        self._audio_facts = AudioFacts(sr, channels)
        self._resampler = (
            None if sr == SR else soxr.ResampleStream(sr, SR, 1, "float32", "HQ")
        )
        self._stream = WindowStream(
            window_s, hop_s, self._costs, bins=bins_below(band_limit_hz)
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
        self._costs.start()
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
        self._costs.stop()

    def _take(self, block: NDArray[np.float32], *, last: bool = False) -> None:
        self._samples += block.shape[0]
        mono = average(block)
        self._costs.lap("mix")
        self._loudness.push(block)
        self._costs.lap("loudness")
        self._audio_facts.push(block, mono)
        self._costs.lap("audio facts")
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last)
            self._costs.lap("resample")
        self._stream.push(mono)

    def finish(self) -> Extraction:
        """Return what was measured; nothing may be pushed afterwards.

        Raises
        ------
        FeatureError
            As `push`; or a number is none.
        """
        self._costs.start()
        self._take(self._pending[: self._fill], last=True)
        duration_s = self._samples / self._sr
        loudness = self._loudness.integrated()
        level = FLOOR_LUFS if loudness is None else loudness
        summaries: list[Summary] = []
        sequences: tuple[Sequence, ...] = ()
        if duration_s >= MIN_DURATION_S:
            summaries, sequences = self._stream.finish(duration_s, level)
        self._costs.lap("summary")
        audio_facts = self._audio_facts.finish(self._loudness.steps())
        self._costs.lap("audio facts")
        self._costs.stop()
        return Extraction(
            feature_set=self._facts,
            status=_status(summaries),
            duration_s=duration_s,
            windows=_windows(summaries, level),
            sequences=sequences,
            loudness_lufs=loudness,
            audio_facts=audio_facts,
            costs=self._costs.stages(),
        )


def _status(summaries: list[Summary]) -> AnalysisStatus:
    if not summaries:
        return "too_short"
    return "silent" if all(s.silent for s in summaries) else "ok"


def _windows(summaries: list[Summary], level: float) -> Windows:
    columns = np.array([s.columns for s in summaries]).reshape(-1, len(COLUMNS))
    vectors = np.array([vector(s, level) for s in summaries], np.float32)
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
