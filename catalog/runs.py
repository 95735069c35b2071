"""Stored runs: their facts, folds, predictions and fitted models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select

from catalog.database import Catalog, from_json
from catalog.datasets import TrackRow
from catalog.models import (
    Artifact,
    FoldScore,
    Run,
    TrackPrediction,
    WindowPrediction,
)


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


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a run predicts of n tracks, or of n windows.

    Attributes
    ----------
    ids : int64, shape (n,)
    fold : intp, shape (n,)
        The outer fold in which it was held out; -1 where the final model predicts.
    true : intp, shape (n,)
        Index of the true label in the run's labels; -1 where there is none.
    label : sequence of str, length n
        What is predicted: a label, or ``"unknown"``.
    p : float64, shape (n, n_labels)
    """

    ids: NDArray[np.int64]
    fold: NDArray[np.intp]
    true: NDArray[np.intp]
    label: Sequence[str]
    p: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A fitted model as bytes, in a stated format."""

    name: str
    format: str
    data: bytes


def store_run(
    catalog: Catalog,
    run: RunFacts,
    *,
    folds: Sequence[FoldFacts],
    tracks: Predictions,
    windows: Predictions,
    models: Sequence[StoredModel],
    known: Iterable[TrackRow],
) -> int:
    """Store a run with all its parts in one transaction; return its id.

    Parameters
    ----------
    known : iterable of TrackRow
        All the tracks of which something is predicted, as the run was given them.
    """
    of_track = {track.id: _known_columns(track) for track in known}
    values = {
        "created_at": run.created_at or datetime.now(UTC),
        "label_kind": run.label_kind,
        "model": run.model,
        "seed": run.seed,
        "feature_set_id": run.feature_set_id,
        "dataset_hash": run.dataset_hash,
        "labels": list(run.labels),
        "parameters": dict(run.parameters),
        "versions": dict(run.versions),
        "metrics": dict(run.metrics),
    }
    with catalog.writing() as connection:
        made = insert(Run).values(**values).returning(Run.id)
        number = int(connection.execute(made).scalar_one())
        for table, rows in (
            (FoldScore, [_fold_row(number, fold) for fold in folds]),
            (
                TrackPrediction,
                [
                    row | of_track[row["track_id"]]
                    for row in _rows(number, "track_id", run.labels, tracks)
                ],
            ),
            (WindowPrediction, list(_rows(number, "window_id", run.labels, windows))),
            (Artifact, [_artifact_row(number, model) for model in models]),
        ):
            if rows:
                connection.execute(insert(table), rows)
    return number


def _known_columns(track: TrackRow) -> dict[str, Any]:
    names = ("artist", "album_id", "album", "year", "title", "group_key")
    return {name: getattr(track, name) for name in names}


def _fold_row(run_id: int, fold: FoldFacts) -> dict[str, Any]:
    names = FoldFacts.__slots__
    return {"run_id": run_id, **{name: getattr(fold, name) for name in names}}


def _artifact_row(run_id: int, model: StoredModel) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "name": model.name,
        "format": model.format,
        "sha256": hashlib.sha256(model.data).hexdigest(),
        "data": model.data,
    }


def _rows(
    run_id: int, key: str, labels: Sequence[str], predicted: Predictions
) -> Iterator[dict[str, Any]]:
    """Yield one row an id; tracks with the same audio share windows, predicted once."""
    _, first = np.unique(predicted.ids, return_index=True)
    for i in np.sort(first):
        p, true, fold = (
            predicted.p[i].tolist(),
            int(predicted.true[i]),
            int(predicted.fold[i]),
        )
        yield {
            "run_id": run_id,
            key: int(predicted.ids[i]),
            "fold": fold if fold >= 0 else None,
            "out_of_fold": fold >= 0,
            "true_label": labels[true] if true >= 0 else None,
            "label": predicted.label[i],
            "p_true": p[true] if true >= 0 else None,
            "p_label": max(p),
            "probabilities": p,
        }


def load_run(catalog: Catalog, run_id: int | None = None) -> RunFacts | None:
    """Return a run; without an id the newest that is more than the baseline.

    Returns
    -------
    RunFacts or None
        None where there is no such run.
    """
    wanted = select(Run).order_by((Run.model == "majority").asc(), Run.id.desc())
    if run_id is not None:
        wanted = wanted.where(Run.id == run_id)
    with catalog.reading() as connection:
        found = connection.execute(wanted.limit(1)).first()
        return None if found is None else _run_facts(found)


def load_runs(catalog: Catalog) -> list[RunFacts]:
    """Return all runs, the oldest first."""
    with catalog.reading() as connection:
        found = connection.execute(select(Run).order_by(Run.id))
        return [_run_facts(run) for run in found]


def _run_facts(found: Any) -> RunFacts:
    return RunFacts(
        label_kind=found.label_kind,
        model=found.model,
        seed=found.seed,
        feature_set_id=found.feature_set_id,
        dataset_hash=found.dataset_hash,
        labels=tuple(found.labels),
        parameters=found.parameters,
        versions=found.versions,
        metrics=found.metrics,
        id=found.id,
        created_at=found.created_at,
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
