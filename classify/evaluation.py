"""All models on one problem: nested folds in parallel, scores, final models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, cpu_count, delayed

from classify.calibration import brier_score, calibration_error, reliability
from classify.estimators import recipe
from classify.nest import Choice, Outcome, judge, learn, window_split
from classify.statistics import album_interval, balanced_accuracy, macro_f1
from classify.validation import OUTER_FOLDS, Split, album_folds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from classify.dataset import Problem
    from classify.estimators.base import Fitted

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What nested validation says of one model, and the model trained on all.

    Attributes
    ----------
    name : str
    outcomes : tuple of Outcome, one a fold
    windows : float64, shape (n_windows, n_labels)
        Out-of-fold probabilities, as the estimator gives them.
    tracks : float64, shape (n_tracks, n_labels)
        Out-of-fold, calibrated inside the folds.
    choice, fitted : the final model, trained on all tracks
    flattering : float or None
        Accuracy over windows of a random split of windows.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    windows: Floats
    tracks: Floats
    choice: Choice
    fitted: Fitted
    flattering: float | None


@dataclass(frozen=True, eq=False)
class Final:
    """The last task of a model: trained on all, and the figure that flatters."""

    choice: Choice
    fitted: Fitted
    flattering: float | None


def evaluate(
    problem: Problem,
    names: Sequence[str],
    *,
    seed: int,
    jobs: int | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> tuple[list[Split], dict[str, Evaluation]]:
    """Judge models on one problem by nested album-grouped folds.

    Parameters
    ----------
    problem : Problem
    names : sequence of str
        Of recipes.
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
    folds = album_folds(problem.y, problem.groups, n_splits=OUTER_FOLDS, seed=seed)
    tasks = [(name, i) for name in names for i in range(len(folds) + 1)]
    outcomes: dict[tuple[str, int], Outcome] = {}
    finals: dict[str, Final] = {}
    workers = Parallel(
        n_jobs=min(jobs or cpu_count(), len(tasks)), return_as="generator_unordered"
    )
    results = workers(
        delayed(_task)(name, i, problem, folds, seed) for name, i in tasks
    )
    for name, i, result in results:
        if isinstance(result, Final):
            finals[name] = result
        else:
            outcomes[name, i] = result
        done(name)
    return folds, {
        name: _assembled(
            name,
            problem,
            tuple(outcomes[name, i] for i in range(len(folds))),
            finals[name],
        )
        for name in names
    }


def n_tasks(names: Sequence[str], problem: Problem) -> int:
    """Return how often `evaluate` will call `done`, at most."""
    return len(names) * (min(OUTER_FOLDS, len(np.unique(problem.groups))) + 1)


def _task(
    name: str, i: int, problem: Problem, folds: list[Split], seed: int
) -> tuple[str, int, Outcome | Final]:
    model = recipe(name)
    if i < len(folds):
        return name, i, judge(model, problem, folds[i], seed=seed)
    choice, fitted = learn(model, problem, seed=seed)
    flattering = None
    if model.reads == "windows":
        p = window_split(model, choice.setting, problem, seed=seed)
        flattering = float((p.argmax(axis=1) == problem.y[problem.rows.track]).mean())
    return name, i, Final(choice, fitted, flattering)


def _assembled(
    name: str, problem: Problem, outcomes: tuple[Outcome, ...], final: Final
) -> Evaluation:
    rows, k = problem.rows, len(problem.labels)
    windows, tracks = np.zeros((len(rows.X), k)), np.zeros((rows.n_tracks, k))
    for outcome in outcomes:
        tracks[outcome.test] = outcome.tracks
        windows[rows.windows_of(outcome.test)] = outcome.windows
    return Evaluation(
        name, outcomes, windows, tracks, final.choice, final.fitted, final.flattering
    )


def scores(problem: Problem, evaluation: Evaluation, *, seed: int) -> dict[str, Any]:
    """Return the figures of a model as they are stored with its run.

    All but ``flattering`` are over held-out albums; all but ``window_accuracy`` and
    ``flattering`` are over tracks.
    """
    y, p = problem.y, evaluation.tracks
    predicted = p.argmax(axis=1)
    interval = album_interval(predicted == y, problem.groups, seed=seed)
    windows_right = evaluation.windows.argmax(axis=1) == y[problem.rows.track]
    return {
        "tracks": len(y),
        "albums": len(np.unique(problem.groups)),
        "windows": len(problem.rows.X),
        "labels": len(problem.labels),
        "accuracy": float((predicted == y).mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(y, predicted),
        "macro_f1": macro_f1(y, predicted),
        "brier": brier_score(p, y),
        "calibration_error": calibration_error(p, y),
        "reliability": [list(row) for row in reliability(p, y)],
        "window_accuracy": float(windows_right.mean()),
        "flattering": evaluation.flattering,
        "fit_cpu_s": sum(o.fit_s for o in evaluation.outcomes),
        "predict_cpu_s": sum(o.predict_s for o in evaluation.outcomes),
    }


def majority_baseline(problem: Problem, folds: Sequence[Split]) -> float:
    """Return the accuracy of always naming the training side's most frequent label."""
    right = 0
    for fold in folds:
        most = np.bincount(problem.y[fold.train]).argmax()
        right += int((problem.y[fold.test] == most).sum())
    return right / len(problem.y)
