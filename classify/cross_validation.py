"""Nested cross-validation of one recipe: choose inside, judge outside."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from classify.arrays import Problem
from classify.folds import INNER_FOLDS, Split, inner_folds
from classify.metrics import fit_temperature, log_loss, tempered
from classify.models.base import (
    Fitted,
    Recipe,
    Setting,
    balanced_weights,
    fit,
    fit_estimator,
    view,
)
from classify.models.registry import MANY

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Choice:
    """What the inner loop settled on, and its own held-out evidence.

    Attributes
    ----------
    setting : Setting
    temperature : float
    loss : float
        Balanced log loss of the held-out tracks, tempered; NaN where none could be.
    tracks : intp, shape (m,)
        The tracks of the training side that were held out at some time.
    p : float64, shape (m, n_labels)
        Their probabilities before the temperature.
    """

    setting: Setting
    temperature: float
    loss: float
    tracks: NDArray[np.intp]
    p: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """One recipe judged on one outer fold.

    Attributes
    ----------
    test : intp, shape (n_test,)
        Tracks of the problem.
    windows : float64, shape (n_test_windows, n_labels)
    tracks : float64, shape (n_test, n_labels)
        Calibrated.
    fit_s, predict_s : CPU seconds, the inner loop among the first
    """

    choice: Choice
    test: NDArray[np.intp]
    windows: Floats
    tracks: Floats
    fit_s: float
    predict_s: float


def choose(recipe: Recipe, problem: Problem, *, seed: int) -> Choice:
    """Pick the setting whose held-out albums are judged best, and its temperature.

    The score is the log loss of tracks, every label weighing the same, after the best
    temperature: smoother than accuracy where a fold holds a dozen tracks. With more
    than `MANY` labels, whose fits cost as much more, the plainest setting is taken.
    """
    folds = inner_folds(problem.y, problem.groups, n_splits=INNER_FOLDS, seed=seed)
    if not folds:
        nothing = np.zeros((0, len(problem.labels)))
        return Choice(recipe.space[0], 1.0, np.nan, np.zeros(0, dtype=np.intp), nothing)
    tracks = np.concatenate([fold.test for fold in folds])
    y = problem.y[tracks]
    weights = balanced_weights(y, np.arange(len(y), dtype=np.intp))
    best: Choice | None = None
    space = recipe.space if len(problem.labels) <= MANY else recipe.space[:1]
    for setting in space:
        p = np.concatenate(
            [_held_out(recipe, setting, problem, f, seed) for f in folds]
        )
        temperature = fit_temperature(p, y)
        loss = log_loss(tempered(p, temperature), y, weights)
        if best is None or loss < best.loss:
            best = Choice(setting, temperature, loss, tracks, p)
    assert best is not None
    return best


def _held_out(
    recipe: Recipe, setting: Setting, problem: Problem, fold: Split, seed: int
) -> Floats:
    fitted = fit(recipe, setting, problem.of_tracks(fold.train), seed=seed)
    return fitted.judge(problem.rows.of_tracks(fold.test))[1]


def judge(recipe: Recipe, problem: Problem, split: Split, *, seed: int) -> Outcome:
    """Choose and fit on the training side of `split`, and judge its test side."""
    started = time.process_time()
    training = problem.of_tracks(split.train)
    choice = choose(recipe, training, seed=seed)
    fitted = fit(recipe, choice.setting, training, seed=seed)
    learned = time.process_time()
    rows = problem.rows.of_tracks(split.test)
    windows, tracks = fitted.judge(rows)
    return Outcome(
        choice=choice,
        test=split.test,
        windows=windows,
        tracks=tempered(tracks, choice.temperature),
        fit_s=learned - started,
        predict_s=time.process_time() - learned,
    )


def learn(recipe: Recipe, problem: Problem, *, seed: int) -> tuple[Choice, Fitted]:
    """Choose on all tracks of `problem` and fit on all of them: the final model."""
    choice = choose(recipe, problem, seed=seed)
    return choice, fit(recipe, choice.setting, problem, seed=seed)


def window_split(
    recipe: Recipe, setting: Setting, problem: Problem, *, seed: int
) -> Floats:
    """Return the window probabilities of a random split of windows: what flatters.

    Windows of one track stand on both sides, as in studies that do not group. It is
    computed to be shown beside the honest figure, and chosen for nothing.

    Returns
    -------
    float64, shape (n_windows, n_labels)
    """
    rows = problem.rows
    X = view(rows, recipe.reads)
    p = np.zeros((len(X), len(problem.labels)))
    splitter = KFold(min(5, len(X)), shuffle=True, random_state=seed)
    for train, test in splitter.split(X):
        track = rows.track[train]
        model = fit_estimator(recipe, setting, X[train], problem, track, seed=seed)
        p[np.ix_(test, model.classes_)] = model.predict_proba(X[test])
    return p
