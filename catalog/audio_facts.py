"""Facts of audio files beside their music: codec, bit rate, bandwidth, variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.database import Catalog, from_json


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """One track's file and signal; None where nothing is known.

    Attributes
    ----------
    track_id : int
    container, codec, encoder : str or None
    lossless : bool or None
    bitrate : int or None
        Bits per second.
    sample_rate : int or None
        Hz.
    channels, bits_per_sample : int or None
    encoder_delay, encoder_padding : int or None
        Samples, as declared.
    loudness_lufs : float or None
    measured : mapping of str to float
        What the analysis holds: ``upper_edge_hz``, ``true_peak_dbtp`` ...
    """

    track_id: int
    container: str | None
    codec: str | None
    encoder: str | None
    lossless: bool | None
    bitrate: int | None
    sample_rate: int | None
    channels: int | None
    bits_per_sample: int | None
    encoder_delay: int | None
    encoder_padding: int | None
    loudness_lufs: float | None
    measured: Mapping[str, float] = field(default_factory=dict)


_FACTS = """
    SELECT tracks.id, tracks.container, tracks.codec, tracks.encoder, tracks.lossless,
        tracks.bitrate, tracks.sample_rate, tracks.channels, tracks.bits_per_sample,
        tracks.encoder_delay, tracks.encoder_padding, analyses.loudness_lufs,
        analyses.audio_facts
    FROM tracks
    JOIN analyses ON analyses.payload_id = tracks.payload_id
        AND analyses.variant = 'original' AND analyses.feature_set_id = :feature_set_id
    WHERE tracks.missing_since IS NULL
"""


def audio_facts(catalog: Catalog, feature_set_id: int) -> dict[int, AudioFacts]:
    """Return the facts of every present track that is analysed, by its id."""
    rows = catalog.rows(_FACTS, feature_set_id=feature_set_id)
    return {row[0]: _facts(*row) for row in rows}


_MEASURED = """
    SELECT variant, audio_facts FROM analyses WHERE status = 'ok' AND EXISTS (
        SELECT 1 FROM tracks WHERE tracks.payload_id = analyses.payload_id
            AND tracks.missing_since IS NULL
    )
"""


def upper_edges(catalog: Catalog) -> dict[str, list[float]]:
    """Return where the spectra of present tracks end, in Hz, by variant."""
    edges: dict[str, list[float]] = {}
    for variant, measured in catalog.rows(_MEASURED):
        facts = from_json(measured)
        if "upper_edge_hz" in facts:
            edges.setdefault(variant, []).append(facts["upper_edge_hz"])
    return edges


def _facts(*row: Any) -> AudioFacts:
    *known, measured = row
    known[4] = None if known[4] is None else bool(known[4])
    return AudioFacts(*[*known, from_json(measured) or {}])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A present track whose audio is analysed under a feature set.

    Attributes
    ----------
    root_id : int
    root, path : bytes
        Absolute path of the root, and the path below it.
    size, mtime_ns : int
    payload_hash : str
    label : str or None
        The artist that it is filed under.
    group_key : str
        Of its album.
    duration_s : float
    """

    root_id: int
    root: bytes
    path: bytes
    size: int
    mtime_ns: int
    payload_hash: str
    label: str | None
    group_key: str
    duration_s: float


_CANDIDATES = """
    SELECT tracks.root_id, roots.path, tracks.path, tracks.size, tracks.mtime_ns,
        payloads.hash, artists.name, tracks.group_key, analyses.duration_s
    FROM tracks
    JOIN roots ON roots.id = tracks.root_id
    JOIN payloads ON payloads.id = tracks.payload_id
    JOIN analyses ON analyses.payload_id = payloads.id
        AND analyses.variant = 'original' AND analyses.feature_set_id = :feature_set_id
    LEFT JOIN artists ON artists.id = tracks.artist_id
    WHERE tracks.missing_since IS NULL AND analyses.status = 'ok'
    ORDER BY tracks.root_id, tracks.path
"""

_STORED = """
    SELECT payloads.hash, analyses.variant FROM analyses
    JOIN payloads ON payloads.id = analyses.payload_id
    WHERE analyses.feature_set_id = :feature_set_id AND analyses.variant <> 'original'
"""


def candidates(catalog: Catalog, feature_set_id: int) -> list[Candidate]:
    """Return the tracks that could be encoded anew, by path."""
    rows = catalog.rows(_CANDIDATES, feature_set_id=feature_set_id)
    return [
        Candidate(root_id, bytes(root), bytes(path), *rest)
        for root_id, root, path, *rest in rows
    ]


def stored_variants(catalog: Catalog, feature_set_id: int) -> set[tuple[str, str]]:
    """Return payload hash and name of every variant that is there."""
    rows = catalog.rows(_STORED, feature_set_id=feature_set_id)
    return {(payload, variant) for payload, variant in rows}


_COUNTS = """
    SELECT analyses.variant, count(DISTINCT analyses.payload_id) FROM analyses
    JOIN tracks ON tracks.payload_id = analyses.payload_id
    WHERE analyses.feature_set_id = :feature_set_id AND analyses.variant <> 'original'
        AND tracks.missing_since IS NULL
    GROUP BY analyses.variant
    ORDER BY analyses.variant
"""


def variant_counts(catalog: Catalog, feature_set_id: int) -> dict[str, int]:
    """Return of how many present tracks each variant is there, by its name."""
    return dict(catalog.rows(_COUNTS, feature_set_id=feature_set_id))
