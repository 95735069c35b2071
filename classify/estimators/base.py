"""What a model is made of: a recipe, the view of the rows that it reads, a fit.

A recipe names a family of estimators and its small space of settings. Fitting weighs
windows so that every label counts the same, and within a label every track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from classify.estimators.stages import track_statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from classify.dataset import Problem, Rows

    Floats = NDArray[np.float64]

Setting = dict[str, Any]
Reads = Literal["windows", "tracks"]


class Estimator(Protocol):
    """The part of a scikit-learn classifier that is used here."""

    classes_: NDArray[np.intp]

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Any:
        """Learn."""

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities, a column for each of `classes_`."""


@dataclass(frozen=True)
class Recipe:
    """A named model: how to build it, from what, and what to choose between.

    Attributes
    ----------
    name : str
        As `--model` takes it.
    build : callable of (setting, seed)
        Returns an unfitted pipeline whose last step is called ``model``.
    space : tuple of settings
        The candidates of the inner loop, the plainest first.
    reads : "windows" or "tracks"
        One row a window, or statistics of a track's windows.
    weighted : bool
        Whether the last step takes sample weights.
    """

    name: str
    build: Callable[[Setting, int], Estimator]
    space: tuple[Setting, ...] = ({},)
    reads: Reads = "windows"
    weighted: bool = True


def balanced_weights(y: NDArray[np.intp], track: NDArray[np.intp]) -> Floats:
    """Weigh windows: labels equal, tracks equal within a label; the mean is 1.

    Parameters
    ----------
    y, track : intp, shape (n_windows,)
    """
    windows = np.bincount(track).astype(float)
    _, first = np.unique(track, return_index=True)
    tracks = np.bincount(y[first], minlength=int(y.max()) + 1).astype(float)
    weights = 1.0 / (windows[track] * tracks[y])
    result: Floats = weights / weights.mean()
    return result


@dataclass(frozen=True, eq=False)
class Fitted:
    """An estimator that has learned, speaking of all labels of its problem.

    Attributes
    ----------
    reads : as in Recipe
    estimator : Estimator
    n_labels : int
        A label that the training side lacked gets probability 0.
    """

    reads: Reads
    estimator: Estimator
    n_labels: int

    def windows(self, rows: Rows) -> Floats:
        """Return the probabilities of each window, shape (n_windows, n_labels)."""
        if self.reads == "tracks":
            return self.tracks(rows)[rows.track]
        return self._proba(rows.X)

    def tracks(self, rows: Rows) -> Floats:
        """Return the mean probabilities of each track, shape (n_tracks, n_labels)."""
        if self.reads == "tracks":
            return self._proba(track_statistics(rows))
        return track_means(self._proba(rows.X), rows)

    def _proba(self, X: NDArray[np.float32]) -> Floats:
        p = np.zeros((len(X), self.n_labels))
        if len(X):
            p[:, self.estimator.classes_] = self.estimator.predict_proba(X)
        return p


def track_means(p: Floats, rows: Rows) -> Floats:
    """Return the mean over each track's windows of `p`, shape (n_tracks, n_labels)."""
    sums = np.zeros((rows.n_tracks, p.shape[1]))
    np.add.at(sums, rows.track, p)
    result: Floats = sums / np.bincount(rows.track, minlength=rows.n_tracks)[:, None]
    return result


def fit(
    recipe: Recipe, setting: Mapping[str, Any], problem: Problem, *, seed: int
) -> Fitted:
    """Fit `recipe` with `setting` on all tracks of `problem`."""
    estimator = recipe.build(dict(setting), seed)
    rows = problem.rows
    if recipe.reads == "tracks":
        X, y = track_statistics(rows), problem.y
        track = np.arange(rows.n_tracks, dtype=np.intp)
    else:
        X, y, track = rows.X, problem.y[rows.track], rows.track
    if recipe.weighted:
        estimator.fit(X, y, model__sample_weight=balanced_weights(y, track))
    else:
        estimator.fit(X, y)
    return Fitted(recipe.reads, estimator, len(problem.labels))
