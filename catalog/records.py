"""Plain records that cross the border between the catalog and its callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:  # heavy: a rescan with nothing to do goes without
    import numpy as np
    from numpy.typing import NDArray


# Values only, safe to pickle between processes. Times are UTC; paths are the raw bytes
# of the file system.

AnalysisStatus = Literal["ok", "too_short", "silent"]


@dataclass(frozen=True, slots=True)
class TagFacts:
    """What a file's tags say, interpreted; ``None`` or empty where they say nothing."""

    title: str | None = None
    artists: tuple[str, ...] = ()
    albumartist: str | None = None
    album: str | None = None
    track_number: int | None = None
    track_total: int | None = None
    disc_number: int | None = None
    disc_total: int | None = None
    date: str | None = None  # "1988-08-25", "1988-08" or "1988"
    original_date: str | None = None
    genres: tuple[str, ...] = ()
    compilation: bool = False
    raw: tuple[tuple[str, str], ...] = ()  # (key, value) as read, in file order
    sources: tuple[tuple[str, str], ...] = ()  # (fact, where from): ("year", "TDOR")


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a file's headers say of its audio stream."""

    container: str | None = None  # "mp3", "ogg", "mp4", "flac", ...
    codec: str | None = None  # "mp3", "vorbis", "opus", "aac", "alac", "flac", ...
    encoder: str | None = None
    bitrate: int | None = None  # bits per second
    sample_rate: int | None = None  # Hz
    channels: int | None = None
    bits_per_sample: int | None = None
    lossless: bool | None = None
    duration_s: float | None = None
    encoder_delay: int | None = None  # samples of declared priming
    encoder_padding: int | None = None


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage (decode, resample, spectrum, hpss ...) cost."""

    stage: str
    cpu_s: float
    wall_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """All windows of one track, as parallel arrays of length n.

    Attributes
    ----------
    start_s, duration_s : float64, shape (n,)
    silent : bool, shape (n,)
    columns : mapping of the named columns to float64, shape (n,)
    vectors : float32, shape (n, d), in the order of ``FeatureSetFacts.names``
    """

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    silent: NDArray[np.bool_]
    columns: Mapping[str, NDArray[np.float64]]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One track-long sequence: float16, shape (steps, dims)."""

    kind: str  # "chroma" or "logmel"
    rate_hz: float  # steps per second
    values: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything extracted from one track's audio."""

    feature_set: FeatureSetFacts
    status: AnalysisStatus
    duration_s: float  # decoded, not claimed
    windows: Windows
    sequences: tuple[Sequence, ...]
    loudness_lufs: float | None  # BS.1770 integrated; None below the gate
    decoder: str  # "libsndfile" or "libav"
    audio_facts: Mapping[str, float] = field(default_factory=dict)  # further measures
    costs: tuple[StageCost, ...] = ()
    variant: str = "original"  # or "mp3:64k", "yt" ...: a re-encoding of the track


@dataclass(frozen=True, slots=True)
class TrackScanned:
    """A file that was read: insert it, or update the row of the same root and path.

    With ``analysis=None`` the features stay as they are (tags edited, or tags only),
    with ``stream=None`` the facts of the stream.
    """

    root_id: int
    path: bytes  # relative to the root
    stamp: Stamp
    payload_hash: str
    tags: TagFacts
    stream: StreamFacts | None = None
    analysis: Analysis | None = None


@dataclass(frozen=True, slots=True)
class TrackMoved:
    """A known track found at another place; id, features and predictions stay."""

    track_id: int
    root_id: int
    path: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class TrackMissing:
    """A known track whose file is gone."""

    track_id: int


@dataclass(frozen=True, slots=True)
class TrackReturned:
    """A missing track whose file is back, unchanged."""

    track_id: int


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A file that could not be read or analysed; replaces no good row."""

    root_id: int
    path: bytes
    stamp: Stamp
    stage: str  # "identify", "tags", "decode", "features", "crash", "timeout"
    reason: str


Change = TrackScanned | TrackMoved | TrackMissing | TrackReturned | FileFailed


ENCODING = (
    "encoding"  # among the same: in which one its tags were, where not as declared
)
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


class GroupChange(NamedTuple):
    """What becomes of some tracks alike when albums are told anew.

    Attributes
    ----------
    kind : str
        "artist", "album" or "group".
    before, after : str
        As shown; empty for none.
    tracks : int
    """

    kind: str
    before: str
    after: str
    tracks: int


class Root(NamedTuple):
    """A scanned folder."""

    id: int
    path: bytes  # absolute
    label: str  # readable
