"""The threshold for "unknown", set by leaving out each label in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALSE_ACCEPT_RATE = 0.2
"""Share of the tracks of unknown artists that the default threshold lets through."""

MOST_LABELS = 20
"""With more labels than this a random sample of them is left out, one at a time."""


@dataclass(frozen=True, eq=False)
class Novelty:
    """A threshold for "unknown", and what it does.

    Attributes
    ----------
    threshold : float
        On what the model of all labels says.
    target : float or None
        The share of novel tracks that it was set to let through; None if it was given.
    rejected : tuple of (label, tracks, rejected)
        Of each label that was left out, its tracks, and how many of them the threshold
        rejects; if it was not given, one that was set without that label.
    known_kept : float
        Share of the tracks of known labels, out of fold, that the threshold keeps.
    accuracy_kept : float
        Accuracy over those; NaN where none is kept.
    """

    threshold: float
    target: float | None
    rejected: tuple[tuple[str, int, int], ...]
    known_kept: float
    accuracy_kept: float

    @property
    def false_accept_rate(self) -> float:
        """The share of novel tracks that was let through, all labels together."""
        tracks = sum(n for _, n, _ in self.rejected)
        return 1.0 - sum(r for _, _, r in self.rejected) / tracks

    def as_metrics(self) -> dict[str, Any]:
        """Return the values that are stored with a run."""
        return {
            "target": self.target,
            "threshold": self.threshold,
            "false_accept_rate": self.false_accept_rate,
            "known_kept": self.known_kept,
            "accuracy_kept": None
            if np.isnan(self.accuracy_kept)
            else self.accuracy_kept,
            "rejected": [list(row) for row in self.rejected],
        }


def threshold_for(confidences: Floats, rate: float) -> float:
    """Return the least threshold that at most a share `rate` of `confidences` reach.

    >>> threshold_for(np.array([0.2, 0.4, 0.6, 0.8]), 0.25) > 0.6
    True
    """
    allowed = int(np.floor(rate * len(confidences) + 1e-9))
    highest = np.sort(confidences)[::-1]
    if allowed >= len(highest):
        return 0.0
    return float(np.nextafter(highest[allowed], 2.0))


def confidences_without(
    known: Floats, y: NDArray[np.intp], left_out: Iterable[int]
) -> Floats:
    """Return the confidence in known tracks of models that lack another label.

    Each label in turn is struck out of the probabilities of the tracks of all others.

    Parameters
    ----------
    known : float64, shape (n_tracks, n_labels)
    y : intp, shape (n_tracks,)
    left_out : labels, by index

    Returns
    -------
    float64, shape (m,)
        The highest probabilities of what is left.
    """
    confidences = []
    for k in left_out:
        rest = np.delete(known[y != k], k, axis=1)
        confidences.append(rest.max(axis=1) / rest.sum(axis=1))
    return np.concatenate(confidences)


def _translate(threshold: float, of: Floats, to: Floats) -> float:
    """Return the threshold that keeps as many of `to` as `threshold` keeps of `of`."""
    return threshold_for(to, float((of >= threshold).mean()))


def find_threshold(
    novel: Mapping[str, Floats],
    known: Floats,
    y: NDArray[np.intp],
    labels: Sequence[str],
    *,
    rate: float = FALSE_ACCEPT_RATE,
    given: float | None = None,
) -> Novelty | None:
    """Set a threshold by labels that were left out, and measure its effect.

    Each label in turn is left out of the training, and its tracks are predicted all the
    same: a confident prediction is a false acceptance. The threshold is the confidence
    that no more than a share `rate` of those tracks reaches.

    A model with one label fewer to choose between is surer of anything. A threshold set
    on it is too high for the model of all labels; it is translated by the tracks of
    known labels, of which both models' confidences are known: the threshold that keeps
    as many of them is taken.

    Parameters
    ----------
    novel : mapping of a label to float64, shape (its tracks,)
        The highest probability that a model without the label gives its tracks.
    known : float64, shape (n_tracks, n_labels)
        Out-of-fold probabilities of the tracks of known labels.
    y : intp, shape (n_tracks,)
    labels : sequence of str, length n_labels
    rate : float
        The share of novel tracks that may come through.
    given : float or None
        A threshold to be measured in place of one that lets `rate` through.

    Returns
    -------
    Novelty or None
        None with fewer than two labels that were left out.
    """
    if len(novel) < 2:
        return None
    confidences = known.max(axis=1)
    without = confidences_without(known, y, [labels.index(label) for label in novel])
    rejected = []
    for label, own in novel.items():
        if given is None:
            others = np.concatenate([c for o, c in novel.items() if o != label])
            least = threshold_for(others, rate)
        else:
            least = _translate(given, confidences, without)
        rejected.append((label, len(own), int((own < least).sum())))
    threshold = given
    if threshold is None:
        least = threshold_for(np.concatenate(list(novel.values())), rate)
        threshold = _translate(least, without, confidences)
    kept = confidences >= threshold
    right = known.argmax(axis=1) == y
    return Novelty(
        threshold,
        rate if given is None else None,
        tuple(rejected),
        float(kept.mean()),
        float(right[kept].mean()) if kept.any() else float("nan"),
    )
