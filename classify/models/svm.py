"""Support vector machines with an RBF kernel, exact and approximate."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from classify.models.base import ModelSpec, Params
from classify.models.wccn import WCCNScaler

LANDMARKS = 500
_SHARPNESS = 10.0


class MarginSVC(SVC):  # type: ignore[misc]
    """An SVC whose probabilities come from its pairwise margins.

    Each pair of labels votes with the logistic function of twice its margin; a label's
    probability is its share of all votes. Unlike Platt scaling inside SVC it needs no
    further cross-validation, which would not know about albums; what remains to be
    calibrated is done on held-out albums with a temperature.
    """

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return votes as probabilities, shape (n_samples, n_classes)."""
        margins = self._pairwise(X)
        k = len(self.classes_)
        votes = np.zeros((len(margins), k))
        pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
        for column, (i, j) in enumerate(pairs):
            share = 1.0 / (1.0 + np.exp(-2.0 * margins[:, column]))
            votes[:, i] += share
            votes[:, j] += 1.0 - share
        result: NDArray[np.float64] = votes / len(pairs)
        return result

    def _pairwise(self, X: Any) -> NDArray[np.float64]:
        margins = self.decision_function(X)
        if len(self.classes_) == 2:
            # scikit-learn turns the sign of the only pair so that positive means 1
            margins = -margins[:, None]
        return np.asarray(margins)


class Landmarks(Nystroem):  # type: ignore[misc]
    """A kernel map with at most as many landmarks as there are rows."""

    def fit(self, X: Any, y: Any = None) -> Landmarks:
        """Draw the landmarks from the rows of `X`."""
        with warnings.catch_warnings():
            # fewer rows than landmarks: all of them are taken, which is meant
            warnings.simplefilter("ignore", UserWarning)
            super().fit(X, y)
        return self


class LeastSquares(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A linear classifier by ridge regression on the labels' indicators.

    One solution for all labels together, however many there are.

    Parameters
    ----------
    alpha : float
        Ridge penalty.

    References
    ----------
    J. A. K. Suykens and J. Vandewalle, "Least squares support vector machine
    classifiers", Neural Processing Letters 9, 1999.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: Any, y: Any, sample_weight: Any) -> LeastSquares:
        """Solve for the weights, shape (n_features, n_classes)."""
        self.classes_, number = np.unique(y, return_inverse=True)
        rows = np.arange(len(X))
        indicators = csr_matrix((sample_weight, (rows, number)))
        within = X.T @ (X * np.asarray(sample_weight)[:, None])
        within[np.diag_indices_from(within)] += self.alpha
        self.weights_ = np.linalg.solve(within, (indicators.T @ X).T)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return a soft maximum of the scores, which are 1 at best and 0 else."""
        result: NDArray[np.float64] = softmax(_SHARPNESS * (X @ self.weights_), axis=1)
        return result


def _exact(params: Params, seed: int) -> Pipeline:
    machine = MarginSVC(
        C=params["C"],
        gamma=params["gamma"],
        cache_size=500,
        decision_function_shape="ovo",
        random_state=seed,
    )
    return Pipeline([("scale", WCCNScaler()), ("model", machine)])


def _approximate(params: Params, seed: int) -> Pipeline:
    """Build an RBF kernel from landmarks and a linear model on it.

    The cost grows with the number of windows, not with its square.

    References
    ----------
    C. K. I. Williams and M. Seeger, "Using the Nyström method to speed up kernel
    machines", NIPS 2000.
    """
    linear = SGDClassifier(
        loss="log_loss", alpha=params["alpha"], average=True, random_state=seed
    )
    return _on_landmarks(linear, params, seed)


def _solved(params: Params, seed: int) -> Pipeline:
    return _on_landmarks(LeastSquares(params["alpha"]), params, seed)


def _on_landmarks(linear: BaseEstimator, params: Params, seed: int) -> Pipeline:
    kernel = Landmarks(gamma=params["gamma"], n_components=LANDMARKS, random_state=seed)
    return Pipeline([("scale", WCCNScaler()), ("kernel", kernel), ("model", linear)])


_GAMMAS = (0.0003, 0.001, 0.004)

_NOTE = (
    f"so large a library takes an RBF kernel from at most {LANDMARKS} landmarks and a "
    "linear model, in place of the exact machine, whose cost grows with the square"
)
_NOTE_MANY = (
    f"for so many labels an RBF kernel from at most {LANDMARKS} landmarks is solved by "
    "least squares, in place of a machine for every pair of labels"
)

SVM_RBF = ModelSpec(
    "svm-rbf",
    _exact,
    tuple({"C": c, "gamma": g} for c in (1.0, 10.0) for g in _GAMMAS),
    wccn=True,
)
SVM_RBF_LARGE = ModelSpec(
    "svm-rbf",
    _approximate,
    tuple({"alpha": a, "gamma": g} for a in (1e-5, 1e-4) for g in _GAMMAS),
    wccn=True,
    note=_NOTE,
)
TRACK_SVM = ModelSpec(
    "track-svm",
    _exact,
    tuple({"C": c, "gamma": g} for c in (1.0, 10.0) for g in (0.0003, 0.001)),
    reads="tracks",
    wccn=True,
)
TRACK_SVM_LARGE = ModelSpec(
    "track-svm",
    _approximate,
    tuple({"alpha": 1e-4, "gamma": g} for g in (0.0003, 0.001)),
    reads="tracks",
    wccn=True,
    note=_NOTE,
)
SVM_RBF_MANY = ModelSpec(
    "svm-rbf",
    _solved,
    ({"alpha": 0.1, "gamma": 0.001},),
    wccn=True,
    note=_NOTE_MANY,
)
TRACK_SVM_MANY = replace(SVM_RBF_MANY, name="track-svm", reads="tracks")
