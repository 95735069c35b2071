"""Linear models, and what they are measured against: majority and file facts."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectPercentile, f_classif
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline

from classify.models.base import ModelSpec, Params
from classify.models.wccn import WCCNScaler


def score_features(
    X: NDArray[np.float64], y: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F and p of each feature; NaN where a training side is too small for them.

    Unlike `f_classif` it does not warn then: the selection takes NaN for the least.
    """
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        f, p = f_classif(X, y)
    return f, p


def _logistic(params: Params, seed: int) -> Pipeline:
    regression = LogisticRegression(C=params["C"], max_iter=400, random_state=seed)
    return Pipeline([("scale", WCCNScaler()), ("model", regression)])


def _selecting(params: Params, seed: int) -> Pipeline:
    """Build a regression on the features that differ most between the labels.

    They are selected by the fit, so by the training side of a fold alone.
    """
    regression = LogisticRegression(C=params["C"], max_iter=400, random_state=seed)
    select = SelectPercentile(score_features, percentile=params["percentile"])
    return Pipeline(
        [("scale", WCCNScaler()), ("select", select), ("model", regression)]
    )


def _sgd(params: Params, seed: int) -> Pipeline:
    descent = SGDClassifier(
        loss="log_loss", alpha=params["alpha"], average=True, random_state=seed
    )
    return Pipeline([("scale", WCCNScaler()), ("model", descent)])


LOGISTIC = ModelSpec(
    "logistic",
    _logistic,
    tuple({"C": c} for c in (0.001, 0.003, 0.01, 0.03)),
    wccn=True,
)
TRACK_LOGISTIC = ModelSpec(
    "track-logistic",
    _selecting,
    tuple({"C": c, "percentile": p} for p in (100, 50) for c in (0.003, 0.01, 0.03)),
    reads="tracks",
    wccn=True,
)
SGD = ModelSpec("sgd", _sgd, tuple({"alpha": a} for a in (0.01, 0.1, 0.3)), wccn=True)


def _majority(params: Params, seed: int) -> Pipeline:  # noqa: ARG001
    return Pipeline([("model", DummyClassifier(strategy="prior"))])


MAJORITY = ModelSpec("majority", _majority, reads="tracks", weighted=False)
