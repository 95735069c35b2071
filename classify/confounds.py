"""Confounds: labels predicted from facts about the files, without the music."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from catalog.audio_facts import AudioFacts
from classify.arrays import Dataset, Windows
from classify.file_facts import FactTable
from classify.folds import Fold
from classify.metrics import album_interval, balanced_accuracy
from classify.models.base import ModelSpec, Params, fit

Floats = NDArray[np.float64]


MOST_LABELS = 40
"""With more labels than this a sample of them is audited."""

_NEAR = 0.5
"""Near: at least this share of what the music gains over the most frequent label."""


def _confounds(params: Params, seed: int) -> Pipeline:
    forest = RandomForestClassifier(
        n_estimators=params["n_estimators"],
        min_samples_leaf=params["min_samples_leaf"],
        max_features=0.4,
        random_state=seed,
    )
    return Pipeline([("model", forest)])


CONFOUNDS = ModelSpec(
    "confounds",
    _confounds,
    tuple({"n_estimators": n, "min_samples_leaf": 2} for n in (60, 15)),
)
"""A forest: facts are categories and numbers, some unknown, some of them alike. The
smaller one is for a few facts alone."""


@dataclass(frozen=True, eq=False)
class ConfoundAudit:
    """Predictions from facts without music, held out by album.

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

    def rank_kinds(self, tracks: NDArray[np.intp]) -> dict[str, float]:
        """Return the accuracy of each kind alone over some tracks, the best first."""
        reached = {k: float(right[tracks].mean()) for k, right in self.alone.items()}
        return dict(sorted(reached.items(), key=lambda item: -item[1]))


def audit_confounds(
    dataset: Dataset, table: FactTable, folds: Sequence[Fold], *, seed: int
) -> ConfoundAudit:
    """Predict the labels of `dataset` from facts alone, under its own folds.

    Parameters
    ----------
    dataset : Dataset
        Its windows are not read.
    table : FactTable
        Of its tracks.
    folds : sequence of Fold
    seed : int
    """
    whole, _ = CONFOUNDS.param_grid
    p = _predict_facts(dataset, table.X, folds, whole, seed=seed)
    alone = {
        kind: score_facts(dataset, table, [kind], folds, seed=seed)
        for kind in table.kinds()
    }
    alone = dict(sorted(alone.items(), key=lambda item: -float(item[1].mean())))
    sets: dict[tuple[str, ...], float] = {}
    for kind, right in alone.items():
        sets[(kind,)] = float(right.mean())
    first, *others = alone or [""]
    for kind in others:
        both = score_facts(dataset, table, [first, kind], folds, seed=seed)
        sets[first, kind] = float(both.mean())
    best = max(sets, key=lambda kinds: sets[kinds], default=())
    return ConfoundAudit(
        p, p.argmax(axis=1) == dataset.y, alone, best, sets[best] if best else 0.0
    )


def score_facts(
    dataset: Dataset,
    table: FactTable,
    named: Iterable[str],
    folds: Sequence[Fold],
    *,
    seed: int,
) -> NDArray[np.bool_]:
    """Return which tracks are right from some facts, or kinds of facts, alone."""
    _, small = CONFOUNDS.param_grid
    X = table.X[:, table.columns(named)]
    found = _predict_facts(dataset, X, folds, small, seed=seed).argmax(axis=1)
    right: NDArray[np.bool_] = found == dataset.y
    return right


def _predict_facts(
    dataset: Dataset,
    X: NDArray[np.float32],
    folds: Sequence[Fold],
    params: Mapping[str, Any],
    *,
    seed: int,
) -> Floats:
    """Return held-out probabilities from facts, shape (n_tracks, n_labels)."""
    known = _facts_dataset(dataset, X)
    p = np.zeros((len(known.y), len(known.labels)))
    for fold in folds:
        fitted = fit(CONFOUNDS, params, known.of_tracks(fold.train), seed=seed)
        _, p[fold.test] = fitted.predict_proba(known.windows.of_tracks(fold.test))
    return p


def sample_labels(dataset: Dataset, *, seed: int) -> NDArray[np.intp]:
    """Return the labels whose confounds are audited: all, or `MOST_LABELS` at random.

    A forest's memory grows with labels times tracks, and a sample answers the question.
    """
    labels = np.unique(dataset.y)
    if len(labels) <= MOST_LABELS:
        return labels
    drawn = np.random.default_rng(seed).permutation(labels)[:MOST_LABELS]
    return np.sort(drawn)


def _facts_dataset(dataset: Dataset, X: NDArray[np.float32]) -> Dataset:
    """Return the same tracks with facts in place of windows."""
    track = np.arange(len(dataset.y), dtype=np.intp)
    rows = Windows(X, track, len(dataset.y))
    return Dataset(rows, dataset.y, dataset.groups, dataset.labels)


def audit_metrics(
    dataset: Dataset, audit: ConfoundAudit, *, seed: int
) -> dict[str, Any]:
    """Return the values of an audit that are stored with a run."""
    interval = album_interval(audit.right, dataset.groups, seed=seed)
    whole = np.arange(len(audit.right), dtype=np.intp)
    return {
        "accuracy": float(audit.right.mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balanced_accuracy(dataset.y, audit.p.argmax(axis=1)),
        "alone": audit.rank_kinds(whole),
        "strongest": list(audit.strongest),
        "together": audit.together,
        "labels": len(np.unique(dataset.y)),
    }


def warn_of_confounds(
    metrics: Mapping[str, Any], accuracy: float, baseline: float
) -> str | None:
    """Return the sentence that must stand beside an accuracy, or None.

    Parameters
    ----------
    metrics : mapping
        As `audit_metrics` returns it.
    accuracy : float
        Of the model that reads the windows.
    baseline : float
        Of always naming the most frequent label.

    Examples
    --------
    >>> found = {"accuracy": 0.6, "strongest": ["codec", "loudness"], "together": 0.61}
    >>> warn_of_confounds(found, 0.66, 0.35)
    'codec and loudness alone reach 0.61; up to that much of 0.66 may not be music'
    """
    own, named = metrics["together"], " and ".join(metrics["strongest"])
    verb = "reach" if len(metrics["strongest"]) > 1 else "reaches"
    if not named or metrics["accuracy"] > own:
        own, named, verb = metrics["accuracy"], "facts about the files", "reach"
        if metrics["strongest"]:
            named += f" ({', '.join(metrics['strongest'])} above all)"
    if own <= baseline or own - baseline < _NEAR * (accuracy - baseline):
        return None
    part = "that much" if own < accuracy else "all"
    return (
        f"{named} alone {verb} {own:.2f}; "
        f"up to {part} of {accuracy:.2f} may not be music"
    )


@dataclass(frozen=True, slots=True)
class PairScores:
    """How often the right one of two labels is preferred; chance is 0.5.

    Attributes
    ----------
    pairs : int
    accuracy : float or None
        Over both tracks of each matched pair; None without pairs.
    unmatched : float or None
        Over all pairs of tracks with different labels.
    """

    pairs: int
    accuracy: float | None
    unmatched: float | None


def match_pairs(
    facts: Sequence[AudioFacts],
    y: NDArray[np.intp],
    *,
    within_hz: float = 1000.0,
) -> list[tuple[int, int]]:
    """Pair tracks of different labels that are coded alike and as wide.

    Parameters
    ----------
    facts : sequence of AudioFacts
    y : intp, shape (n,)
    within_hz : float
        How far the upper edges of a pair may lie apart.

    Returns
    -------
    list of (int, int)
        Within a pair of labels every track stands in one pair at most.
    """
    edges = [one.measured.get("upper_edge_hz") for one in facts]
    pairs = []
    for a in range(int(y.max(initial=-1)) + 1):
        for b in range(a + 1, int(y.max()) + 1):
            free = set(np.flatnonzero(y == b).tolist())
            for i in np.flatnonzero(y == a).tolist():
                alike = [j for j in free if _are_coded_alike(facts[i], facts[j])]
                j = min(
                    alike, key=lambda j: _distance_hz(edges[i], edges[j]), default=None
                )
                if j is not None and _distance_hz(edges[i], edges[j]) <= within_hz:
                    pairs.append((i, j))
                    free.discard(j)
    return pairs


def _are_coded_alike(a: AudioFacts, b: AudioFacts) -> bool:
    return (a.codec, a.lossless) == (b.codec, b.lossless)


def _distance_hz(a: float | None, b: float | None) -> float:
    return math.inf if a is None or b is None else abs(a - b)


def score_pairs(
    p: Floats, y: NDArray[np.intp], pairs: Sequence[tuple[int, int]]
) -> PairScores:
    """Score how well labels are told apart within matched pairs, and within any.

    Parameters
    ----------
    p : float64, shape (n_tracks, n_labels)
        Held out by album.
    y : intp, shape (n_tracks,)
    pairs : sequence of (int, int)
        As `match_pairs` returns them.
    """
    # preferred[i, k]: track i gets its own label rather than label k
    preferred = p[np.arange(len(y)), y][:, None] > p
    hits = [(preferred[i, y[j]], preferred[j, y[i]]) for i, j in pairs]
    others = y[:, None] != y[None, :]
    of_all = preferred[:, y][others]
    return PairScores(
        pairs=len(pairs),
        accuracy=float(np.mean(hits)) if hits else None,
        unmatched=float(of_all.mean()) if of_all.size else None,
    )
