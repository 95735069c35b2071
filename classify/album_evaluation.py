"""The evaluation of a model of albums: closed and open figures, chance, outsiders."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from catalog.store_run import KEPT, most_probable
from classify.metrics import (
    album_interval,
    calibration_error,
    macro_f1,
    reliability,
)
from classify.models.album_statistics import AlbumStatistics, summarize
from classify.models.albums import RULES
from classify.models.leave_one_out import (
    Chance,
    LeftOut,
    Rule,
    Validation,
    balance,
    evaluate_leave_one_album_out,
    permute_labels,
)
from classify.models.predictive import open_log_proba
from classify.track_data import TrackData

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Progress = Callable[[int, int], None]

BATCH = 2000
"""Tracks whose probabilities are held at once: of 3 000 labels, 50 MB."""

MOST_OUTSIDERS = 20
"""Labels that are left out in turn where none has a single album."""


@dataclass(frozen=True)
class AlbumSettings:
    """How a model of albums is evaluated.

    Attributes
    ----------
    validation : str
        ``"album"``: one album out at a time; ``"balanced"``: one of every label.
    permutations : int
        Deals of the labels that measure chance, at most.
    budget_s : float
        CPU seconds for all; a third each goes to exactness and to permutations.
    unknown_prior : float or None
        Of "none of them"; None: as `estimate_unknown_prior` has it.
    unknown_below : float or None
        Less than this the best label is not named, however unlikely none is.
    """

    validation: Validation = "album"
    permutations: int = 99
    budget_s: float = 60.0
    unknown_prior: float | None = None
    unknown_below: float | None = None


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What is said of n tracks, each by a model that never met its album.

    Attributes
    ----------
    closed : intp, shape (n,)
        The best of the labels that can be judged.
    p_closed, p_true : float64, shape (n,)
        Its probability, and that of the true label among these; NaN where that is none.
    squares : float64, shape (n,)
        Sum of the squared probabilities of the candidates.
    open : intp, shape (n,)
        The best of all labels; the number of labels for "none of them".
    p_open, p_none : float64, shape (n,)
        The highest probability of a label, and that of none, all being candidates.
    named : intp, shape (n, k)
        The most probable labels: of the candidates where the label can be judged, else
        of all; -1 for none.
    p : float64, shape (n, k)
    """

    closed: Integers
    p_closed: Floats
    p_true: Floats
    squares: Floats
    open: Integers
    p_open: Floats
    p_none: Floats
    named: Integers
    p: Floats


@dataclass(frozen=True, eq=False)
class Outsiders:
    """Tracks of labels that the model had not learned.

    Attributes
    ----------
    label : intp, shape (n,)
        The true label, an index into those learned.
    p_none, p_open : float64, shape (n,)
    is_none : bool, shape (n,)
        Whether none is the most probable.
    are_single : bool
        They are the tracks of labels with one album; else of labels left out in turn.
    """

    label: Integers
    p_none: Floats
    p_open: Floats
    is_none: NDArray[np.bool_]
    are_single: bool


@dataclass(frozen=True, eq=False)
class AlbumEvaluation:
    """A model of albums, evaluated on the learned tracks of a library.

    Attributes
    ----------
    name : str
    tracks : intp, shape (n,)
        Of the data.
    stats : AlbumStatistics
        Of these tracks.
    left_out : LeftOut
    verdicts : Verdicts
    outsiders : Outsiders or None
        None for a model that knows nothing of "none of them".
    chance : Chance or None
    metrics : dict
        As they are stored with a run.
    """

    name: str
    tracks: Integers
    stats: AlbumStatistics
    left_out: LeftOut
    verdicts: Verdicts
    outsiders: Outsiders | None
    chance: Chance | None
    metrics: dict[str, Any]


def evaluate_album_model(
    name: str,
    data: TrackData,
    settings: AlbumSettings,
    *,
    seed: int,
    on_progress: Callable[[str, int, int], None],
) -> AlbumEvaluation:
    """Judge every learned track by a model that never met its album.

    Parameters
    ----------
    name : str
        One of `RULES`.
    data : TrackData
    settings : AlbumSettings
    seed : int
        Of the bootstrap over albums.
    on_progress : callable of (stage, done, total)
        ``"albums"`` and ``"chance"``.
    """
    rule, tracks = RULES[name], data.learned
    X, y = data.X[tracks], data.selection.y[tracks]
    groups = data.selection.groups[tracks]
    stats = summarize(X, y, np.unique(groups, return_inverse=True)[1])
    # First, so that its likelihoods of all tracks and labels are gone before the others
    # come: they may be a gigabyte.
    chance = None
    if settings.permutations:
        chance = permute_labels(
            X,
            y,
            groups,
            rule,
            n=settings.permutations,
            validation=settings.validation,
            budget_s=settings.budget_s / 3.0,
            on_progress=lambda done, total: on_progress("chance", done, total),
        )
    on_progress("chance", 1, 1)
    begin = time.process_time()
    left_out = evaluate_leave_one_album_out(
        X,
        y,
        groups,
        rule,
        validation=settings.validation,
        budget_s=settings.budget_s / 3.0,
        unknown_prior=settings.unknown_prior or estimate_unknown_prior(stats),
        on_progress=lambda done, total: on_progress("albums", done, total),
    )
    on_progress("albums", 1, 1)
    verdicts = read_verdicts(left_out)
    took_s = time.process_time() - begin
    outsiders = find_outsiders(rule, stats, left_out, verdicts)
    metrics = compute_metrics(data, left_out, verdicts, seed=seed)
    metrics |= {"fit_cpu_s": took_s, "predict_cpu_s": 0.0, "chance": None}
    if chance is not None and chance.n:
        known = asdict(chance)
        if not np.isfinite(known["standard_error"]):  # of one deal
            known["standard_error"] = None
        metrics["chance"] = known
    metrics["open"] = metrics["unknown"] = None
    if outsiders is not None:
        below = settings.unknown_below or 0.0
        metrics["open"] = measure_open(left_out, verdicts, outsiders, below)
        metrics["unknown"] = measure_unknown(
            data.selection.learned, left_out, verdicts, outsiders, below
        )
    return AlbumEvaluation(
        name, tracks, stats, left_out, verdicts, outsiders, chance, metrics
    )


def estimate_unknown_prior(stats: AlbumStatistics) -> float:
    """Return how probable it is that a further album is by none of the labels.

    Good's estimate [1]_ of the chance to meet a new species: the number of labels met
    once over the number of albums; at least that of any one label.

    References
    ----------
    .. [1] I. J. Good, "The population frequencies of species and the estimation of
       population parameters", Biometrika 40, 1953.
    """
    once = int((stats.n_albums_of == 1).sum())
    return max(once / stats.n_albums, 1.0 / (stats.n_labels + 1))


def read_verdicts(left_out: LeftOut) -> Verdicts:
    """Return what both figures need of all probabilities, which are not kept."""
    n, n_labels = len(left_out.y), len(left_out.classes)
    k = min(n_labels, KEPT)
    numbers = np.full((n, 6), np.nan)
    closed, opened = np.empty((2, n), dtype=np.intp)
    named, p_named = np.empty((n, k), dtype=np.intp), np.empty((n, k))
    has_none = np.isfinite(left_out.log_likelihoods[:1, -1]).any()
    for rows in np.array_split(np.arange(n), n // BATCH + 1):
        p = np.exp(left_out.closed_log_proba(rows))
        known = left_out.is_known[rows]
        closed[rows] = p.argmax(axis=1)
        numbers[rows, 0] = p.max(axis=1)
        own = p[np.arange(len(rows)), left_out.y[rows]]
        numbers[rows, 1] = np.where(known, own, np.nan)
        numbers[rows, 2] = np.einsum("nk,nk->n", p, p)
        both = np.exp(left_out.open_log_proba(rows)) if has_none else _append_none(p)
        opened[rows] = both.argmax(axis=1)
        numbers[rows, 3] = both[:, :-1].max(axis=1)
        numbers[rows, 4] = both[:, -1]
        shown = np.where(known[:, None], p, both[:, :-1])
        named[rows], p_named[rows] = most_probable(shown, k)
    if n_labels > KEPT or not left_out.is_candidate.all():
        named[p_named <= 0.0] = -1
    return Verdicts(
        closed=closed,
        p_closed=numbers[:, 0],
        p_true=numbers[:, 1],
        squares=numbers[:, 2],
        open=opened,
        p_open=numbers[:, 3],
        p_none=numbers[:, 4],
        named=named,
        p=p_named,
    )


def _append_none(p: Floats) -> Floats:
    return np.append(p, np.zeros((len(p), 1)), axis=1)


def find_outsiders(
    rule: Rule, stats: AlbumStatistics, left_out: LeftOut, verdicts: Verdicts
) -> Outsiders | None:
    """Return tracks of labels that were not learned when they were judged.

    Those of labels with one album, which was out; where there is none, the tracks of
    up to `MOST_OUTSIDERS` labels, each of which is left out wholly in turn.
    """
    if not np.isfinite(left_out.log_likelihoods[:, -1]).all():
        return None
    single = np.flatnonzero(~left_out.is_known)
    if len(single):
        return Outsiders(
            left_out.y[single],
            verdicts.p_none[single],
            verdicts.p_open[single],
            verdicts.open[single] == len(left_out.classes),
            are_single=True,
        )
    if stats.n_labels < 3:
        return None
    temperature = float(np.median(left_out.temperature))
    labels, p = [], []
    order = np.random.default_rng(0).permutation(stats.n_labels)[:MOST_OUTSIDERS]
    for k in np.sort(order).tolist():
        of_label = np.flatnonzero(stats.label == k)
        out = np.flatnonzero(np.isin(stats.group, stats.group[of_label]))
        rest = stats.without(out)
        if (rest.n_albums_of > 0).sum() < 2:
            continue
        (scores,) = rule.judge(rest, rest, [of_label])
        p.append(np.exp(open_log_proba(scores / temperature, left_out.unknown_prior)))
        labels += [k] * len(scores)
    if not p:
        return None
    both = np.concatenate(p)
    return Outsiders(
        np.array(labels, dtype=np.intp),
        both[:, -1],
        both[:, :-1].max(axis=1),
        both.argmax(axis=1) == stats.n_labels,
        are_single=False,
    )


def compute_metrics(
    data: TrackData, left_out: LeftOut, verdicts: Verdicts, *, seed: int
) -> dict[str, Any]:
    """Return the scores of the closed figure, as they are stored with a run."""
    known = np.flatnonzero(left_out.is_known)
    y, found = left_out.y[known], verdicts.closed[known]
    right, groups = found == y, data.selection.groups[data.learned][known]
    interval = album_interval(right, groups, seed=seed)
    # All that calibration reads is the highest probability, and whether it is right.
    claimed = np.stack([verdicts.p_closed[known], np.zeros(len(known))], axis=1)
    truth = (~right).astype(np.intp)
    brier = verdicts.squares[known] - 2.0 * verdicts.p_true[known] + 1.0
    return {
        "tracks": len(known),
        "albums": len(np.unique(groups)),
        "windows": int(data.windows[data.learned][known].sum()),
        "labels": len(data.selection.labels),
        "learned": len(data.selection.learned),
        "accuracy": float(right.mean()),
        "interval": None if interval is None else list(interval),
        "balanced_accuracy": balance(right, y),
        "macro_f1": macro_f1(y, found),
        "brier": float(brier.mean()),
        "calibration_error": calibration_error(claimed, truth),
        "reliability": [list(row) for row in reliability(claimed, truth)],
        "flattering": None,
        "window_accuracy": None,
        "procedure": left_out.procedure,
        "estimates": left_out.n_estimates,
    }


def measure_open(
    left_out: LeftOut, verdicts: Verdicts, outsiders: Outsiders, below: float
) -> dict[str, Any]:
    """Return the scores of the open figure: all labels and none are candidates."""
    known = np.flatnonzero(left_out.is_known)
    y = left_out.y[known]
    kept = verdicts.p_open[known] >= below
    right = (verdicts.open[known] == y) & kept
    none = outsiders.is_none | (outsiders.p_open < below)
    ranks = rankdata(np.concatenate([outsiders.p_none, verdicts.p_none[known]]))
    n, m = len(none), len(known)
    above = ranks[:n].sum() - n * (n + 1) / 2.0
    called_none = (verdicts.open[known] == len(left_out.classes)) | ~kept
    return {
        "labels": len(left_out.classes),
        "unknown_prior": left_out.unknown_prior,
        "known_right": float(right.mean()),
        "known_balanced": balance(right, y),
        "known_called_none": float(called_none.mean()),
        "outsiders": n,
        "outsiders_are_single": outsiders.are_single,
        "outsiders_called_none": float(none.mean()),
        "auroc": float(above / (n * m)),
    }


def measure_unknown(
    learned: Sequence[str],
    left_out: LeftOut,
    verdicts: Verdicts,
    outsiders: Outsiders,
    below: float,
) -> dict[str, Any]:
    """Return the same in the terms of a threshold, as other models store it."""
    known = np.flatnonzero(left_out.is_known)
    opened = verdicts.open[known]
    kept = (opened < len(left_out.classes)) & (verdicts.p_open[known] >= below)
    right = opened[kept] == left_out.y[known][kept]
    none = outsiders.is_none | (outsiders.p_open < below)
    tracks = np.bincount(outsiders.label, minlength=len(learned))
    rejected = np.bincount(outsiders.label, weights=none, minlength=len(learned))
    return {
        "target": None,
        "threshold": below,
        "false_accept_rate": float(1.0 - none.mean()),
        "known_kept": float(kept.mean()),
        "accuracy_kept": float(right.mean()) if kept.any() else None,
        "rejected": [
            [learned[k], int(tracks[k]), int(rejected[k])]
            for k in np.flatnonzero(tracks).tolist()
        ],
    }
