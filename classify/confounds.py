"""How far one gets without the music: labels learned from facts about the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.arrays import Problem, Rows
from classify.cross_validation import judge
from classify.estimators.confounds import CONFOUNDS
from classify.metrics import album_interval, balanced_accuracy
from classify.models.base import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from classify.file_facts import FactTable
    from classify.folds import Split

    Floats = NDArray[np.float64]

_NEAR = 0.5
"""Near: at least this share of what the music gains over the most frequent label."""


@dataclass(frozen=True, eq=False)
class Audit:
    """What facts without music say of each track, held out by album.

    Attributes
    ----------
    p : float64, shape (n_tracks, n_labels)
        From all facts.
    right : bool, shape (n_tracks,)
    alone : dict of a kind of facts to bool, shape (n_tracks,)
        Which tracks this kind alone gets right, the strongest kind first.
    strongest : tuple of str
        The kinds that do best together, at most two.
    together : float
        The accuracy that these reach.
    """

    p: Floats
    right: NDArray[np.bool_]
    alone: dict[str, NDArray[np.bool_]]
    strongest: tuple[str, ...]
    together: float

    def ranked(self, tracks: NDArray[np.intp]) -> dict[str, float]:
        """Return the accuracy of each kind alone over some tracks, the best first."""
        reached = {k: float(right[tracks].mean()) for k, right in self.alone.items()}
        return dict(sorted(reached.items(), key=lambda item: -item[1]))


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
    known = _facts_problem(problem, table.X)
    p = np.zeros((len(known.y), len(known.labels)))
    for fold in folds:
        p[fold.test] = judge(CONFOUNDS, known, fold, seed=seed).tracks
    alone = {
        kind: right_from(problem, table, [kind], folds, seed=seed)
        for kind in table.kinds()
    }
    alone = dict(sorted(alone.items(), key=lambda item: -float(item[1].mean())))
    sets: dict[tuple[str, ...], float] = {}
    for kind, right in alone.items():
        sets[(kind,)] = float(right.mean())
    first, *others = alone or [""]
    for kind in others:
        both = right_from(problem, table, [first, kind], folds, seed=seed)
        sets[first, kind] = float(both.mean())
    best = max(sets, key=lambda kinds: sets[kinds], default=())
    return Audit(
        p, p.argmax(axis=1) == known.y, alone, best, sets[best] if best else 0.0
    )


def right_from(
    problem: Problem,
    table: FactTable,
    named: Iterable[str],
    folds: Sequence[Split],
    *,
    seed: int,
) -> NDArray[np.bool_]:
    """Return which tracks are right from some facts, or kinds of facts, alone."""
    single = _facts_problem(problem, table.X[:, table.columns(named)])
    right = np.zeros(len(single.y), dtype=bool)
    for fold in folds:
        training = single.of_tracks(fold.train)
        fitted = fit(CONFOUNDS, CONFOUNDS.space[0], training, seed=seed)
        said = fitted.judge(single.rows.of_tracks(fold.test))[1].argmax(axis=1)
        right[fold.test] = said == single.y[fold.test]
    return right


def _facts_problem(problem: Problem, X: NDArray[np.float32]) -> Problem:
    """Return the same tracks with facts in place of windows."""
    track = np.arange(len(problem.y), dtype=np.intp)
    rows = Rows(X, track, len(problem.y))
    return Problem(rows, problem.y, problem.groups, problem.labels)


def figures(problem: Problem, found: Audit, *, seed: int) -> dict[str, Any]:
    """Return what is kept of an audit beside a run's own figures."""
    interval = album_interval(found.right, problem.groups, seed=seed)
    whole = np.arange(len(found.right), dtype=np.intp)
    return {
        "accuracy": float(found.right.mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(problem.y, found.p.argmax(axis=1)),
        "alone": found.ranked(whole),
        "strongest": list(found.strongest),
        "together": found.together,
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
    >>> found = {"accuracy": 0.6, "strongest": ["codec", "loudness"], "together": 0.61}
    >>> warning(found, 0.66, 0.35)
    'codec and loudness alone reach 0.61; up to that much of 0.66 may not be music'
    """
    own, named = reached["together"], " and ".join(reached["strongest"])
    verb = "reach" if len(reached["strongest"]) > 1 else "reaches"
    if not named or reached["accuracy"] > own:
        own, named, verb = reached["accuracy"], "facts about the files", "reach"
        if reached["strongest"]:
            named += f" ({', '.join(reached['strongest'])} above all)"
    if own <= baseline or own - baseline < _NEAR * (accuracy - baseline):
        return None
    part = "that much" if own < accuracy else "all"
    return (
        f"{named} alone {verb} {own:.2f}; "
        f"up to {part} of {accuracy:.2f} may not be music"
    )
