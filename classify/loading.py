"""From a catalog's rows to what is learned from, and what identifies it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catalog.datasets import tag_values, track_sequences
from classify.exceptions import BadLabelRuleError
from classify.labels import (
    CSV,
    TAG,
    check_rule,
    labels_from_lines,
    labels_of,
    one_spelling,
)
from classify.sequence_features import TrackSequences

if TYPE_CHECKING:
    from catalog.database import Catalog
    from catalog.datasets import Library
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


def loaded_labels(
    catalog: Catalog, library: Library, rule: str
) -> tuple[list[str | None], list[str]]:
    """Return the label of each track of a library, and what of a rule matches nothing.

    Raises
    ------
    BadLabelRuleError
        The rule is none, its file cannot be read, or no track has the tag.
    """
    check_rule(rule)
    if rule.startswith(TAG):
        name = rule.removeprefix(TAG)
        values = tag_values(catalog, name)
        if not values:
            raise BadLabelRuleError(
                f"--label {rule}: no track has a tag of this name; the catalog's table "
                "raw_tags holds those there are"
            )
        return one_spelling([values.get(track.id) for track in library.tracks]), []
    if rule.startswith(CSV):
        path = Path(rule.removeprefix(CSV))
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return labels_from_lines(csv.reader(lines), library.tracks)
        except OSError as error:
            raise BadLabelRuleError(
                f"--label {rule}: cannot be read ({error.strerror}); check the path"
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadLabelRuleError(
                f"--label {rule}: cannot be read ({error}); give a CSV file in UTF-8"
            ) from error
    return labels_of(rule, library.tracks), []


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
    for pairs in problem.pairs:
        digest.update(pairs.variant.encode())
        digest.update(np.ascontiguousarray(pairs.tracks, "<i8").tobytes())
        digest.update(np.ascontiguousarray(pairs.coded.X, "<f4").tobytes())
    return digest.hexdigest()
