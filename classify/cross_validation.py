"""Nested cross-validation of one model: parameters tuned inside, scored outside."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from classify.arrays import Dataset
from classify.folds import INNER_FOLDS, Fold, inner_folds
from classify.metrics import apply_temperature, fit_temperature, log_loss
from classify.models.base import (
    FittedEstimator,
    ModelSpec,
    Params,
    balanced_weights,
    build_inputs,
    fit,
    fit_estimator,
)
from classify.models.registry import MANY

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tuning:
    """The parameters that the inner loop selected, with its held-out predictions.

    Attributes
    ----------
    params : dict
    temperature : float
    loss : float
        Balanced log loss of the held-out tracks, with the temperature; NaN where none
        could be held out.
    tracks : intp, shape (m,)
        The tracks of the training side that were held out at some time.
    p : float64, shape (m, n_labels)
        Their probabilities before the temperature.
    """

    params: Params
    temperature: float
    loss: float
    tracks: NDArray[np.intp]
    p: Floats


@dataclass(frozen=True, eq=False)
class FoldResult:
    """The predictions of one model for one outer fold.

    Attributes
    ----------
    test : intp, shape (n_test,)
        Tracks of the dataset.
    windows : float64, shape (n_test_windows, n_labels)
    tracks : float64, shape (n_test, n_labels)
        Calibrated.
    fit_s, predict_s : CPU seconds, the inner loop among the first
    """

    tuning: Tuning
    test: NDArray[np.intp]
    windows: Floats
    tracks: Floats
    fit_s: float
    predict_s: float


def tune(spec: ModelSpec, dataset: Dataset, *, seed: int) -> Tuning:
    """Select the parameters that do best on held-out albums, and their temperature.

    The score is the log loss of tracks, every label weighing the same, after the best
    temperature: smoother than accuracy where a fold holds a dozen tracks. With more
    than `MANY` labels, whose fits cost as much more, the plainest candidate is taken.
    """
    folds = inner_folds(dataset.y, dataset.groups, n_splits=INNER_FOLDS, seed=seed)
    if not folds:
        no_tracks, no_p = np.zeros(0, dtype=np.intp), np.zeros((0, len(dataset.labels)))
        return Tuning(spec.param_grid[0], 1.0, np.nan, no_tracks, no_p)
    tracks = np.concatenate([fold.test for fold in folds])
    y = dataset.y[tracks]
    weights = balanced_weights(y, np.arange(len(y), dtype=np.intp))
    tunings = []
    for params in spec.param_grid[: None if len(dataset.labels) <= MANY else 1]:
        p = np.concatenate([_held_out(spec, params, dataset, f, seed) for f in folds])
        temperature = fit_temperature(p, y)
        loss = log_loss(apply_temperature(p, temperature), y, weights)
        tunings.append(Tuning(params, temperature, loss, tracks, p))
    return min(tunings, key=lambda tuning: tuning.loss)


def _held_out(
    spec: ModelSpec, params: Params, dataset: Dataset, fold: Fold, seed: int
) -> Floats:
    fitted = fit(spec, params, dataset.of_tracks(fold.train), seed=seed)
    return fitted.predict_proba(dataset.windows.of_tracks(fold.test))[1]


def evaluate_fold(
    spec: ModelSpec, dataset: Dataset, fold: Fold, *, seed: int
) -> FoldResult:
    """Tune and fit on the training side of `fold`, and predict its test side."""
    started = time.process_time()
    tuning, fitted = tune_and_fit(spec, dataset.of_tracks(fold.train), seed=seed)
    fitted_at = time.process_time()
    windows, tracks = fitted.predict_proba(dataset.windows.of_tracks(fold.test))
    return FoldResult(
        tuning=tuning,
        test=fold.test,
        windows=windows,
        tracks=apply_temperature(tracks, tuning.temperature),
        fit_s=fitted_at - started,
        predict_s=time.process_time() - fitted_at,
    )


def tune_and_fit(
    spec: ModelSpec, dataset: Dataset, *, seed: int
) -> tuple[Tuning, FittedEstimator]:
    """Tune on all tracks of `dataset`, and fit on all of them."""
    tuning = tune(spec, dataset, seed=seed)
    return tuning, fit(spec, tuning.params, dataset, seed=seed)


def predict_random_split(
    spec: ModelSpec, params: Params, dataset: Dataset, *, seed: int
) -> Floats:
    """Return the window probabilities of a random split of windows, which flatters.

    Windows of one track stand on both sides, as in studies that do not group. It is
    computed to be shown beside the honest figure; nothing is selected by it.

    Returns
    -------
    float64, shape (n_windows, n_labels)
    """
    X = build_inputs(dataset.windows, spec.reads)
    p = np.zeros((len(X), len(dataset.labels)))
    splitter = KFold(min(5, len(X)), shuffle=True, random_state=seed)
    for train, test in splitter.split(X):
        track = dataset.windows.track[train]
        model = fit_estimator(spec, params, X[train], dataset, track, seed=seed)
        p[np.ix_(test, model.classes_)] = model.predict_proba(X[test])
    return p
