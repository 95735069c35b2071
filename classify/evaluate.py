"""All models on one problem: nested folds in parallel, and models trained on all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from classify.arrays import Problem
from classify.cross_validation import Choice, Outcome, judge, learn, window_split
from classify.ensemble import vote, voted
from classify.folds import OUTER_FOLDS, Split, album_folds
from classify.metrics import (
    album_interval,
    balanced_accuracy,
    brier_score,
    calibration_error,
    macro_f1,
    reliability,
    tempered,
)
from classify.model import Member
from classify.models.base import Fitted, fit
from classify.models.registry import VOTERS, VOTING, recipe, with_voters
from classify.novelty import MOST_LABELS, novelty
from scanner.signals import end_with_parent, worker_replacement_silenced

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
    choice : Choice
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
    outcomes: tuple[Outcome, ...]
    windows: Floats
    tracks: Floats
    choice: Choice
    members: tuple[Member, ...]
    flattering: Floats | None
    outsiders: dict[str, Floats]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Final:
    """A recipe trained on all tracks, and what else takes all of them.

    Attributes
    ----------
    flattering : float64, shape (n_windows, n_labels), or None
    outsiders : dict of a label's index to float64, shape (its tracks, n_labels)
        What a model without the label says of its tracks, tempered.
    """

    choice: Choice
    fitted: Fitted
    flattering: Floats | None
    outsiders: dict[int, Floats]
    note: str | None


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
    left_out = _left_out(len(problem.labels), seed)
    needed = with_voters(names)
    tasks = [(name, i) for name in needed for i in range(len(folds) + 1)]
    outcomes: dict[tuple[str, int], Outcome] = {}
    finals: dict[str, Final] = {}
    workers = Parallel(
        n_jobs=min(jobs or cpu_count(), len(tasks)), return_as="generator_unordered"
    )
    with worker_replacement_silenced():
        for name, i, result in workers(
            delayed(_task)(name, i, problem, folds, left_out, seed, os.getpid())
            for name, i in tasks
        ):
            if isinstance(result, Final):
                finals[name] = result
            else:
                outcomes[name, i] = result
            done(name)
    found = {}
    for name in names:
        members = VOTERS if name == VOTING else (name,)
        of_folds = [{m: outcomes[m, i] for m in members} for i in range(len(folds))]
        found[name] = _assembled(
            name, problem, folds, of_folds, {m: finals[m] for m in members}
        )
    return folds, found


def n_tasks(names: Sequence[str], problem: Problem) -> int:
    """Return how often `evaluate` will call `done`, at most."""
    folds = min(OUTER_FOLDS, len(np.unique(problem.groups)))
    return len(with_voters(names)) * (folds + 1)


def _left_out(n_labels: int, seed: int) -> list[int]:
    """Return the labels to leave out in turn; of two, one cannot be left out."""
    if n_labels < 3:
        return []
    order = np.random.default_rng(seed).permutation(n_labels)
    return sorted(order[:MOST_LABELS].tolist())


def without_label(
    problem: Problem, k: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return what a model without label `k` learns from, and the tracks of the label.

    Tracks of other labels on an album that holds some of `k` are among neither.

    Returns
    -------
    (inside, outside) : intp, ascending, or None
        None where fewer than two labels would be learned.
    """
    outside = np.flatnonzero(problem.y == k)
    shared = np.isin(problem.groups, problem.groups[outside])
    inside = np.flatnonzero((problem.y != k) & ~shared)
    return (inside, outside) if len(np.unique(problem.y[inside])) > 1 else None


def _task(
    name: str,
    i: int,
    problem: Problem,
    folds: list[Split],
    left_out: list[int],
    seed: int,
    parent: int,
) -> tuple[str, int, Outcome | Final]:
    end_with_parent(parent)
    model = recipe(name, len(problem.rows.X), len(problem.labels))
    if i < len(folds):
        return name, i, judge(model, problem, folds[i], seed=seed)
    choice, fitted = learn(model, problem, seed=seed)
    flattering = None
    if model.reads != "tracks":
        flattering = window_split(model, choice.setting, problem, seed=seed)
    outsiders = {}
    for k in left_out:
        parts = without_label(problem, k)
        if parts is None:
            continue
        inside, outside = parts
        without = fit(model, choice.setting, problem.of_tracks(inside), seed=seed)
        _, p = without.judge(problem.rows.of_tracks(outside))
        outsiders[k] = tempered(p, choice.temperature)
    return name, i, Final(choice, fitted, flattering, outsiders, model.note)


def _assembled(
    name: str,
    problem: Problem,
    folds: list[Split],
    of_folds: list[dict[str, Outcome]],
    finals: dict[str, Final],
) -> Evaluation:
    alone = len(finals) == 1
    outcomes = tuple(
        next(iter(found.values())) if alone else voted(found, problem.y[fold.train])
        for fold, found in zip(folds, of_folds, strict=True)
    )
    choices = {member: final.choice for member, final in finals.items()}
    choice = next(iter(choices.values())) if alone else vote(choices, problem.y)
    weights = [1.0 if alone else choice.setting[m]["weight"] for m in finals]
    weighed = list(zip(weights, finals.values(), strict=True))
    windows = np.zeros((len(problem.rows.X), len(problem.labels)))
    tracks = np.zeros((problem.rows.n_tracks, len(problem.labels)))
    for outcome in outcomes:
        tracks[outcome.test] = outcome.tracks
        windows[problem.rows.windows_of(outcome.test)] = outcome.windows
    flattering = [w * f.flattering for w, f in weighed if f.flattering is not None]
    outsiders = {
        problem.labels[k]: _outsider(k, weighed, 1.0 if alone else choice.temperature)
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


def _outsider(k: int, weighed: list[tuple[float, Final]], temperature: float) -> Floats:
    mean = np.sum([w * f.outsiders[k] for w, f in weighed], axis=0)
    highest: Floats = tempered(mean, temperature).max(axis=1)
    return highest


def scores(
    problem: Problem,
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
    y, p = problem.y, evaluation.tracks
    predicted = p.argmax(axis=1)
    interval = album_interval(predicted == y, problem.groups, seed=seed)
    of_windows = y[problem.rows.track]
    flattering = None
    if evaluation.flattering is not None:
        flattering = float((evaluation.flattering.argmax(axis=1) == of_windows).mean())
    outsiders = novelty(evaluation.outsiders, p, y, problem.labels, given=unknown_below)
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
        "window_accuracy": float(
            (evaluation.windows.argmax(axis=1) == of_windows).mean()
        ),
        "flattering": flattering,
        "unknown": None if outsiders is None else outsiders.as_metrics(),
        "fit_cpu_s": sum(o.fit_s for o in evaluation.outcomes),
        "predict_cpu_s": sum(o.predict_s for o in evaluation.outcomes),
    }


def majority_baseline(problem: Problem) -> float:
    """Return the share of the most frequent label: the best that one answer can do.

    The model ``majority`` must find that label on the training side of each fold, from
    which the albums in question are missing, and so can only do worse.
    """
    return float(np.bincount(problem.y).max() / len(problem.y))
