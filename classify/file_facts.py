"""What is known of tracks beside their music, as columns that a model can read."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classify.suspicion import suspicion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.audio_facts import AudioFacts

_MOST_CATEGORIES = 12

_MEASURED = {
    "upper edge": "upper_edge_hz",
    "edge drop": "edge_drop_db",
    "loudness range": "loudness_range_lu",
    "true peak": "true_peak_dbtp",
    "crest": "crest_db",
    "leading silence": "leading_silence_samples",
}

KINDS = {
    "codec name": "codec",
    "encoder": "codec",
    "suspicion": "bandwidth",
    "lossless": "codec",
    "bitrate": "codec",
    "sample rate": "sample rate",
    "channels": "channels",
    "bits per sample": "codec",
    "encoder delay": "codec",
    "encoder padding": "codec",
    "integrated loudness": "loudness",
    "upper edge": "bandwidth",
    "edge drop": "bandwidth",
    "loudness range": "loudness",
    "true peak": "loudness",
    "crest": "loudness",
    "leading silence": "leading silence",
}
"""Facts of a kind say much the same, and stand in for each other."""


@dataclass(frozen=True, eq=False)
class FactTable:
    """Facts of n tracks.

    Attributes
    ----------
    X : float32, shape (n, k)
        NaN where a number is not known.
    facts : tuple of str, length k
        The fact that a column belongs to; categories have a column each.
    """

    X: NDArray[np.float32]
    facts: tuple[str, ...]

    def columns(self, named: Iterable[str]) -> NDArray[np.intp]:
        """Return the columns of some facts, or kinds of facts."""
        wanted = set(named)
        return np.flatnonzero([f in wanted or KINDS[f] in wanted for f in self.facts])

    def names(self) -> tuple[str, ...]:
        """Return the facts that differ between tracks, in order."""
        varied = np.array([len(np.unique(column)) > 1 for column in self.X.T])
        named = (f for f, varies in zip(self.facts, varied, strict=True) if varies)
        return tuple(dict.fromkeys(named))

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of these facts, in order."""
        return tuple(dict.fromkeys(KINDS[fact] for fact in self.names()))


def fact_table(known: Sequence[AudioFacts]) -> FactTable:
    """Return the facts of some tracks, in their order."""
    columns: list[NDArray[np.float32]] = []
    facts: list[str] = []
    for name, values in _categories(known).items():
        usual = [value for value, _ in Counter(values).most_common(_MOST_CATEGORIES)]
        for category in usual:
            columns.append(np.array([v == category for v in values], np.float32))
            facts.append(name)
    for name, numbers in _numbers(known).items():
        column = [math.nan if number is None else number for number in numbers]
        columns.append(np.array(column, np.float32))
        facts.append(name)
    return FactTable(np.stack(columns, axis=1), tuple(facts))


def suspicions(known: Sequence[AudioFacts]) -> list[str]:
    """Return what each track is suspected of."""
    return [
        suspicion(
            codec=one.codec,
            lossless=one.lossless,
            bitrate=one.bitrate,
            sample_rate=one.sample_rate,
            upper_edge_hz=one.measured.get("upper_edge_hz"),
            edge_drop_db=one.measured.get("edge_drop_db"),
        )
        for one in known
    ]


def _categories(known: Sequence[AudioFacts]) -> Mapping[str, list[str]]:
    return {
        "codec name": [one.codec or "" for one in known],
        "encoder": [one.encoder or "" for one in known],
        "suspicion": suspicions(known),
    }


def _numbers(known: Sequence[AudioFacts]) -> Mapping[str, list[float | None]]:
    plain: dict[str, list[float | None]] = {
        "lossless": [one.lossless for one in known],
        "bitrate": [one.bitrate for one in known],
        "sample rate": [one.sample_rate for one in known],
        "channels": [one.channels for one in known],
        "bits per sample": [one.bits_per_sample for one in known],
        "encoder delay": [one.encoder_delay for one in known],
        "encoder padding": [one.encoder_padding for one in known],
        "integrated loudness": [one.loudness_lufs for one in known],
    }
    measured = {
        name: [one.measured.get(key) for one in known]
        for name, key in _MEASURED.items()
    }
    return plain | measured
