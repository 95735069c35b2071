"""What the catalog knows of tracks that could be, or have been, encoded anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.database import Catalog


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
