"""Nearest neighbours and naive Bayes."""

from __future__ import annotations

from sklearn.decomposition import PCA
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from classify.estimators.base import Recipe, Setting
from classify.estimators.steady import SteadyScaler


def _knn(setting: Setting, seed: int) -> Pipeline:
    nearest = KNeighborsClassifier(
        n_neighbors=setting["n_neighbors"], weights="distance", algorithm="brute"
    )
    few = PCA(n_components=0.9, svd_solver="full", random_state=seed)
    return Pipeline([("scale", SteadyScaler()), ("reduce", few), ("model", nearest)])


def _gaussian_nb(setting: Setting, seed: int) -> Pipeline:  # noqa: ARG001 (no chance in it)
    bayes = GaussianNB(var_smoothing=setting["var_smoothing"])
    return Pipeline([("scale", SteadyScaler()), ("model", bayes)])


KNN = Recipe(
    "knn",
    _knn,
    tuple({"n_neighbors": n} for n in (15, 45)),
    weighted=False,
    steady=True,
)
GAUSSIAN_NB = Recipe(
    "gaussian-nb",
    _gaussian_nb,
    tuple({"var_smoothing": v} for v in (1e-9, 0.3)),
    steady=True,
)
