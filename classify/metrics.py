"""Scores, intervals, permutation tests and calibration, with albums as the units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


REPLICATES = 2000
"""Draws of a bootstrap.

Tracks of one album resemble each other, so that albums, not tracks, are the independent
units of every interval and every test here.
"""


_Z = 1.959963984540054  # of the normal distribution, the quantile of 0.975


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


# NumPy alone: a report would wait longer for scikit-learn to load than for its figures.


def balanced_accuracy(y: NDArray[np.intp], predicted: NDArray[np.intp]) -> float:
    """Return the mean recall of the labels in `y`, in [0, 1]."""
    hits, tracks, _ = _counts(y, predicted)
    return float((hits / tracks).mean())


def macro_f1(y: NDArray[np.intp], predicted: NDArray[np.intp]) -> float:
    """Return the mean F1 of the labels in `y`, in [0, 1]."""
    hits, tracks, named = _counts(y, predicted)
    return float((2 * hits / (tracks + named)).mean())


def _counts(
    y: NDArray[np.intp], predicted: NDArray[np.intp]
) -> tuple[NDArray[np.floating | np.integer], ...]:
    """Return of each label in `y` how many are right, have it and are called it.

    Predictions may hold further labels.
    """
    labels, own = np.unique(y, return_inverse=True)
    tracks = np.bincount(own)
    hits = np.bincount(own, weights=predicted == y)
    place = np.minimum(np.searchsorted(labels, predicted), len(labels) - 1)
    known = labels[place] == predicted
    named = np.bincount(place, weights=known, minlength=len(labels))
    return hits, tracks, named


def _sums(groups: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, number = np.unique(groups, return_inverse=True)
    sums: NDArray[np.float64] = np.bincount(number, weights=values).astype(np.float64)
    return sums


def album_interval(
    right: NDArray[np.bool_], groups: NDArray[np.intp], *, seed: int
) -> Interval | None:
    """Return the 95 % bootstrap interval of the accuracy, drawing whole albums.

    Percentiles of `REPLICATES` draws of as many albums as there are, with replacement.
    Where all tracks are right, or none, every draw is like the other, which proves
    nothing: then it is Wilson's, with albums as the trials. None with fewer than two
    albums.

    Parameters
    ----------
    right : bool, shape (n_tracks,)
    groups : intp, shape (n_tracks,)
    seed : int

    References
    ----------
    B. Efron and R. J. Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.
    """
    hits = _sums(groups, right.astype(float))
    sizes = _sums(groups, np.ones(len(right)))
    if len(sizes) < 2:
        return None
    if hits.sum() in {0, len(right)}:
        return wilson_interval(len(sizes) if right.all() else 0, len(sizes))
    draw = np.random.default_rng(seed).integers(
        len(sizes), size=(REPLICATES, len(sizes))
    )
    accuracies = hits[draw].sum(axis=1) / sizes[draw].sum(axis=1)
    low, high = np.percentile(accuracies, [2.5, 97.5])
    return Interval(float(low), float(high))


def wilson_interval(right: int, n: int) -> Interval | None:
    """Return the 95 % score interval of a share; None when n is 0.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22, 1927.

    Examples
    --------
    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    if n == 0:
        return None
    share = right / n
    scale = 2 * (n + _Z**2)
    centre = (2 * n * share + _Z**2) / scale
    reach = _Z * math.sqrt(4 * n * share * (1 - share) + _Z**2) / scale
    return Interval(
        centre - reach if right else 0.0, centre + reach if right < n else 1.0
    )


def accuracy_interval(
    right: NDArray[np.bool_], groups: NDArray[np.intp], *, seed: int
) -> Interval | None:
    """Return `album_interval`, or of a single album Wilson's over its tracks."""
    found = album_interval(right, groups, seed=seed)
    return found or wilson_interval(int(right.sum()), len(right))


def paired_test(
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    groups: NDArray[np.intp],
    *,
    seed: int,
) -> float:
    """Return the p-value of "two models are right equally often", paired by album.

    A permutation test: under the hypothesis, the sign of an album's difference in
    tracks right is a coin toss. Exact up to 14 albums that differ, sampled beyond.
    """
    differences = _sums(groups, right_a.astype(float) - right_b.astype(float))
    differences = differences[differences != 0]
    n = len(differences)
    if n == 0:
        return 1.0
    observed = abs(differences.sum())
    if n <= 14:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        sums = np.abs((1 - 2 * bits) @ differences)
        return float((sums >= observed - 1e-9).mean())
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(10_000, n))
    extreme = int((np.abs(signs @ differences) >= observed - 1e-9).sum())
    return (extreme + 1) / 10_001


def two_sample_test(
    right: NDArray[np.bool_],
    groups: NDArray[np.intp],
    second: NDArray[np.bool_],
    *,
    seed: int,
) -> float | None:
    """Return the p-value of "both parts are recognised equally well".

    A permutation test over albums: under the hypothesis it does not matter which albums
    make up the second part. Two-sided, on the difference of the accuracies over tracks.

    Parameters
    ----------
    right : bool, shape (n_tracks,)
    groups : intp, shape (n_tracks,)
    second : bool, shape (n_tracks,)
        Whether a track belongs to the second part; the same for a whole album.
    seed : int

    Returns
    -------
    float or None
        None where either part has no album.
    """
    hits = _sums(groups, right.astype(float))
    sizes = _sums(groups, np.ones(len(right)))
    after = _sums(groups, second.astype(float)) / sizes > 0.5
    if after.all() or not after.any():
        return None
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((10_000, len(sizes))), axis=1) < after.sum()
    drawn = np.vstack([after[None], order])
    a = (drawn * hits).sum(axis=1) / (drawn * sizes).sum(axis=1)
    b = (~drawn * hits).sum(axis=1) / (~drawn * sizes).sum(axis=1)
    differences = np.abs(a - b)
    return float((differences >= differences[0] - 1e-9).mean())


def holm(p_values: list[float]) -> list[float]:
    """Return p-values adjusted for having looked so often.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(np.argsort(p_values, kind="stable").tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


FLOOR = 1e-6
"""No probability is taken to be smaller than this before its logarithm."""

_TEMPERATURES = np.geomspace(0.1, 10.0, 81)


def apply_temperature(p: Floats, temperature: float) -> Floats:
    """Return ``p ** (1 / temperature)``, normalised; the order of the labels stays.

    A temperature below 1 sharpens, one above 1 softens.
    """
    logs = np.log(np.maximum(p, FLOOR)) / temperature
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def log_loss(p: Floats, y: NDArray[np.intp], weights: Floats | None = None) -> float:
    """Return the mean of -log p(true label), optionally weighted.

    Unlike scikit-learn's, no probability counts as less than `FLOOR`: a single track
    that a model is certain of and wrong about would decide between parameters.
    """
    losses = -np.log(np.maximum(p[np.arange(len(y)), y], FLOOR))
    return float(np.average(losses, weights=weights))


def fit_temperature(p: Floats, y: NDArray[np.intp]) -> float:
    """Return the temperature in [0.1, 10] with the least log loss.

    One parameter, because an album-grouped library has few independent tracks.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017.
    """
    if not len(y):
        return 1.0
    losses = [log_loss(apply_temperature(p, float(t)), y) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def brier_score(p: Floats, y: NDArray[np.intp]) -> float:
    """Return the mean squared distance from the truth, in [0, 2]."""
    own = p[np.arange(len(y)), y]
    return float(((p**2).sum(axis=1) + 1 - 2 * own).mean())


def reliability(
    p: Floats, y: NDArray[np.intp], *, bins: int = 10
) -> list[tuple[float, float, int, float, float]]:
    """Return `reliability_of` the top probabilities of tracks."""
    return reliability_of(p.max(axis=1), p.argmax(axis=1) == y, bins=bins)


def reliability_of(
    confidence: Floats, right: NDArray[np.bool_], *, bins: int = 10
) -> list[tuple[float, float, int, float, float]]:
    """Compare claimed confidences with the accuracies that came true, bin by bin.

    Returns
    -------
    list of (low, high, n, mean confidence, accuracy)
        One row for each bin of the confidence that holds a track.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    which = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    rows = []
    for b in range(bins):
        inside = which == b
        if inside.any():
            rows.append(
                (
                    float(edges[b]),
                    float(edges[b + 1]),
                    int(inside.sum()),
                    float(confidence[inside].mean()),
                    float(right[inside].mean()),
                )
            )
    return rows


def calibration_error(p: Floats, y: NDArray[np.intp], *, bins: int = 10) -> float:
    """Return the expected calibration error, mean |confidence - accuracy| over bins."""
    return error_of(reliability(p, y, bins=bins))


def error_of(rows: Sequence[tuple[float, float, int, float, float]]) -> float:
    """Return the expected calibration error of a reliability table."""
    tracks = sum(n for _, _, n, _, _ in rows)
    return sum(n * abs(claimed - true) for _, _, n, claimed, true in rows) / tracks
