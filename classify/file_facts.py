"""Facts about files as columns that a model can read, and signs of transcoding."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from catalog.audio_facts import AudioFacts

_MOST_CATEGORIES = 12

_STATED = {
    "lossless": "lossless",
    "bitrate": "bitrate",
    "sample rate": "sample_rate",
    "channels": "channels",
    "bits per sample": "bits_per_sample",
    "encoder delay": "encoder_delay",
    "encoder padding": "encoder_padding",
    "integrated loudness": "loudness_lufs",
}
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


def _categories(known: Sequence[AudioFacts]) -> Mapping[str, list[str]]:
    return {
        "codec name": [one.codec or "" for one in known],
        "encoder": [one.encoder or "" for one in known],
        "suspicion": [suspicion_of(one) for one in known],
    }


def _numbers(known: Sequence[AudioFacts]) -> Mapping[str, list[float | None]]:
    stated = {
        name: [getattr(one, key) for one in known] for name, key in _STATED.items()
    }
    measured = {
        name: [one.measured.get(key) for one in known]
        for name, key in _MEASURED.items()
    }
    return stated | measured


Suspicion = Literal["", "transcoded", "upsampled"]

STEEP_DB = 15.0
"""The level falls by at least this within about a kilohertz."""

_UPSAMPLED_DROP_DB = 6.0
_HIGH_RATE_HZ = 64_000
_UPSAMPLED_HZ = (20_000.0, 25_700.0)
"""Where 44 100 or 48 000 Hz end, with what the filter of a resampler leaves above."""

_LOSSLESS_EDGE_HZ = 20_600.0
"""MP3 at its best reaches this."""

_FULLBAND_EDGE_HZ = 20_800.0
"""Opus ends at 20 kHz and is decoded at 48 000 Hz; there is no treble above."""

# codec -> (least kbit/s, edge below which that bitrate was not needed), highest first
_EXPECTED: dict[str, tuple[tuple[int, float], ...]] = {
    "mp3": ((300, 19_000.0), (240, 18_500.0), (180, 17_300.0), (150, 16_200.0)),
    "aac": ((240, 18_000.0), (180, 17_000.0)),
    "vorbis": ((240, 18_000.0), (180, 16_900.0)),
    "opus": ((90, 17_500.0),),
}


def suspicion_of(facts: AudioFacts) -> Suspicion:
    """Return what a track is suspected of; nothing where too little is known.

    By the upper edge of its spectrum: a file that was made from a lossy one, or from
    one of a lower rate, ends where that one did, and ends steeply.
    """
    edge_hz = facts.measured.get("upper_edge_hz")
    drop_db = facts.measured.get("edge_drop_db")
    if edge_hz is None or drop_db is None or not facts.sample_rate:
        return ""
    low, high = _UPSAMPLED_HZ
    is_of_lower_rate = facts.sample_rate >= _HIGH_RATE_HZ and low <= edge_hz <= high
    if is_of_lower_rate and drop_db >= _UPSAMPLED_DROP_DB:
        return "upsampled"
    limit_hz = _suspicious_edge_hz(facts, facts.sample_rate)
    return "transcoded" if drop_db >= STEEP_DB and edge_hz <= limit_hz else ""


def _suspicious_edge_hz(facts: AudioFacts, sample_rate: int) -> float:
    """Return the edge up to which a steep one is suspicious, 0 where none is."""
    if facts.lossless:
        high = sample_rate >= 48_000
        return min(_FULLBAND_EDGE_HZ if high else _LOSSLESS_EDGE_HZ, 0.47 * sample_rate)
    if sample_rate >= 44_100 and facts.bitrate is not None:
        for least, edge_hz in _EXPECTED.get(facts.codec or "", ()):
            if facts.bitrate >= 1000 * least:
                return edge_hz
    return 0.0
