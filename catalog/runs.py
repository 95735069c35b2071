"""Stored runs: their facts, the settings of their folds and their fitted models."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.database import Catalog, from_json
from catalog.library import as_utc


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One model, trained and evaluated on one labelling of the library."""

    label_kind: str
    model: str
    seed: int
    feature_set_id: int
    dataset_hash: str
    labels: tuple[str, ...]  # the order of every row of probabilities
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    metrics: Mapping[str, Any]
    id: int = 0  # given when stored
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoldFacts:
    """How one fold of a run went."""

    fold: int
    tracks: int
    albums: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    parameters: Mapping[str, Any]
    fit_cpu_s: float
    predict_cpu_s: float


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A fitted model as bytes, in a stated format."""

    name: str
    format: str
    data: bytes


_RUNS = """
    SELECT id, created_at, label_kind, model, seed, feature_set_id, dataset_hash,
        labels, parameters, versions, metrics
    FROM runs
"""


def load_run(catalog: Catalog, run_id: int | None = None) -> RunFacts | None:
    """Return a run; without an id the newest that is more than the baseline.

    Returns
    -------
    RunFacts or None
        None where there is no such run.
    """
    if run_id is None:
        newest = "ORDER BY CASE WHEN model = 'majority' THEN 1 ELSE 0 END, id DESC"
        rows = catalog.rows(f"{_RUNS} {newest} LIMIT 1")
    else:
        rows = catalog.rows(f"{_RUNS} WHERE id = :run_id", run_id=run_id)
    return _run_facts(*rows[0]) if rows else None


def load_runs(catalog: Catalog) -> list[RunFacts]:
    """Return all runs, the oldest first."""
    return [_run_facts(*row) for row in catalog.rows(f"{_RUNS} ORDER BY id")]


def _run_facts(
    number: int,
    created_at: Any,
    label_kind: str,
    model: str,
    seed: int,
    feature_set_id: int,
    dataset_hash: str,
    *written: Any,
) -> RunFacts:
    labels, parameters, versions, metrics = map(from_json, written)
    return RunFacts(
        label_kind=label_kind,
        model=model,
        seed=seed,
        feature_set_id=feature_set_id,
        dataset_hash=dataset_hash,
        labels=tuple(labels),
        parameters=parameters,
        versions=versions,
        metrics=metrics,
        id=number,
        created_at=as_utc(created_at),
    )


def fold_parameters(catalog: Catalog, run_id: int) -> list[Mapping[str, Any]]:
    """Return the parameters that each fold of a run chose, by fold."""
    rows = catalog.rows(
        "SELECT parameters FROM fold_scores WHERE run_id = :run_id ORDER BY fold",
        run_id=run_id,
    )
    return [from_json(parameters) for (parameters,) in rows]


def load_model(
    catalog: Catalog, run_id: int, name: str = "model"
) -> StoredModel | None:
    """Return a run's fitted model; None where none was kept.

    Raises
    ------
    ValueError
        The stored bytes are not the ones that were written.
    """
    rows = catalog.rows(
        "SELECT format, sha256, data FROM artifacts "
        "WHERE run_id = :run_id AND name = :name",
        run_id=run_id,
        name=name,
    )
    if not rows:
        return None
    ((form, checksum, data),) = rows
    if hashlib.sha256(data).hexdigest() != checksum:
        raise ValueError(f"run {run_id}: the stored model {name!r} is damaged")
    return StoredModel(name, form, bytes(data))


@dataclass(frozen=True, slots=True)
class Changes:
    """How many tracks have changed since a run was stored.

    Attributes
    ----------
    run_id : int
    edited : int
        Tracks that are there and of which artist, album, year or title is another.
    grouped : int
        Others whose group is another.
    added, missing, deleted : int
    """

    run_id: int
    edited: int
    grouped: int
    added: int
    missing: int
    deleted: int

    def __str__(self) -> str:
        """Return a sentence that says so and what to do; empty if nothing changed."""
        words = (
            (self.edited, "with other tags"),
            (self.grouped, "in other groups"),
            (self.added, "added"),
            (self.missing, "missing"),
            (self.deleted, "deleted"),
        )
        told = ", ".join(f"{count} {what}" for count, what in words if count)
        if not told:
            return ""
        return (
            f"Told as run {self.run_id} knew the library; tracks since: {told}. "
            "`classify --all` learns it as it is now."
        )


_CHANGED = """
    SELECT
        sum(CASE WHEN missing = 0 AND edited = 1 THEN 1 ELSE 0 END),
        sum(CASE WHEN missing = 0 AND edited = 0 AND regrouped = 1 THEN 1 ELSE 0 END),
        sum(missing),
        sum(CASE WHEN judged THEN 1 ELSE 0 END)
    FROM (
        SELECT
            CASE WHEN tracks.missing_since IS NULL THEN 0 ELSE 1 END AS missing,
            CASE
                WHEN coalesce(p.artist, '') <> coalesce(artists.name, '')
                    OR coalesce(p.album, '') <> coalesce(albums.title, '')
                    OR coalesce(p.title, '') <> coalesce(tracks.title, '')
                    OR coalesce(p.year, 0) <> coalesce(tracks.year, 0) THEN 1
                ELSE 0
            END AS edited,
            CASE WHEN p.group_key <> tracks.group_key THEN 1 ELSE 0 END AS regrouped,
            p.out_of_fold AND p.true_label IS NOT NULL AS judged
        FROM track_predictions AS p
        JOIN tracks ON tracks.id = p.track_id
        LEFT JOIN artists ON artists.id = tracks.artist_id
        LEFT JOIN albums ON albums.id = tracks.album_id
        WHERE p.run_id = :run_id
    ) AS compared
"""

_ADDED = """
    SELECT count(*) FROM tracks JOIN runs ON tracks.added_at > runs.created_at
    WHERE runs.id = :run_id AND tracks.missing_since IS NULL
"""

_JUDGED = "SELECT coalesce(sum(tracks), 0) FROM fold_scores WHERE run_id = :run_id"


def changes_since(catalog: Catalog, run_id: int) -> Changes:
    """Return how many tracks have changed since a run was stored."""
    ((edited, grouped, missing, kept),) = catalog.rows(_CHANGED, run_id=run_id)
    ((added,),) = catalog.rows(_ADDED, run_id=run_id)
    ((judged,),) = catalog.rows(_JUDGED, run_id=run_id)
    return Changes(
        run_id=run_id,
        edited=edited or 0,
        grouped=grouped or 0,
        added=added,
        missing=missing or 0,
        deleted=max(0, judged - (kept or 0)),
    )
