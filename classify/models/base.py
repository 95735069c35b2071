"""The model spec, the inputs that a model reads, and a fitted estimator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from classify.arrays import Dataset, Windows, track_means
from classify.exceptions import FeatureSetMismatchError

Floats = NDArray[np.float64]
Params = dict[str, Any]
Reads = Literal["windows", "means", "tracks", "chroma", "logmel", "slices"]
N_CHROMA = 12


class Estimator(Protocol):
    """The part of a scikit-learn classifier that is used here."""

    classes_: NDArray[np.intp]

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Any:
        """Learn."""

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities, a column for each of `classes_`."""


@dataclass(frozen=True)
class ModelSpec:
    """A named family of estimators with a small grid of parameters.

    Attributes
    ----------
    name : str
        As `--model` takes it.
    build : callable of (params, seed)
        Returns an unfitted pipeline whose last step is called ``model``.
    param_grid : tuple of dict
        The candidates of the inner loop, the plainest first.
    reads : str
        ``"windows"``: a row a window; ``"means"``: the mean over the windows of a
        track; ``"tracks"``: statistics of these, and of the track's parts;
        ``"chroma"`` and ``"logmel"``: a window's flattened slice of a sequence;
        ``"slices"``: the slice of both, not flattened.
    weighted : bool
        Whether the last step takes sample weights.
    grouped : bool
        Whether the last step wants to know the albums, for its early stopping.
    wccn : bool
        Whether the first step is a `WCCNScaler`, which learns from re-encodings.
    note : str or None
        The reason, where this model stands in for another.
    """

    name: str
    build: Callable[[Params, int], Estimator]
    param_grid: tuple[Params, ...] = ({},)
    reads: Reads = "windows"
    weighted: bool = True
    grouped: bool = False
    wccn: bool = False
    note: str | None = None


def balanced_weights(y: NDArray[np.intp], track: NDArray[np.intp]) -> Floats:
    """Weigh windows: labels equal, tracks equal within a label; the mean is 1.

    Parameters
    ----------
    y, track : intp, shape (n_windows,)
    """
    windows = np.bincount(track).astype(float)
    _, first = np.unique(track, return_index=True)
    tracks = np.bincount(y[first], minlength=int(y.max()) + 1)
    weights = 1.0 / (windows[track] * tracks[y])
    result: Floats = weights / weights.mean()
    return result


def build_inputs(windows: Windows, reads: Reads) -> NDArray[Any]:
    """Return the rows as an estimator reads them: one a window, or one a track.

    Raises
    ------
    FeatureSetMismatchError
        The rows come without the sequences that the estimator reads.
    """
    if reads == "windows":
        return windows.X
    if reads == "means":
        return track_means(windows.X, windows.track, windows.n_tracks)
    if reads == "tracks":
        return track_statistics(windows)
    if windows.slices is None:
        raise FeatureSetMismatchError(
            "this model reads the chroma and log-mel sequences, which are not stored "
            "for every track; scan the library again"
        )
    if reads == "slices":
        return windows.slices
    part = slice(N_CHROMA) if reads == "chroma" else slice(N_CHROMA, None)
    flat = windows.slices[:, :, part].reshape(len(windows.slices), -1)
    return flat.astype(np.float32)


def codec_shifts(dataset: Dataset, reads: Reads) -> Floats:
    """Return by how much re-encodings moved the windows, as an estimator reads them.

    Returns
    -------
    float64, shape (n, n_features)
        Of every pair of the dataset.
    """
    moved = []
    for pairs in dataset.pairs:
        sides = [pairs.original, pairs.coded]
        if reads == "tracks":
            sides = [split_into_parts(windows)[0] for windows in sides]
        before, after = (
            build_inputs(windows, reads).astype(np.float64) for windows in sides
        )
        moved.append(after - before)
    return np.concatenate(moved)


@dataclass(frozen=True, eq=False)
class FittedEstimator:
    """A fitted estimator that gives probabilities of all labels of its dataset.

    Attributes
    ----------
    reads : as in ModelSpec
    estimator : Estimator
    n_labels : int
        A label that the training side lacked gets probability 0.
    """

    reads: Reads
    estimator: Estimator
    n_labels: int

    def predict_proba(self, windows: Windows) -> tuple[Floats, Floats]:
        """Return probabilities: (n_windows, n_labels) and (n_tracks, n_labels).

        A track's are the mean of its windows', or for a model of whole tracks of the
        track and its parts; such a model says the same of each window of a track.
        """
        if self.reads == "tracks":
            parts, owner = split_into_parts(windows)
            of_parts = self._proba(build_inputs(parts, self.reads))
            p = track_means(of_parts, owner, windows.n_tracks)
            return p[windows.track], p
        p = self._proba(build_inputs(windows, self.reads))
        if self.reads == "means":
            return p[windows.track], p
        return p, track_means(p, windows.track, windows.n_tracks)

    def _proba(self, X: NDArray[Any]) -> Floats:
        learned = getattr(self.estimator, "n_features_in_", X.shape[1])
        if X.ndim == 2 and learned != X.shape[1]:
            raise FeatureSetMismatchError(
                f"the model learned from {learned} columns and is given {X.shape[1]}: "
                "another version of sonicat made it; run `classify --all` again"
            )
        p = np.zeros((len(X), self.n_labels))
        if len(X):
            p[:, self.estimator.classes_] = self.estimator.predict_proba(X)
        return p


def fit(
    spec: ModelSpec, params: Mapping[str, Any], dataset: Dataset, *, seed: int
) -> FittedEstimator:
    """Fit a model with `params` on all tracks of `dataset`.

    Windows are weighted so that every label counts the same, and within a label every
    track.
    """
    windows, track = dataset.windows, dataset.windows.track
    if spec.reads == "means":
        track = np.arange(windows.n_tracks)
    if spec.reads == "tracks":
        # Parts share a track's weight; without weights long tracks would count more.
        whole = windows, np.arange(windows.n_tracks)
        windows, track = split_into_parts(windows) if spec.weighted else whole
    X = build_inputs(windows, spec.reads)
    estimator = fit_estimator(spec, params, X, dataset, track, seed=seed)
    return FittedEstimator(spec.reads, estimator, len(dataset.labels))


def fit_estimator(
    spec: ModelSpec,
    params: Mapping[str, Any],
    X: NDArray[Any],
    dataset: Dataset,
    track: NDArray[np.intp],
    *,
    seed: int,
) -> Estimator:
    """Fit a new estimator of a model on `X`, whose rows belong to tracks `track`.

    Where all of them have one label, whatever is asked gets that label.
    """
    y = dataset.y[track]
    if len(np.unique(y)) == 1:
        only: Estimator = Pipeline([("model", DummyClassifier(strategy="prior"))])
        only.fit(X, y)
        return only
    estimator = spec.build(dict(params), seed)
    more: dict[str, Any] = {}
    if spec.weighted:
        more["model__sample_weight"] = balanced_weights(y, track)
    if spec.grouped:
        more["model__groups"] = dataset.groups[track]
    if spec.wccn and dataset.pairs:
        more["scale__shifts"] = codec_shifts(dataset, spec.reads)
    with warnings.catch_warnings():
        # hundreds of labels with a track or two each: a classification all the same
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        estimator.fit(X, y, **more)
    return estimator


PARTED = 6
"""A track of fewer windows has no parts: the statistics of so few would be noise."""


def track_statistics(windows: Windows) -> NDArray[np.float32]:
    """Return mean, standard deviation and change over each track's windows.

    Returns
    -------
    float32, shape (n_tracks, 3 * n_features)
        The change is the mean absolute difference between a window and the next: what
        a deviation cannot tell, whether a track drifts or alternates. Deviations and
        changes of a track with one window are 0.
    """
    count = np.bincount(windows.track, minlength=windows.n_tracks)[:, None]
    starts = np.searchsorted(windows.track, np.arange(windows.n_tracks))
    X = windows.X.astype(np.float64)
    mean = np.add.reduceat(X, starts) / count
    deviation = np.sqrt(np.add.reduceat((X - mean[windows.track]) ** 2, starts) / count)
    steps = np.abs(np.diff(X, axis=0, prepend=X[:1]))
    steps[starts] = 0.0
    change = np.add.reduceat(steps, starts) / np.maximum(count - 1, 1)
    return np.hstack([mean, deviation, change]).astype(np.float32)


def split_into_parts(windows: Windows) -> tuple[Windows, NDArray[np.intp]]:
    """Return each track whole, and its first, last and middle half as further tracks.

    Statistics of a part are what they might have been had the song been cut otherwise:
    a model that learns from them, too, sees how far a track's statistics are chance.

    Returns
    -------
    parts : Windows
        Without slices; its tracks are the parts, those of one track side by side.
    owner : intp, shape (n_parts,), ascending
        The track that each part is of.
    """
    bounds = np.searchsorted(windows.track, np.arange(windows.n_tracks + 1)).tolist()
    indices: list[NDArray[np.intp]] = []
    owner: list[int] = []
    for track, (a, b) in enumerate(pairwise(bounds)):
        half, quarter = (b - a) // 2, (b - a) // 4
        spans = [(a, b)]
        if b - a >= PARTED:
            middle = a + quarter
            spans += [(a, a + half), (a + half, b), (middle, middle + half)]
        indices += [np.arange(first, last) for first, last in spans]
        owner += [track] * len(spans)
    some = np.concatenate(indices) if indices else np.zeros(0, dtype=np.intp)
    numbers = np.arange(len(indices), dtype=np.intp)
    lengths = [len(part) for part in indices]
    parts = replace(
        windows,
        X=windows.X[some],
        track=np.repeat(numbers, lengths),
        n_tracks=len(indices),
        slices=None,
    )
    return parts, np.array(owner, dtype=np.intp)
