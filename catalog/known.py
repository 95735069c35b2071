"""What a scan must know of a catalog before it can tell whether there is work.

Named tuples, not data classes: a scan of a large library makes one for every track,
and loading `dataclasses` takes as long as comparing thousands of files.
"""

# Without `from __future__ import annotations`: of annotations that are text, each would
# be compiled when the tuple is made.

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

RULES = "rules"  # among a track's sources: how its tags were read, where not as usual


class Stamp(NamedTuple):
    """What the file system says of a file; unequal (not older) means changed."""

    size: int
    mtime_ns: int


class KnownTrack(NamedTuple):
    """What a scan must know of a catalogued track to plan its work."""

    id: int
    path: bytes
    size: int
    mtime_ns: int
    payload_hash: str
    feature_set_id: int | None  # of its newest original analysis; None: not analysed
    missing_since: datetime | None


class KnownFailure(NamedTuple):
    """A failure on record: the file is left alone while its stamp stays the same."""

    path: bytes
    size: int
    mtime_ns: int
    stage: str
    reason: str


class FeatureSetFacts(NamedTuple):
    """The identity of a feature set: rows of two different sets never mix."""

    version: int
    names: tuple[str, ...]  # of the vector, in order
    parameters: Mapping[str, Any]  # JSON-able: sr, n_fft, hop_length, window_s ...


class Root(NamedTuple):
    """A scanned folder."""

    id: int
    path: bytes  # absolute
    label: str  # readable
