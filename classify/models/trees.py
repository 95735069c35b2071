"""Models by decision trees and their ensembles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from classify.models.base import ModelSpec, Params

BINS = 64


class QuantileBins(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace each value by the number of its bin, of `BINS` that hold equally many.

    Boosting bins its columns anyhow, but where windows have weights scikit-learn (1.9)
    finds every edge of every column by a sort of its own: 13 of the 14 CPU seconds of a
    fit on 1 300 windows. What is binned already it takes as it is.
    """

    def fit(self, X: NDArray[np.float32], y: object = None) -> QuantileBins:  # noqa: ARG002 (scikit-learn's signature)
        """Find the edges, shape (BINS - 1, n_features)."""
        self.edges_ = np.quantile(X, np.arange(1, BINS) / BINS, axis=0)
        return self

    def transform(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the bins' numbers."""
        columns = [
            np.searchsorted(edges, values)
            for edges, values in zip(self.edges_.T, X.T, strict=True)
        ]
        return np.array(columns, dtype=np.float32).T


def _decision_tree(params: Params, seed: int) -> Pipeline:
    tree = DecisionTreeClassifier(
        min_samples_leaf=params["min_samples_leaf"], random_state=seed
    )
    return Pipeline([("model", tree)])


def _random_forest(params: Params, seed: int) -> Pipeline:
    forest = RandomForestClassifier(
        n_estimators=150,
        min_samples_leaf=params["min_samples_leaf"],
        random_state=seed,
    )
    return Pipeline([("model", forest)])


def _bagging(params: Params, seed: int) -> Pipeline:
    trees = BaggingClassifier(
        DecisionTreeClassifier(min_samples_leaf=params["min_samples_leaf"]),
        n_estimators=40,
        max_samples=0.3,
        max_features=0.5,
        random_state=seed,
    )
    return Pipeline([("model", trees)])


def _gradient_boosting(params: Params, seed: int) -> Pipeline:
    boosting = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=params["max_leaf_nodes"],
        min_samples_leaf=20,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    return Pipeline([("bin", QuantileBins()), ("model", boosting)])


DECISION_TREE = ModelSpec(
    "decision-tree",
    _decision_tree,
    tuple({"min_samples_leaf": n} for n in (5, 20, 60)),
)
RANDOM_FOREST = ModelSpec(
    "random-forest", _random_forest, tuple({"min_samples_leaf": n} for n in (2, 8))
)
BAGGING = ModelSpec("bagging", _bagging, tuple({"min_samples_leaf": n} for n in (2, 8)))
GRADIENT_BOOSTING = ModelSpec(
    "gradient-boosting",
    _gradient_boosting,
    tuple({"max_leaf_nodes": n} for n in (4, 12)),
)


def _pca_forest(params: Params, seed: int) -> Pipeline:
    components = PCA(
        n_components=params["n_components"],
        svd_solver="randomized",
        random_state=seed,
    )
    forest = RandomForestClassifier(
        n_estimators=100, min_samples_leaf=4, random_state=seed
    )
    return Pipeline([("reduce", components), ("model", forest)])


_SPACE = tuple({"n_components": n} for n in (10, 30))

CHROMA_PCA_RF = ModelSpec("chroma-pca-rf", _pca_forest, _SPACE, reads="chroma")
MEL_PCA_RF = ModelSpec("mel-pca-rf", _pca_forest, _SPACE, reads="logmel")
