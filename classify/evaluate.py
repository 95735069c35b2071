"""The evaluation of all models by nested album-grouped folds, in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from classify.arrays import Dataset
from classify.cross_validation import (
    FoldResult,
    Tuning,
    evaluate_fold,
    predict_random_split,
    tune_and_fit,
)
from classify.ensemble import combine_fold_results, combine_tunings
from classify.folds import OUTER_FOLDS, Fold, album_folds, balanced_rounds
from classify.metrics import (
    album_interval,
    apply_temperature,
    balanced_accuracy,
    brier_score,
    calibration_error,
    macro_f1,
    reliability,
)
from classify.model import Member
from classify.models.base import FittedEstimator, fit
from classify.models.registry import VOTERS, VOTING, model_spec, with_voters
from classify.novelty import MOST_LABELS, find_threshold
from classify.settings import Validation
from scanner.signals import end_with_parent, worker_replacement_silenced

Floats = NDArray[np.float64]
OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The out-of-fold predictions of one model, and the model trained on all tracks.

    Attributes
    ----------
    name : str
    fold_results : tuple of FoldResult, one a fold
    windows : float64, shape (n_windows, n_labels)
        Out-of-fold probabilities, as the estimator gives them.
    tracks : float64, shape (n_tracks, n_labels)
        Out-of-fold, calibrated inside the folds.
    tuning : Tuning
        Of the final model.
    members : tuple of Member
        The final model, trained on all tracks.
    flattering : float64, shape (n_windows, n_labels), or None
        Of a random split of windows; None where nothing reads windows.
    novel_confidences : dict of a label to float64, shape (its tracks,)
        The highest probability that its tracks get from a model without the label.
    notes : tuple of str
    """

    name: str
    fold_results: tuple[FoldResult, ...]
    windows: Floats
    tracks: Floats
    tuning: Tuning
    members: tuple[Member, ...]
    flattering: Floats | None
    novel_confidences: dict[str, Floats]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FinalModel:
    """One model trained on all tracks, and whatever else takes all of them.

    Attributes
    ----------
    flattering : float64, shape (n_windows, n_labels), or None
    novel_p : dict of a label's index to float64, shape (its tracks, n_labels)
        Calibrated probabilities of its tracks by a model without the label.
    """

    tuning: Tuning
    fitted: FittedEstimator
    flattering: Floats | None
    novel_p: dict[int, Floats]
    note: str | None


def evaluate(
    dataset: Dataset,
    names: Sequence[str],
    *,
    seed: int,
    validation: Validation = "album",
    jobs: int | None = None,
    on_progress: OnProgress = lambda _done, _total, _name: None,
) -> tuple[list[Fold], dict[str, Evaluation]]:
    """Evaluate models on one dataset by nested album-grouped folds.

    Parameters
    ----------
    dataset : Dataset
    names : sequence of str
    seed : int
    validation : str
        ``"album"`` for folds of albums, ``"balanced"`` for `balanced_rounds`.
    jobs : int or None
        Processes; None means one per core.
    on_progress : callable
        Called at the beginning, and whenever a fit of a fold or of all tracks ends,
        with how many are done, how many there are, and the model's name.

    Returns
    -------
    folds : list of Fold
        The same for all models.
    evaluations : dict
        By name, in the order of `names`.
    """
    if validation == "balanced":
        folds = balanced_rounds(dataset.y, dataset.groups, seed=seed)
    else:
        folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
    tasks = [(m, i) for m in with_voters(names) for i in range(len(folds) + 1)]
    on_progress(0, len(tasks), "")
    results: dict[tuple[str, int], FoldResult] = {}
    finals: dict[str, FinalModel] = {}
    workers = Parallel(
        n_jobs=min(jobs or cpu_count(), len(tasks)), return_as="generator_unordered"
    )
    with worker_replacement_silenced():
        done = workers(
            delayed(_run_task)(name, i, dataset, folds, seed, os.getpid())
            for name, i in tasks
        )
        for n, (name, i, result) in enumerate(done, start=1):
            if isinstance(result, FinalModel):
                finals[name] = result
            else:
                results[name, i] = result
            on_progress(n, len(tasks), name)
    evaluations = {}
    for name in names:
        members = VOTERS if name == VOTING else (name,)
        evaluations[name] = _assemble(
            name,
            dataset,
            folds,
            [{m: results[m, i] for m in members} for i in range(len(folds))],
            {m: finals[m] for m in members},
        )
    return folds, evaluations


def _run_task(
    name: str,
    i: int,
    dataset: Dataset,
    folds: list[Fold],
    seed: int,
    parent: int,
) -> tuple[str, int, FoldResult | FinalModel]:
    """Evaluate a model on fold `i`, or train it on all tracks if there is none."""
    end_with_parent(parent)
    spec = model_spec(name, len(dataset.windows.X), len(dataset.labels))
    if i < len(folds):
        return name, i, evaluate_fold(spec, dataset, folds[i], seed=seed)
    tuning, fitted = tune_and_fit(spec, dataset, seed=seed)
    flattering = None
    if spec.reads != "tracks":
        flattering = predict_random_split(spec, tuning.params, dataset, seed=seed)
    novel_p = {}
    for k in _labels_to_leave_out(len(dataset.labels), seed):
        parts = split_off_label(dataset, k)
        if parts is not None:
            inside, outside = parts
            without = fit(spec, tuning.params, dataset.of_tracks(inside), seed=seed)
            _, p = without.predict_proba(dataset.windows.of_tracks(outside))
            novel_p[k] = apply_temperature(p, tuning.temperature)
    return name, i, FinalModel(tuning, fitted, flattering, novel_p, spec.note)


def _labels_to_leave_out(n_labels: int, seed: int) -> list[int]:
    """Return the labels to leave out in turn; of two, one cannot be left out."""
    if n_labels < 3:
        return []
    order = np.random.default_rng(seed).permutation(n_labels)
    return sorted(order[:MOST_LABELS].tolist())


def split_off_label(
    dataset: Dataset, k: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return the tracks for a model without label `k`, and the tracks of the label.

    Tracks of other labels on an album that holds some of `k` are among neither.

    Returns
    -------
    (inside, outside) : intp, ascending, or None
        None where fewer than two labels would be learned.
    """
    outside = np.flatnonzero(dataset.y == k)
    shared = np.isin(dataset.groups, dataset.groups[outside])
    inside = np.flatnonzero((dataset.y != k) & ~shared)
    return (inside, outside) if len(np.unique(dataset.y[inside])) > 1 else None


def _assemble(
    name: str,
    dataset: Dataset,
    folds: list[Fold],
    results: list[dict[str, FoldResult]],
    finals: Mapping[str, FinalModel],
) -> Evaluation:
    """Put together the evaluation of a model, or of a vote of several."""
    if len(finals) == 1:
        ((member, final),) = finals.items()
        fold_results = tuple(result[member] for result in results)
        tuning, weights, temperature = final.tuning, {member: 1.0}, 1.0
    else:
        fold_results = tuple(
            combine_fold_results(result, dataset.y[fold.train])
            for fold, result in zip(folds, results, strict=True)
        )
        tuning = combine_tunings({m: f.tuning for m, f in finals.items()}, dataset.y)
        weights = {m: tuning.params[m]["weight"] for m in finals}
        temperature = tuning.temperature
    windows = np.zeros((len(dataset.windows.X), len(dataset.labels)))
    tracks = np.zeros((dataset.windows.n_tracks, len(dataset.labels)))
    for result in fold_results:
        tracks[result.test] = result.tracks
        windows[dataset.windows.windows_of(result.test)] = result.windows
    flattering = [
        weights[m] * f.flattering for m, f in finals.items() if f.flattering is not None
    ]
    novel_confidences = {}
    for k in next(iter(finals.values())).novel_p:
        p = np.sum([weights[m] * f.novel_p[k] for m, f in finals.items()], axis=0)
        confidences = apply_temperature(p, temperature).max(axis=1)
        novel_confidences[dataset.labels[k]] = confidences
    return Evaluation(
        name=name,
        fold_results=fold_results,
        windows=windows,
        tracks=tracks,
        tuning=tuning,
        members=tuple(
            Member(m, f.fitted, f.tuning.temperature, weights[m])
            for m, f in finals.items()
        ),
        flattering=np.sum(flattering, axis=0) if flattering else None,
        novel_confidences=novel_confidences,
        notes=tuple(f"{m}: {f.note}" for m, f in finals.items() if f.note),
    )


def compute_scores(
    dataset: Dataset,
    evaluation: Evaluation,
    *,
    seed: int,
    unknown_below: float | None = None,
) -> dict[str, Any]:
    """Return the scores of a model, as they are stored with its run.

    All but ``flattering`` are over held-out albums; all but ``window_accuracy`` and
    ``flattering`` are over tracks.

    Parameters
    ----------
    dataset : Dataset
    evaluation : Evaluation
    seed : int
        Of the bootstrap over albums.
    unknown_below : float or None
        The threshold of "unknown"; None sets one by leaving out each label in turn.
    """
    y, p = dataset.y, evaluation.tracks
    predicted = p.argmax(axis=1)
    interval = album_interval(predicted == y, dataset.groups, seed=seed)
    y_windows = y[dataset.windows.track]
    flattering = evaluation.flattering
    novelty = find_threshold(
        evaluation.novel_confidences, p, y, dataset.labels, given=unknown_below
    )
    return {
        "tracks": len(y),
        "albums": len(np.unique(dataset.groups)),
        "windows": len(dataset.windows.X),
        "labels": len(dataset.labels),
        "accuracy": accuracy_score(y, predicted),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(y, predicted),
        "macro_f1": macro_f1(y, predicted),
        "brier": brier_score(p, y),
        "calibration_error": calibration_error(p, y),
        "reliability": [list(row) for row in reliability(p, y)],
        "window_accuracy": accuracy_score(y_windows, evaluation.windows.argmax(axis=1)),
        "flattering": None
        if flattering is None
        else accuracy_score(y_windows, flattering.argmax(axis=1)),
        "unknown": None if novelty is None else novelty.as_metrics(),
        "fit_cpu_s": sum(result.fit_s for result in evaluation.fold_results),
        "predict_cpu_s": sum(result.predict_s for result in evaluation.fold_results),
    }
