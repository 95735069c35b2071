"""Nested cross-validation of one model spec: choose inside, judge outside."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from classify.arrays import Dataset
from classify.folds import INNER_FOLDS, Split, inner_folds
from classify.metrics import apply_temperature, fit_temperature, log_loss
from classify.models.base import (
    Fitted,
    ModelSpec,
    Params,
    balanced_weights,
    fit,
    fit_estimator,
    view,
)
from classify.models.registry import MANY

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tuning:
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

    setting: Params
    temperature: float
    loss: float
    tracks: NDArray[np.intp]
    p: Floats


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One model spec judged on one outer fold.

    Attributes
    ----------
    test : intp, shape (n_test,)
        Tracks of the dataset.
    windows : float64, shape (n_test_windows, n_labels)
    tracks : float64, shape (n_test, n_labels)
        Calibrated.
    fit_s, predict_s : CPU seconds, the inner loop among the first
    """

    choice: Tuning
    test: NDArray[np.intp]
    windows: Floats
    tracks: Floats
    fit_s: float
    predict_s: float


def tune(model_spec: ModelSpec, dataset: Dataset, *, seed: int) -> Tuning:
    """Pick the setting whose held-out albums are judged best, and its temperature.

    The score is the log loss of tracks, every label weighing the same, after the best
    temperature: smoother than accuracy where a fold holds a dozen tracks. With more
    than `MANY` labels, whose fits cost as much more, the plainest setting is taken.
    """
    folds = inner_folds(dataset.y, dataset.groups, n_splits=INNER_FOLDS, seed=seed)
    if not folds:
        nothing = np.zeros((0, len(dataset.labels)))
        return Tuning(
            model_spec.space[0], 1.0, np.nan, np.zeros(0, dtype=np.intp), nothing
        )
    tracks = np.concatenate([fold.test for fold in folds])
    y = dataset.y[tracks]
    weights = balanced_weights(y, np.arange(len(y), dtype=np.intp))
    best: Tuning | None = None
    space = model_spec.space if len(dataset.labels) <= MANY else model_spec.space[:1]
    for setting in space:
        p = np.concatenate(
            [_held_out(model_spec, setting, dataset, f, seed) for f in folds]
        )
        temperature = fit_temperature(p, y)
        loss = log_loss(apply_temperature(p, temperature), y, weights)
        if best is None or loss < best.loss:
            best = Tuning(setting, temperature, loss, tracks, p)
    assert best is not None
    return best


def _held_out(
    model_spec: ModelSpec, setting: Params, dataset: Dataset, fold: Split, seed: int
) -> Floats:
    fitted = fit(model_spec, setting, dataset.of_tracks(fold.train), seed=seed)
    return fitted.predict_proba(dataset.windows.of_tracks(fold.test))[1]


def evaluate_fold(
    model_spec: ModelSpec, dataset: Dataset, split: Split, *, seed: int
) -> FoldResult:
    """Choose and fit on the training side of `split`, and judge its test side."""
    started = time.process_time()
    training = dataset.of_tracks(split.train)
    choice = tune(model_spec, training, seed=seed)
    fitted = fit(model_spec, choice.setting, training, seed=seed)
    learned = time.process_time()
    rows = dataset.windows.of_tracks(split.test)
    windows, tracks = fitted.predict_proba(rows)
    return FoldResult(
        choice=choice,
        test=split.test,
        windows=windows,
        tracks=apply_temperature(tracks, choice.temperature),
        fit_s=learned - started,
        predict_s=time.process_time() - learned,
    )


def tune_and_fit(
    model_spec: ModelSpec, dataset: Dataset, *, seed: int
) -> tuple[Tuning, Fitted]:
    """Choose on all tracks of `dataset` and fit on all of them: the final model."""
    choice = tune(model_spec, dataset, seed=seed)
    return choice, fit(model_spec, choice.setting, dataset, seed=seed)


def predict_random_split(
    model_spec: ModelSpec, setting: Params, dataset: Dataset, *, seed: int
) -> Floats:
    """Return the window probabilities of a random split of windows: what flatters.

    Windows of one track stand on both sides, as in studies that do not group. It is
    computed to be shown beside the honest figure, and chosen for nothing.

    Returns
    -------
    float64, shape (n_windows, n_labels)
    """
    rows = dataset.windows
    X = view(rows, model_spec.reads)
    p = np.zeros((len(X), len(dataset.labels)))
    splitter = KFold(min(5, len(X)), shuffle=True, random_state=seed)
    for train, test in splitter.split(X):
        track = rows.track[train]
        model = fit_estimator(model_spec, setting, X[train], dataset, track, seed=seed)
        p[np.ix_(test, model.classes_)] = model.predict_proba(X[test])
    return p
