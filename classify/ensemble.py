"""Soft voting: calibrated members, picked and weighed on held-out inner albums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classify.cross_validation import FoldResult, Tuning
from classify.metrics import apply_temperature, fit_temperature, log_loss
from classify.models.base import balanced_weights

Floats = NDArray[np.float64]

ROUNDS = 20
"""Votes that are given away one by one, beside the one that every member has."""


def select_weights(
    members: Sequence[Floats], y: NDArray[np.intp], weights: Floats
) -> Floats:
    """Return the weights of members, from their probabilities of held-out tracks.

    Every member has one vote; `ROUNDS` further votes go, one at a time, to whichever
    member lowers the log loss of the mean most. The first vote keeps the weights near
    equal where a few dozen tracks cannot tell members apart.

    Parameters
    ----------
    members : sequence of float64, shape (n_tracks, n_labels)
    y : intp, shape (n_tracks,)
    weights : float64, shape (n_tracks,)

    Returns
    -------
    float64, shape (n_members,)
        They sum to one.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes, "Ensemble selection from
    libraries of models", ICML 2004.
    """
    votes: Floats = np.ones(len(members))
    total = np.sum(members, axis=0)
    for _ in range(ROUNDS if len(y) else 0):
        losses = [
            log_loss((total + p) / (votes.sum() + 1), y, weights) for p in members
        ]
        winner = int(np.argmin(losses))
        votes[winner] += 1
        total = total + members[winner]
    votes /= votes.sum()
    return votes


def combine_tunings(tunings: Mapping[str, Tuning], y: NDArray[np.intp]) -> Tuning:
    """Return the tuning of a vote between members, each with its own tuning.

    Parameters
    ----------
    tunings : mapping of a member's name to Tuning
        All made on the same training side with the same seed.
    y : intp, shape (n_tracks,)
        Labels of that side.
    """
    first = next(iter(tunings.values()))
    held = y[first.tracks]
    p = [apply_temperature(t.p, t.temperature) for t in tunings.values()]
    each = balanced_weights(held, np.arange(len(held))) if len(held) else np.ones(0)
    weights = select_weights(p, held, each)
    mean = np.tensordot(weights, np.array(p), axes=1)
    temperature = fit_temperature(mean, held)
    loss = np.nan
    if len(held):
        loss = log_loss(apply_temperature(mean, temperature), held, each)
    params = {
        name: {
            "weight": float(weight),
            "temperature": tuning.temperature,
            **tuning.params,
        }
        for (name, tuning), weight in zip(tunings.items(), weights, strict=True)
    }
    return Tuning(params, temperature, loss, first.tracks, mean)


def combine_fold_results(
    results: Mapping[str, FoldResult], y: NDArray[np.intp]
) -> FoldResult:
    """Return the prediction of a vote for a fold that all members have predicted.

    Parameters
    ----------
    results : mapping of a member's name to FoldResult
    y : intp, shape (n_training_tracks,)
        Labels of the fold's training side.
    """
    tuning = combine_tunings(
        {name: result.tuning for name, result in results.items()}, y
    )
    weights = [tuning.params[name]["weight"] for name in results]
    members = list(results.values())
    windows = sum(w * m.windows for w, m in zip(weights, members, strict=True))
    tracks = sum(w * m.tracks for w, m in zip(weights, members, strict=True))
    return FoldResult(
        tuning=tuning,
        test=members[0].test,
        windows=np.asarray(windows),
        tracks=apply_temperature(np.asarray(tracks), tuning.temperature),
        fit_s=sum(m.fit_s for m in members),
        predict_s=sum(m.predict_s for m in members),
    )
