"""What mastering did to two eras: loudness, dynamics and bandwidth of either side."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

from catalog.audio_facts import audio_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from catalog.audio_facts import AudioFacts
    from catalog.database import Catalog

_OF_LOUDNESS = re.compile(r"rms_|energy_|onset_|mfcc_00_|motion_00")
_MEASURED = (
    ("loudness range", "loudness_range_lu", "LU"),
    ("true peak", "true_peak_dbtp", "dBTP"),
    ("crest", "crest_db", "dB"),
    ("upper edge", "upper_edge_hz", "Hz"),
)


def is_of_loudness(name: str) -> bool:
    """Tell whether a feature speaks of level or dynamics, which mastering sets.

    >>> is_of_loudness("rms_max"), is_of_loudness("mfcc_01_mean")
    (True, False)
    """
    return _OF_LOUDNESS.match(name) is not None


def sound_of(
    catalog: Catalog, feature_set_id: int, eras: Mapping[str, Iterable[int]]
) -> tuple[str, ...]:
    """Return a line an era: the medians of what mastering sets.

    Parameters
    ----------
    catalog : Catalog
    feature_set_id : int
    eras : mapping of an era's name to the ids of its tracks
    """
    known = audio_facts(catalog, feature_set_id)
    lines = []
    for era, ids in eras.items():
        tracks = [known[i] for i in ids if i in known]
        if tracks:
            lines.append(f"Sound {era} (medians): {', '.join(_medians(tracks))}.")
    return tuple(lines)


def _medians(tracks: list[AudioFacts]) -> list[str]:
    found = [("loudness", [one.loudness_lufs for one in tracks], "LUFS")]
    found += [
        (name, [one.measured.get(key) for one in tracks], unit)
        for name, key, unit in _MEASURED
    ]
    said = []
    for name, values, unit in found:
        numbers = [value for value in values if value is not None]
        if numbers:
            digits = 0 if unit == "Hz" else 1
            said.append(f"{name} {median(numbers):.{digits}f} {unit}")
    return said
