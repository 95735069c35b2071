"""Measures of a whole track that are no music: bandwidth, peaks, dynamics, priming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.bandwidth import UpperEdge
from scanner.features.loudness import loudness_range
from scanner.features.true_peak import PeakMeter

_HALF_STEP = np.float32(0.5 / 32768.0)
"""Below half a step of 16 bits a sample is digital silence, whatever decoded it."""


class AudioFacts:
    """Measures a stream of blocks beside the features.

    Parameters
    ----------
    sr : int
        Rate in Hz.
    channels : int
    """

    def __init__(self, sr: int, channels: int) -> None:
        self._peaks = PeakMeter(channels)
        self._edge = UpperEdge(sr)
        self._leading = 0
        self._started = False

    def push(self, block: NDArray[np.float32], mono: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n, channels), and their mean (n,)."""
        if not self._started:
            self._lead(block)
        self._peaks.push(block)
        self._edge.push(mono)

    def _lead(self, block: NDArray[np.float32]) -> None:
        heard = np.flatnonzero((np.abs(block) >= _HALF_STEP).any(axis=1))
        self._started = heard.size > 0
        self._leading += int(heard[0]) if self._started else block.shape[0]

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
