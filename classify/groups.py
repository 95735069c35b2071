"""Which columns belong together, for saying what carries a decision."""

from __future__ import annotations

import re

_GROUPS = (
    ("rms", r"rms_"),
    ("zero crossings", r"zero_crossing_rate|zcr_"),
    ("spectral shape", r"spectral_|bandwidth|rolloff|flatness|centroid|contrast"),
    ("mfcc", r"mfcc_"),
    ("energy changes", r"energy_|onset_"),
    ("tempo", r"tempo"),
    ("harmonic fraction", r"harmonic_fraction"),
    ("chroma without key", r"circle_|chroma_"),
    ("motion", r"motion_"),
    ("harmony over time", r"tonal_|harmony_kept"),
)
OTHER = "other"


def group_of(name: str) -> str:
    """Return the group of a column.

    >>> group_of("mfcc_03_std"), group_of("rms_max"), group_of("tonal_5_mean")
    ('mfcc', 'rms', 'harmony over time')
    """
    for group, pattern in _GROUPS:
        if re.match(pattern, name):
            return group
    return OTHER
