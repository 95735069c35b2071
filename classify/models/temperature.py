"""One temperature on log-likelihoods, by the log loss of albums that were left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

MANY = 2000
"""Of more tracks, every so many-th is looked at: the standard error of one number is
then a few hundredths."""


BATCH = 200
"""Tracks at once: thousands of labels fit the cache, and need no second matrix."""


def compute_losses(
    log_likelihoods: Floats, y: Integers, temperatures: Floats
) -> Floats:
    """Return each track's log loss at each temperature, shape (n, n_temperatures).

    Parameters
    ----------
    log_likelihoods : float, shape (n, n_labels)
        Of candidates; -inf for what is none. That of the truth is finite.
    y : intp, shape (n,)
    temperatures : float64, ascending
    """
    losses = np.empty((len(y), len(temperatures)))
    for start in range(0, len(y), BATCH):
        here = slice(start, start + BATCH)
        some = log_likelihoods[here].astype(np.float64)
        own = some[np.arange(len(some)), y[here]]
        for i, temperature in enumerate(temperatures):
            losses[here, i] = logsumexp(some / temperature, axis=1) - own / temperature
    return losses


def choose_temperature(losses: Floats, temperatures: Floats) -> float:
    """Return the temperature with the least mean loss, between those tried if need be.

    Parameters
    ----------
    losses : float64, shape (n, n_temperatures)
        None of them: the lowest, which for log-likelihoods means that they are
        believed.
    """
    if not len(losses):
        return float(temperatures[0])
    mean, logs = losses.mean(axis=0), np.log(temperatures)
    at = int(mean.argmin())
    if 0 < at < len(mean) - 1:
        # The parabola through three points, which are evenly spaced in the logarithm.
        below, here, above = mean[at - 1 : at + 2]
        bend = below - 2.0 * here + above
        shift = 0.5 * (below - above) / bend if bend > 0.0 else 0.0
        return float(np.exp(logs[at] + shift * (logs[1] - logs[0])))
    return float(temperatures[at])


def thin(rows: Integers) -> Integers:
    """Return at most `MANY` of the rows, evenly."""
    return rows[:: -(-len(rows) // MANY)] if len(rows) else rows
