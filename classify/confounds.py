"""How far one gets without the music: labels learned from facts about the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.dataset import Problem, Rows
from classify.estimators.base import Fitted, fit
from classify.estimators.confounds import CONFOUNDS
from classify.nest import judge
from classify.statistics import album_interval, balanced_accuracy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from classify.file_facts import FactTable
    from classify.validation import Split

    Floats = NDArray[np.float64]

_SHUFFLES = 10
_LEAST_LOSS = 0.01
"""A fact carries something when shuffling it costs more accuracy than this."""

_NEAR = 0.5
"""Near: at least this share of what the music gains over the most frequent label."""


@dataclass(frozen=True, eq=False)
class Audit:
    """What the facts alone say of each track, held out by album.

    Attributes
    ----------
    p : float64, shape (n_tracks, n_labels)
    right : bool, shape (n_tracks,)
    shuffled : dict of a fact to float64, shape (n_tracks,)
        The share of shuffles of this fact after which a track is right.
    """

    p: Floats
    right: NDArray[np.bool_]
    shuffled: dict[str, Floats]

    def carried_by(self, tracks: NDArray[np.intp] | None = None) -> dict[str, float]:
        """Return the accuracy that each fact carries, the most first.

        Parameters
        ----------
        tracks : intp or None
            Over these tracks only.
        """
        chosen = np.arange(len(self.right)) if tracks is None else tracks
        right = self.right[chosen].astype(float)
        lost = {
            fact: float((right - after[chosen]).mean())
            for fact, after in self.shuffled.items()
        }
        ranked = sorted(lost.items(), key=lambda item: -item[1])
        return {fact: loss for fact, loss in ranked if loss > _LEAST_LOSS}


def audit(
    problem: Problem, table: FactTable, folds: Sequence[Split], *, seed: int
) -> Audit:
    """Learn the labels of `problem` from facts alone, under its own folds.

    Parameters
    ----------
    problem : Problem
        Its windows are not looked at.
    table : FactTable
        Of its tracks.
    folds : sequence of Split
    seed : int
    """
    known = facts_problem(problem, table)
    n, k = len(known.y), len(known.labels)
    p = np.zeros((n, k))
    shuffled = {fact: np.zeros(n) for fact in table.names()}
    chance = np.random.default_rng(seed)
    for fold in folds:
        outcome = judge(CONFOUNDS, known, fold, seed=seed)
        p[fold.test] = outcome.tracks
        training = known.of_tracks(fold.train)
        fitted = fit(CONFOUNDS, outcome.choice.setting, training, seed=seed)
        for fact, right in shuffled.items():
            columns = table.columns(fact)
            right[fold.test] = _after_shuffling(fitted, known, fold, columns, chance)
    return Audit(p, p.argmax(axis=1) == known.y, shuffled)


def facts_problem(problem: Problem, table: FactTable) -> Problem:
    """Return the same tracks with facts in place of windows."""
    track = np.arange(len(problem.y), dtype=np.intp)
    rows = Rows(table.X, track, len(problem.y))
    return Problem(rows, problem.y, problem.groups, problem.labels)


def alone(
    problem: Problem,
    table: FactTable,
    fact: str,
    folds: Sequence[Split],
    *,
    seed: int,
) -> float:
    """Return the accuracy that one fact reaches by itself."""
    known = facts_problem(problem, table)
    rows = Rows(table.X[:, table.columns(fact)], known.rows.track, known.rows.n_tracks)
    single = Problem(rows, known.y, known.groups, known.labels)
    right = 0
    for fold in folds:
        training = single.of_tracks(fold.train)
        fitted = fit(CONFOUNDS, CONFOUNDS.space[0], training, seed=seed)
        said = fitted.judge(single.rows.of_tracks(fold.test))[1].argmax(axis=1)
        right += int((said == single.y[fold.test]).sum())
    return right / len(single.y)


def _after_shuffling(
    fitted: Fitted,
    known: Problem,
    fold: Split,
    columns: NDArray[np.intp],
    chance: np.random.Generator,
) -> Floats:
    """Return how often each track of a fold is right when a fact says nothing.

    A track gets the fact of a track drawn from all: a fold may hold one kind only.
    """
    rows = known.rows.of_tracks(fold.test)
    hits = np.zeros(len(fold.test))
    for _ in range(_SHUFFLES):
        X = rows.X.copy()
        drawn = chance.integers(len(known.rows.X), size=len(X))
        X[:, columns] = known.rows.X[np.ix_(drawn, columns)]
        said = fitted.judge(Rows(X, rows.track, rows.n_tracks))[1].argmax(axis=1)
        hits += said == known.y[fold.test]
    return hits / _SHUFFLES


def figures(problem: Problem, found: Audit, *, seed: int) -> dict[str, Any]:
    """Return what is kept of an audit beside a run's own figures."""
    interval = album_interval(found.right, problem.groups, seed=seed)
    return {
        "accuracy": float(found.right.mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(problem.y, found.p.argmax(axis=1)),
        "carried_by": found.carried_by(),
    }


def warning(reached: dict[str, Any], accuracy: float, baseline: float) -> str | None:
    """Return the sentence that must stand beside an accuracy, or None.

    Parameters
    ----------
    reached : dict
        As `figures` returns it.
    accuracy : float
        Of the model that hears the music.
    baseline : float
        Of always naming the most frequent label.

    Examples
    --------
    >>> print(warning({"accuracy": 0.61, "carried_by": {"codec": 0.2, "loudness": 0.1}},
    ...               0.66, 0.35))
    codec and loudness alone reach 0.61; up to that much of 0.66 may not be music
    """
    own = reached["accuracy"]
    if own <= baseline or own - baseline < _NEAR * (accuracy - baseline):
        return None
    facts = list(reached["carried_by"])[:2] or ["facts about the files"]
    reach = "reaches" if reached["carried_by"] and len(facts) == 1 else "reach"
    part = "that much" if own < accuracy else "all"
    return (
        f"{' and '.join(facts)} alone {reach} {own:.2f}; "
        f"up to {part} of {accuracy:.2f} may not be music"
    )
