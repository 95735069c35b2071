"""When to say "unknown": how sure a model is of artists it never learned.

Each label in turn is left out of the training and its tracks are judged all the same:
what the model then says with confidence is a false acceptance. The threshold is the
confidence that a stated share of those outsiders does not reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    rejected : tuple of (label, tracks, rejected)
        Of each label that was left out, its tracks, and how many of them a threshold
        rejects that was set without that label.
    known_kept : float
        Share of the tracks of known labels, out of fold, that the threshold keeps.
    accuracy_kept : float
        Accuracy over those; NaN where none is kept.
    """

    threshold: float
    rejected: tuple[tuple[str, int, int], ...]
    known_kept: float
    accuracy_kept: float

    @property
    def false_accept_rate(self) -> float:
        """The share of outsiders' tracks that was let through, all labels together."""
        tracks = sum(n for _, n, _ in self.rejected)
        return 1.0 - sum(r for _, _, r in self.rejected) / tracks

    def as_metrics(self) -> dict[str, Any]:
        """Return the figures as they are stored with a run."""
        return {
            "target": FALSE_ACCEPT_RATE,
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
    return float(min(1.0, np.nextafter(highest[allowed], 2.0)))


def novelty(
    outsiders: Mapping[str, Floats],
    known: Floats,
    y: NDArray[np.intp],
    *,
    rate: float = FALSE_ACCEPT_RATE,
) -> Novelty | None:
    """Set a threshold from outsiders' confidences and say what it does.

    Parameters
    ----------
    outsiders : mapping of a label to float64, shape (its tracks,)
        The highest probability that a model without the label gives its tracks.
    known : float64, shape (n_tracks, n_labels)
        Out-of-fold probabilities of the tracks of known labels.
    y : intp, shape (n_tracks,)
    rate : float

    Returns
    -------
    Novelty or None
        None with fewer than two outsiders.
    """
    if len(outsiders) < 2:
        return None
    rejected = []
    for label, confidences in outsiders.items():
        others = np.concatenate([c for o, c in outsiders.items() if o != label])
        below = confidences < threshold_for(others, rate)
        rejected.append((label, len(confidences), int(below.sum())))
    threshold = threshold_for(np.concatenate(list(outsiders.values())), rate)
    kept = known.max(axis=1) >= threshold
    right = known.argmax(axis=1) == y
    return Novelty(
        threshold,
        tuple(rejected),
        float(kept.mean()),
        float(right[kept].mean()) if kept.any() else float("nan"),
    )
