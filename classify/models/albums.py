"""The album classifiers as models of the registry, and fitted for predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classify.arrays import Windows, track_means
from classify.models import cosine, hierarchical
from classify.models.base import ModelSpec, Params
from classify.models.leave_one_out import Rule

Floats = NDArray[np.float64]

RULES: dict[str, Rule] = {
    "hierarchical": hierarchical.HIERARCHICAL,
    "cosine": cosine.COSINE,
}
"""How each judges albums that were left out."""


def _hierarchical(params: Params, seed: int) -> Pipeline:  # noqa: ARG001
    return Pipeline([("model", hierarchical.HierarchicalGaussian())])


def _cosine(params: Params, seed: int) -> Pipeline:  # noqa: ARG001
    return Pipeline([("model", cosine.CosineClassifier())])


HIERARCHICAL = ModelSpec(
    "hierarchical", _hierarchical, reads="means", weighted=False, grouped=True
)
COSINE = ModelSpec("cosine", _cosine, reads="means", weighted=False, grouped=True)


@dataclass(frozen=True, eq=False)
class FittedAlbumModel:
    """An album classifier that judges the windows of further tracks.

    Attributes
    ----------
    estimator : HierarchicalGaussian or CosineClassifier
    n_labels : int
    """

    estimator: hierarchical.HierarchicalGaussian | cosine.CosineClassifier
    n_labels: int

    def predict_proba(self, windows: Windows) -> tuple[Floats, Floats]:
        """Return probabilities: (n_windows, n_labels) and (n_tracks, n_labels).

        A track's come from the mean of its windows. What a row lacks of 1 is the
        probability of "none of them", of which the cosine knows nothing.
        """
        means = track_means(windows.X, windows.track, windows.n_tracks)
        if isinstance(self.estimator, cosine.CosineClassifier):
            p = self.estimator.predict_proba(means)
            return p[windows.track], p
        tracks = np.exp(self.estimator.predict_open_log_proba(means))
        single = np.exp(self.estimator.predict_window_log_proba(windows.X))
        return single[:, :-1], tracks[:, :-1]
