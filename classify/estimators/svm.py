"""Support vector machines with an RBF kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from classify.estimators.base import Recipe, Setting

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
            return -margins[:, None]
        return np.asarray(margins)


def _svm_rbf(setting: Setting, seed: int) -> Pipeline:
    machine = MarginSVC(
        C=setting["C"],
        gamma=setting["gamma"],
        cache_size=500,
        decision_function_shape="ovo",
        random_state=seed,
    )
    return Pipeline([("scale", StandardScaler()), ("model", machine)])


SVM_RBF = Recipe(
    "svm-rbf",
    _svm_rbf,
    tuple({"C": c, "gamma": g} for c in (1.0, 10.0) for g in (0.002, 0.005, 0.012)),
)
