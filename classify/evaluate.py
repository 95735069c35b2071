"""All models on one dataset: nested folds in parallel, and models trained on all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from classify.arrays import Dataset
from classify.cross_validation import (
    FoldResult,
    Tuning,
    evaluate_fold,
    predict_random_split,
    tune_and_fit,
)
from classify.ensemble import combine_fold_results, combine_tunings
from classify.folds import OUTER_FOLDS, Split, album_folds
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
from classify.models.base import Fitted, fit
from classify.models.registry import VOTERS, VOTING, model_spec, with_voters
from classify.novelty import MOST_LABELS, find_threshold
from scanner.signals import end_with_parent, worker_replacement_silenced

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What nested validation says of one model, and the model trained on all.

    Attributes
    ----------
    name : str
    outcomes : tuple of FoldResult, one a fold
    windows : float64, shape (n_windows, n_labels)
        Out-of-fold probabilities, as the estimator gives them.
    tracks : float64, shape (n_tracks, n_labels)
        Out-of-fold, calibrated inside the folds.
    choice : Tuning
        Of the final model.
    members : tuple of Member
        The final model, trained on all tracks.
    flattering : float64, shape (n_windows, n_labels), or None
        What a random split of windows says; None where nothing reads windows.
    outsiders : dict of a label to float64, shape (its tracks,)
        The highest probability that its tracks get from a model without the label.
    notes : tuple of str
    """

    name: str
    outcomes: tuple[FoldResult, ...]
    windows: Floats
    tracks: Floats
    choice: Tuning
    members: tuple[Member, ...]
    flattering: Floats | None
    outsiders: dict[str, Floats]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FinalModel:
    """A model spec trained on all tracks, and what else takes all of them.

    Attributes
    ----------
    flattering : float64, shape (n_windows, n_labels), or None
    outsiders : dict of a label's index to float64, shape (its tracks, n_labels)
        What a model without the label says of its tracks, tempered.
    """

    choice: Tuning
    fitted: Fitted
    flattering: Floats | None
    outsiders: dict[int, Floats]
    note: str | None


def evaluate(
    dataset: Dataset,
    names: Sequence[str],
    *,
    seed: int,
    jobs: int | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> tuple[list[Split], dict[str, Evaluation]]:
    """Judge models on one dataset by nested album-grouped folds.

    Parameters
    ----------
    dataset : Dataset
    names : sequence of str
    seed : int
    jobs : int or None
        Processes; None means one per core.
    done : callable
        Called with a model's name whenever one of its tasks ends; `n_tasks` tells
        how many there are.

    Returns
    -------
    folds : list of Split
        The same for all models.
    evaluations : dict
        By name, in the order of `names`.
    """
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
    left_out = _left_out(len(dataset.labels), seed)
    needed = with_voters(names)
    tasks = [(name, i) for name in needed for i in range(len(folds) + 1)]
    outcomes: dict[tuple[str, int], FoldResult] = {}
    finals: dict[str, FinalModel] = {}
    workers = Parallel(
        n_jobs=min(jobs or cpu_count(), len(tasks)), return_as="generator_unordered"
    )
    with worker_replacement_silenced():
        for name, i, result in workers(
            delayed(_task)(name, i, dataset, folds, left_out, seed, os.getpid())
            for name, i in tasks
        ):
            if isinstance(result, FinalModel):
                finals[name] = result
            else:
                outcomes[name, i] = result
            done(name)
    found = {}
    for name in names:
        members = VOTERS if name == VOTING else (name,)
        of_folds = [{m: outcomes[m, i] for m in members} for i in range(len(folds))]
        found[name] = _assembled(
            name, dataset, folds, of_folds, {m: finals[m] for m in members}
        )
    return folds, found


def n_tasks(names: Sequence[str], dataset: Dataset) -> int:
    """Return how often `evaluate` will call `done`, at most."""
    folds = min(OUTER_FOLDS, len(np.unique(dataset.groups)))
    return len(with_voters(names)) * (folds + 1)


def _left_out(n_labels: int, seed: int) -> list[int]:
    """Return the labels to leave out in turn; of two, one cannot be left out."""
    if n_labels < 3:
        return []
    order = np.random.default_rng(seed).permutation(n_labels)
    return sorted(order[:MOST_LABELS].tolist())


def without_label(
    dataset: Dataset, k: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return what a model without label `k` learns from, and the tracks of the label.

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


def _task(
    name: str,
    i: int,
    dataset: Dataset,
    folds: list[Split],
    left_out: list[int],
    seed: int,
    parent: int,
) -> tuple[str, int, FoldResult | FinalModel]:
    end_with_parent(parent)
    model = model_spec(name, len(dataset.windows.X), len(dataset.labels))
    if i < len(folds):
        return name, i, evaluate_fold(model, dataset, folds[i], seed=seed)
    choice, fitted = tune_and_fit(model, dataset, seed=seed)
    flattering = None
    if model.reads != "tracks":
        flattering = predict_random_split(model, choice.setting, dataset, seed=seed)
    outsiders = {}
    for k in left_out:
        parts = without_label(dataset, k)
        if parts is None:
            continue
        inside, outside = parts
        without = fit(model, choice.setting, dataset.of_tracks(inside), seed=seed)
        _, p = without.predict_proba(dataset.windows.of_tracks(outside))
        outsiders[k] = apply_temperature(p, choice.temperature)
    return name, i, FinalModel(choice, fitted, flattering, outsiders, model.note)


def _assembled(
    name: str,
    dataset: Dataset,
    folds: list[Split],
    of_folds: list[dict[str, FoldResult]],
    finals: dict[str, FinalModel],
) -> Evaluation:
    alone = len(finals) == 1
    outcomes = tuple(
        next(iter(found.values()))
        if alone
        else combine_fold_results(found, dataset.y[fold.train])
        for fold, found in zip(folds, of_folds, strict=True)
    )
    choices = {member: final.choice for member, final in finals.items()}
    choice = (
        next(iter(choices.values())) if alone else combine_tunings(choices, dataset.y)
    )
    weights = [1.0 if alone else choice.setting[m]["weight"] for m in finals]
    weighed = list(zip(weights, finals.values(), strict=True))
    windows = np.zeros((len(dataset.windows.X), len(dataset.labels)))
    tracks = np.zeros((dataset.windows.n_tracks, len(dataset.labels)))
    for outcome in outcomes:
        tracks[outcome.test] = outcome.tracks
        windows[dataset.windows.windows_of(outcome.test)] = outcome.windows
    flattering = [w * f.flattering for w, f in weighed if f.flattering is not None]
    outsiders = {
        dataset.labels[k]: _outsider(k, weighed, 1.0 if alone else choice.temperature)
        for k in weighed[0][1].outsiders
    }
    return Evaluation(
        name=name,
        outcomes=outcomes,
        windows=windows,
        tracks=tracks,
        choice=choice,
        members=tuple(
            Member(member, final.fitted, final.choice.temperature, weight)
            for (member, final), weight in zip(finals.items(), weights, strict=True)
        ),
        flattering=np.sum(flattering, axis=0) if flattering else None,
        outsiders=outsiders,
        notes=tuple(f"{m}: {f.note}" for m, f in finals.items() if f.note),
    )


def _outsider(
    k: int, weighed: list[tuple[float, FinalModel]], temperature: float
) -> Floats:
    mean = np.sum([w * f.outsiders[k] for w, f in weighed], axis=0)
    highest: Floats = apply_temperature(mean, temperature).max(axis=1)
    return highest


def compute_scores(
    dataset: Dataset,
    evaluation: Evaluation,
    *,
    seed: int,
    unknown_below: float | None = None,
) -> dict[str, Any]:
    """Return the figures of a model.

    Without `unknown_below` a threshold is set by leaving out each label in turn.

    All but ``flattering`` are over held-out albums; all but ``window_accuracy`` and
    ``flattering`` are over tracks.
    """
    y, p = dataset.y, evaluation.tracks
    predicted = p.argmax(axis=1)
    interval = album_interval(predicted == y, dataset.groups, seed=seed)
    of_windows = y[dataset.windows.track]
    flattering = None
    if evaluation.flattering is not None:
        flattering = float((evaluation.flattering.argmax(axis=1) == of_windows).mean())
    outsiders = find_threshold(
        evaluation.outsiders, p, y, dataset.labels, given=unknown_below
    )
    return {
        "tracks": len(y),
        "albums": len(np.unique(dataset.groups)),
        "windows": len(dataset.windows.X),
        "labels": len(dataset.labels),
        "accuracy": float((predicted == y).mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(y, predicted),
        "macro_f1": macro_f1(y, predicted),
        "brier": brier_score(p, y),
        "calibration_error": calibration_error(p, y),
        "reliability": [list(row) for row in reliability(p, y)],
        "window_accuracy": float(
            (evaluation.windows.argmax(axis=1) == of_windows).mean()
        ),
        "flattering": flattering,
        "unknown": None if outsiders is None else outsiders.as_metrics(),
        "fit_cpu_s": sum(o.fit_s for o in evaluation.outcomes),
        "predict_cpu_s": sum(o.predict_s for o in evaluation.outcomes),
    }


def majority_baseline(dataset: Dataset) -> float:
    """Return the share of the most frequent label: the best that one answer can do.

    The model ``majority`` must find that label on the training side of each fold, from
    which the albums in question are missing, and so can only do worse.
    """
    return float(np.bincount(dataset.y).max() / len(dataset.y))
