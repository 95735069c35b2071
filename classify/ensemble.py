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
    """Return the weights of members, from what they said of held-out tracks.

    Every member has one vote; `ROUNDS` further votes go, one at a time, to whichever
    member lowers the log loss of the mean most (Caruana, Niculescu-Mizil, Crew and
    Ksikes 2004, "Ensemble selection from libraries of models"). The first vote keeps
    the weights near equal where a few dozen tracks cannot tell members apart.

    Parameters
    ----------
    members : sequence of float64, shape (n_tracks, n_labels)
    y : intp, shape (n_tracks,)
    weights : float64, shape (n_tracks,)

    Returns
    -------
    float64, shape (n_members,)
        They sum to one.
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


def combine_tunings(choices: Mapping[str, Tuning], y: NDArray[np.intp]) -> Tuning:
    """Return the choice of a vote between members, each with its own choice.

    Parameters
    ----------
    choices : mapping of a member's name to Tuning
        All made on the same training side with the same seed.
    y : intp, shape (n_tracks,)
        Labels of that side.
    """
    first = next(iter(choices.values()))
    held = y[first.tracks]
    said = [apply_temperature(c.p, c.temperature) for c in choices.values()]
    each = balanced_weights(held, np.arange(len(held))) if len(held) else np.ones(0)
    weights = select_weights(said, held, each)
    mean = np.tensordot(weights, np.array(said), axes=1)
    temperature = fit_temperature(mean, held)
    loss = np.nan
    if len(held):
        loss = log_loss(apply_temperature(mean, temperature), held, each)
    setting = {
        name: {
            "weight": float(weight),
            "temperature": choice.temperature,
            **choice.setting,
        }
        for (name, choice), weight in zip(choices.items(), weights, strict=True)
    }
    return Tuning(setting, temperature, loss, first.tracks, mean)


def combine_fold_results(
    outcomes: Mapping[str, FoldResult], y: NDArray[np.intp]
) -> FoldResult:
    """Return what a vote says of a fold that all members have judged.

    Parameters
    ----------
    outcomes : mapping of a member's name to FoldResult
    y : intp, shape (n_training_tracks,)
        Labels of the fold's training side.
    """
    choice = combine_tunings({name: o.choice for name, o in outcomes.items()}, y)
    weights = [choice.setting[name]["weight"] for name in outcomes]
    members = list(outcomes.values())
    windows = sum(w * o.windows for w, o in zip(weights, members, strict=True))
    tracks = sum(w * o.tracks for w, o in zip(weights, members, strict=True))
    return FoldResult(
        choice=choice,
        test=members[0].test,
        windows=np.asarray(windows),
        tracks=apply_temperature(np.asarray(tracks), choice.temperature),
        fit_s=sum(o.fit_s for o in members),
        predict_s=sum(o.predict_s for o in members),
    )
