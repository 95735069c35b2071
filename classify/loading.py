"""From a catalog's rows to what is learned from, and what identifies it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from catalog.datasets import track_sequences
from classify.sequences import TrackSequences

if TYPE_CHECKING:
    from catalog.datasets import Library
    from catalog.session import Catalog
    from classify.dataset import Dataset


def loaded_sequences(catalog: Catalog, library: Library) -> dict[int, TrackSequences]:
    """Return the sequences of the tracks that have both kinds."""
    return {
        i: TrackSequences(
            found["chroma"].values, found["logmel"].values, found["chroma"].rate_hz
        )
        for i, found in track_sequences(catalog, library)
        if {"chroma", "logmel"} <= found.keys()
    }


def dataset_hash(dataset: Dataset) -> str:
    """Return 32 hex digits that change whenever what is learned from does."""
    problem, digest = dataset.problem, hashlib.blake2b(digest_size=16)
    facts = dataset.feature_set
    payloads = [track.payload_hash for track in dataset.tracks]
    known = [facts.version, list(facts.names), dict(facts.parameters), payloads]
    digest.update(json.dumps([*known, list(problem.labels)], sort_keys=True).encode())
    for array in (problem.y, problem.groups, problem.rows.track):
        digest.update(np.ascontiguousarray(array, "<i8").tobytes())
    digest.update(np.ascontiguousarray(problem.rows.X, "<f4").tobytes())
    return digest.hexdigest()
