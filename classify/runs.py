"""An evaluation stored as a run, with its predictions and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from catalog.database import Catalog
from catalog.datasets import TrackRow
from catalog.runs import FoldFacts, RunFacts
from catalog.store_run import KEPT_OF_WINDOW, Predictions, store_run
from classify import model as artifacts
from classify.arrays import Dataset
from classify.dataset import TrainingData
from classify.evaluate import Evaluation, compute_scores
from classify.folds import Fold
from classify.metrics import balanced_accuracy, macro_f1
from classify.model import UNKNOWN, Model, package_versions
from classify.selection import dataset_hash
from classify.settings import TrainingSettings


def store_evaluation(
    catalog: Catalog,
    data: TrainingData,
    folds: Sequence[Fold],
    evaluation: Evaluation,
    settings: TrainingSettings,
    metrics: Mapping[str, Any],
) -> RunFacts:
    """Store an evaluated model as a run, and return its facts with its number.

    Parameters
    ----------
    catalog : Catalog
    data : TrainingData
    folds : sequence of Fold
    evaluation : Evaluation
    settings : TrainingSettings
    metrics : mapping
        Further ones, which are not of this model.
    """
    run = _run_facts(data, evaluation, settings, metrics)
    model = _final_model(data, evaluation)
    of_tracks, of_windows = _predictions(data, folds, evaluation)
    tracks, windows = [of_tracks], [of_windows]
    if settings.everything and data.rest_tracks:
        rest_windows, rest_tracks = model.predict_proba(data.rest, data.feature_set)
        threshold = run.parameters["unknown_below"] or 0.0
        ids = _track_ids(data.rest_tracks)
        tracks.append(_by_final_model(ids, rest_tracks, run.labels, threshold))
        # Tracks with the same audio share windows: those of the dataset are in already.
        new = ~np.isin(data.rest_window_ids, data.window_ids)
        ids, rest_windows = data.rest_window_ids[new], rest_windows[new]
        windows.append(_by_final_model(ids, rest_windows, run.labels))
    number = store_run(
        catalog,
        run,
        folds=_fold_facts(data.dataset, folds, evaluation),
        tracks=tracks,
        windows=windows,
        models=[artifacts.dump(model)],
        known=(*data.tracks, *data.rest_tracks),
    )
    return replace(run, id=number)


def _run_facts(
    data: TrainingData,
    evaluation: Evaluation,
    settings: TrainingSettings,
    metrics: Mapping[str, Any],
) -> RunFacts:
    scores = compute_scores(
        data.dataset,
        evaluation,
        seed=settings.seed,
        unknown_below=settings.unknown_below,
    )
    threshold = settings.unknown_below
    if threshold is None and scores["unknown"] is not None:
        threshold = scores["unknown"]["threshold"]
    return RunFacts(
        label_kind=settings.rule,
        model=evaluation.name,
        seed=settings.seed,
        feature_set_id=data.library.feature_set_id,
        dataset_hash=dataset_hash(data.feature_set, data.tracks, data.dataset),
        labels=data.dataset.labels,
        parameters={
            "only": list(settings.only),
            "setting": evaluation.tuning.params,
            "temperature": evaluation.tuning.temperature,
            "unknown_below": threshold,
            "validation": settings.validation,
            "notes": list(evaluation.notes),
            "steadied": {one.variant: len(one.tracks) for one in data.dataset.pairs},
        },
        versions=package_versions(),
        metrics={**scores, **metrics},
        created_at=datetime.now(UTC),
    )


def _final_model(data: TrainingData, evaluation: Evaluation) -> Model:
    is_vote = len(evaluation.members) > 1
    return Model(
        data.dataset.labels,
        evaluation.members,
        evaluation.tuning.temperature if is_vote else 1.0,
        data.feature_set.version,
        tuple(data.feature_set.names),
        data.columns,
    )


def _predictions(
    data: TrainingData, folds: Sequence[Fold], evaluation: Evaluation
) -> tuple[Predictions, Predictions]:
    """Return the out-of-fold predictions of the dataset's tracks and windows."""
    dataset, labels = data.dataset, data.dataset.labels
    fold = np.empty(dataset.windows.n_tracks, dtype=np.intp)
    for i, split in enumerate(folds):
        fold[split.test] = i
    track, of_tracks, of_windows = (
        dataset.windows.track,
        evaluation.tracks,
        evaluation.windows,
    )
    return (
        Predictions.from_matrix(
            _track_ids(data.tracks), fold, dataset.y, of_tracks, labels
        ),
        Predictions.from_matrix(
            data.window_ids,
            fold[track],
            dataset.y[track],
            of_windows,
            labels,
            kept=KEPT_OF_WINDOW,
        ),
    )


def _track_ids(tracks: Sequence[TrackRow]) -> NDArray[np.int64]:
    return np.array([track.id for track in tracks], dtype=np.int64)


def _by_final_model(
    ids: NDArray[np.int64],
    p: NDArray[np.float64],
    labels: tuple[str, ...],
    threshold: float = 0.0,
) -> Predictions:
    """Return what the final model predicts of further tracks or windows.

    Parameters
    ----------
    ids : int64, shape (n,)
    p : float64, shape (n, n_labels)
    labels : tuple of str
    threshold : float
        Below it the label is "unknown".
    """
    none = np.full(len(ids), -1, dtype=np.intp)
    named = [UNKNOWN if row.max() < threshold else labels[row.argmax()] for row in p]
    return Predictions.from_matrix(
        ids, none, none, p, labels, label=named, kept=KEPT_OF_WINDOW
    )


def _fold_facts(
    dataset: Dataset, folds: Sequence[Fold], evaluation: Evaluation
) -> list[FoldFacts]:
    facts = []
    for i, (fold, result) in enumerate(
        zip(folds, evaluation.fold_results, strict=True)
    ):
        y, predicted = dataset.y[fold.test], result.tracks.argmax(axis=1)
        facts.append(
            FoldFacts(
                fold=i,
                tracks=len(y),
                albums=len(np.unique(dataset.groups[fold.test])),
                accuracy=accuracy_score(y, predicted),
                balanced_accuracy=balanced_accuracy(y, predicted),
                macro_f1=macro_f1(y, predicted),
                parameters={
                    "setting": result.tuning.params,
                    "temperature": result.tuning.temperature,
                },
                fit_cpu_s=result.fit_s,
                predict_cpu_s=result.predict_s,
            )
        )
    return facts
