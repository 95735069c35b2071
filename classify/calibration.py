"""Probabilities that mean what they say: temperature, Brier score, reliability.

All functions take probabilities of shape (n, n_labels) whose rows sum to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLOOR = 1e-6
"""No probability is taken to be smaller than this before its logarithm."""

_TEMPERATURES = np.geomspace(0.1, 10.0, 81)


def tempered(p: Floats, temperature: float) -> Floats:
    """Sharpen (temperature < 1) or soften (> 1) probabilities.

    Returns p ** (1 / temperature), normalised; the order of the labels stays.
    """
    logs = np.log(np.maximum(p, FLOOR)) / temperature
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def log_loss(p: Floats, y: NDArray[np.intp], weights: Floats | None = None) -> float:
    """Return the mean of -log p(true label), optionally weighted."""
    losses = -np.log(np.maximum(p[np.arange(len(y)), y], FLOOR))
    return float(np.average(losses, weights=weights))


def fit_temperature(p: Floats, y: NDArray[np.intp]) -> float:
    """Return the temperature in [0.1, 10] with the least log loss.

    One parameter, because an album-grouped library has few independent tracks
    (Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks").
    """
    if not len(y):
        return 1.0
    losses = [log_loss(tempered(p, float(t)), y) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def brier_score(p: Floats, y: NDArray[np.intp]) -> float:
    """Return the mean squared distance from the truth, in [0, 2]."""
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1.0
    return float(((p - truth) ** 2).sum(axis=1).mean())


def reliability(
    p: Floats, y: NDArray[np.intp], *, bins: int = 10
) -> list[tuple[float, float, int, float, float]]:
    """Compare what was claimed with what came true.

    Returns
    -------
    list of (low, high, n, mean confidence, accuracy)
        One row for each bin of the top probability that holds a track.
    """
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
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
    """Return the expected calibration error: mean |confidence - accuracy| over bins."""
    rows = reliability(p, y, bins=bins)
    return sum(n * abs(claimed - true) for _, _, n, claimed, true in rows) / len(y)
