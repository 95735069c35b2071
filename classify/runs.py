"""What is kept of an evaluation: facts, predictions, fold scores, the final model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.runs import (
    FoldFacts,
    Predictions,
    RunFacts,
    StoredModel,
    load_run,
    load_runs,
    store_run,
)
from classify import model as artifacts
from classify.dataset import TrainingData, dataset_hash
from classify.evaluate import Evaluation, compute_scores
from classify.exceptions import NothingToReportError
from classify.folds import Split
from classify.metrics import balanced_accuracy, macro_f1
from classify.model import UNKNOWN, Model
from classify.settings import TrainingSettings

_PACKAGES = ("sonicat", "numpy", "scipy", "scikit-learn", "skops")


def run_facts(
    data: TrainingData,
    feature_set_id: int,
    evaluation: Evaluation,
    request: TrainingSettings,
    more: Mapping[str, Any],
) -> RunFacts:
    """Return what describes a run, its figures among it.

    Parameters
    ----------
    data : TrainingData
    feature_set_id : int
    evaluation : Evaluation
    request : TrainingSettings
    more : mapping
        Further figures, which are not of this model.
    """
    figures: dict[str, Any] = compute_scores(
        data.dataset,
        evaluation,
        seed=request.seed,
        unknown_below=request.unknown_below,
    )
    threshold = request.unknown_below
    if threshold is None and figures["unknown"] is not None:
        threshold = figures["unknown"]["threshold"]
    return RunFacts(
        label_kind=request.rule,
        model=evaluation.name,
        seed=request.seed,
        feature_set_id=feature_set_id,
        dataset_hash=dataset_hash(data),
        labels=data.dataset.labels,
        parameters={
            "only": list(request.only),
            "setting": evaluation.choice.setting,
            "temperature": evaluation.choice.temperature,
            "unknown_below": threshold,
            "notes": list(evaluation.notes),
            "steadied": {one.variant: len(one.tracks) for one in data.dataset.pairs},
        },
        versions={name: version(name) for name in _PACKAGES},
        metrics={**figures, **more},
    )


def store(
    catalog: Catalog,
    facts: RunFacts,
    data: TrainingData,
    folds: list[Split],
    evaluation: Evaluation,
    *,
    everything: bool,
) -> RunFacts:
    """Store a run, and return its facts with its number.

    Parameters
    ----------
    catalog : Catalog
    facts : RunFacts
    data : TrainingData
    folds : list of Split
    evaluation : Evaluation
    everything : bool
        Whether tracks outside the dataset are labelled, too, by the final model.
    """
    model = _final_model(data, evaluation)
    rest = None
    if everything and data.rest_tracks:
        rest = model.predict_proba(data.rest, data.feature_set)
    threshold = facts.parameters["unknown_below"] or 0.0
    tracks, windows = _predictions(data, folds, evaluation, rest, threshold)
    number = store_run(
        catalog,
        facts,
        folds=_fold_facts(data, folds, evaluation),
        tracks=tracks,
        windows=windows,
        models=[StoredModel("model", artifacts.FORMAT, artifacts.dump(model))],
        known=(*data.tracks, *data.rest_tracks),
    )
    return replace(facts, id=number)


def _final_model(data: TrainingData, evaluation: Evaluation) -> Model:
    alone = len(evaluation.members) == 1
    facts = data.feature_set
    return Model(
        data.dataset.labels,
        evaluation.members,
        1.0 if alone else evaluation.choice.temperature,
        facts.version,
        tuple(facts.names),
        data.names,
    )


def _predictions(
    data: TrainingData,
    folds: list[Split],
    evaluation: Evaluation,
    judged_rest: tuple[Any, Any] | None,
    threshold: float,
) -> tuple[Predictions, Predictions]:
    """Return what is said of all tracks and windows: held out, then the rest."""
    dataset, labels = data.dataset, data.dataset.labels
    fold = np.empty(dataset.windows.n_tracks, dtype=np.intp)
    for i, split in enumerate(folds):
        fold[split.test] = i
    of = dataset.windows.track
    ids = np.array([track.id for track in data.tracks], dtype=np.int64)
    tracks = _said(ids, fold, dataset.y, evaluation.tracks, labels)
    windows = _said(
        data.window_ids, fold[of], dataset.y[of], evaluation.windows, labels
    )
    if judged_rest is None:
        return tracks, windows
    of_windows, of_tracks = judged_rest
    ids = np.array([track.id for track in data.rest_tracks], dtype=np.int64)
    unsure = of_tracks.max(axis=1) < threshold
    more = _said(ids, None, None, of_tracks, labels)
    more = replace(
        more,
        label=[
            UNKNOWN if no else label
            for label, no in zip(more.label, unsure, strict=True)
        ],
    )
    return (
        _joined(tracks, more),
        _joined(windows, _said(data.rest_window_ids, None, None, of_windows, labels)),
    )


def _said(
    ids: NDArray[np.int64],
    fold: NDArray[np.intp] | None,
    true: NDArray[np.intp] | None,
    p: NDArray[np.float64],
    labels: tuple[str, ...],
) -> Predictions:
    nothing = np.full(len(ids), -1, dtype=np.intp)
    return Predictions(
        ids,
        nothing if fold is None else fold,
        nothing if true is None else true,
        [labels[k] for k in p.argmax(axis=1)],
        p,
    )


def _joined(a: Predictions, b: Predictions) -> Predictions:
    return Predictions(
        np.concatenate([a.ids, b.ids]),
        np.concatenate([a.fold, b.fold]),
        np.concatenate([a.true, b.true]),
        [*a.label, *b.label],
        np.concatenate([a.p, b.p]),
    )


def _fold_facts(
    data: TrainingData, folds: list[Split], evaluation: Evaluation
) -> list[FoldFacts]:
    dataset = data.dataset
    facts = []
    for i, (split, outcome) in enumerate(zip(folds, evaluation.outcomes, strict=True)):
        y, predicted = dataset.y[split.test], outcome.tracks.argmax(axis=1)
        facts.append(
            FoldFacts(
                fold=i,
                tracks=len(y),
                albums=len(np.unique(dataset.groups[split.test])),
                accuracy=float((predicted == y).mean()),
                balanced_accuracy=balanced_accuracy(y, predicted),
                macro_f1=macro_f1(y, predicted),
                parameters={
                    "setting": outcome.choice.setting,
                    "temperature": outcome.choice.temperature,
                },
                fit_cpu_s=outcome.fit_s,
                predict_cpu_s=outcome.predict_s,
            )
        )
    return facts


def select_run(catalog: Catalog, run_id: int | None) -> RunFacts:
    """Return the run asked for; without an id the newest beyond the baseline.

    Raises
    ------
    NothingToReportError
        There is none.
    """
    run = load_run(catalog, run_id)
    if run is not None:
        return run
    if run_id is None:
        raise NothingToReportError(
            "the catalog holds no run yet; make one with `classify --all`"
        )
    raise NothingToReportError(
        f"--run {run_id}: there is no such run; leave it out for the newest"
    )


def load_comparable_runs(catalog: Catalog, run: RunFacts) -> list[RunFacts]:
    """Return the newest run of each model on the tracks, labels and folds of a run."""
    newest: dict[str, RunFacts] = {}
    for other in load_runs(catalog):
        if _question(other) == _question(run):
            newest[other.model] = other
    return list(newest.values())


def _question(run: RunFacts) -> tuple[str, str, int]:
    return run.dataset_hash, run.label_kind, run.seed


def describe_run(run: RunFacts) -> dict[str, Any]:
    """Return what identifies a run, for the foot of a report."""
    return {
        "run": run.id,
        "model": run.model,
        "label": run.label_kind,
        "seed": run.seed,
        "created_at": run.created_at.isoformat() if run.created_at else None,
    }
