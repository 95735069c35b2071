"""Models by nearest neighbours and by naive Bayes."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from classify.models.base import ModelSpec, Params
from classify.models.wccn import WCCNScaler

KEPT = 6000


class FewNeighbours(KNeighborsClassifier):  # type: ignore[misc]
    """Nearest neighbours among at most `KEPT` rows, taken at even distances.

    Rows of one track lie side by side, so that every track keeps its share. Where there
    are fewer rows than neighbours to be asked, all are asked.
    """

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> FewNeighbours:
        """Keep the rows."""
        step = -(-len(X) // KEPT)
        asked: int = self.get_params()["n_neighbors"]
        self.n_neighbors = min(asked, len(X[::step]))
        super().fit(X[::step], y[::step])
        return self


def _knn(params: Params, seed: int) -> Pipeline:
    nearest = FewNeighbours(
        n_neighbors=params["n_neighbors"], weights="distance", algorithm="brute"
    )
    few = PCA(n_components=0.9, svd_solver="full", random_state=seed)
    return Pipeline([("scale", WCCNScaler()), ("reduce", few), ("model", nearest)])


def _gaussian_nb(params: Params, seed: int) -> Pipeline:  # noqa: ARG001 (no chance in it)
    bayes = GaussianNB(var_smoothing=params["var_smoothing"])
    return Pipeline([("scale", WCCNScaler()), ("model", bayes)])


KNN = ModelSpec(
    "knn",
    _knn,
    tuple({"n_neighbors": n} for n in (15, 45)),
    weighted=False,
    wccn=True,
)
KNN_LARGE = ModelSpec(
    "knn",
    _knn,
    KNN.param_grid,
    weighted=False,
    wccn=True,
    note=f"of so large a library nearest neighbours are sought among at most {KEPT} "
    "windows; all against all costs the square",
)
GAUSSIAN_NB = ModelSpec(
    "gaussian-nb",
    _gaussian_nb,
    tuple({"var_smoothing": v} for v in (1e-9, 0.3)),
    wccn=True,
)
