"""Verdicts on each album by what is learned without it, and what chance would give."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lgamma
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from classify.models.album_statistics import AlbumStatistics, summarize
from classify.models.predictive import (
    choose_temperature,
    compute_losses,
    open_log_proba,
    thin,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Validation = Literal["album", "balanced"]
Judge = Callable[[AlbumStatistics, AlbumStatistics, list[Integers]], Iterator[Floats]]
Progress = Callable[[int, int], None]

N_BLOCKS = 20
"""Blocks of albums where what is shared is estimated by block: each estimate has 95 %
of the albums, and twenty are what a library of any size can afford."""

DEAL_BLOCKS = 5
"""The same where labels are dealt anew: what counts is how many deals there are, and
the true labels are judged in the same way."""

WIDE = 50_000_000
"""A matrix with more numbers is kept in float32."""

BATCH = 500
"""Tracks whose best label is sought at once."""


@dataclass(frozen=True, eq=False)
class Rule:
    """A way to judge tracks by albums.

    Attributes
    ----------
    judge : callable of (shared, own, sets)
        As `classify.models.predictive.judge_hierarchical`.
    temperatures : float64, ascending
        To choose between.
    """

    judge: Judge
    temperatures: Floats


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What was said of each track by a model that had never met its album.

    Two figures, never to be mixed. Closed: candidates are the labels with two albums or
    more, and a track counts if its label is one. Open: all labels and "none of them"
    are candidates; for a track whose label has but its own album none is right.

    Attributes
    ----------
    log_likelihoods : float64 or float32, shape (n_tracks, n_labels + 1)
        The last is "none of them"; -inf for a label whose only album was out.
    classes : array, shape (n_labels,)
    y : intp, shape (n_tracks,)
        The true labels, as indices into `classes`.
    is_known : bool, shape (n_tracks,)
        Tracks whose label has a further album.
    is_candidate : bool, shape (n_labels,)
    temperature : float64, shape (n_tracks,)
        From the other blocks than the track's.
    block : intp, shape (n_tracks,)
        Tracks of a block were out together when all that is shared was estimated: an
        album where the procedure is exact, else a twentieth of them or a round.
    unknown_prior : float
    procedure : str
        "exact", "blocked" or "balanced".
    n_estimates : int
        How often all that is shared was estimated.
    """

    log_likelihoods: NDArray[Any]
    classes: NDArray[Any]
    y: Integers
    is_known: NDArray[np.bool_]
    is_candidate: NDArray[np.bool_]
    temperature: Floats
    block: Integers
    unknown_prior: float
    procedure: str
    n_estimates: int

    def closed_log_proba(self, rows: Any = slice(None)) -> Floats:
        """Return log-probabilities among the candidates, shape (n, n_labels)."""
        scores = self.log_likelihoods[rows, :-1].astype(np.float64)
        scores[:, ~self.is_candidate] = -np.inf
        scores /= self.temperature[rows, None]
        result: Floats = scores - logsumexp(scores, axis=1, keepdims=True)
        return result

    def open_log_proba(self, rows: Any = slice(None)) -> Floats:
        """Return log-probabilities of labels and of none, shape (n, n_labels + 1)."""
        scores = self.log_likelihoods[rows].astype(np.float64)
        return open_log_proba(scores / self.temperature[rows, None], self.unknown_prior)

    def closed_accuracy(self) -> float:
        """Return the balanced accuracy of the closed figure."""
        return measure_closed(self.log_likelihoods, self.y, self.is_candidate)


def balance(is_right: NDArray[np.bool_], y: Integers) -> float:
    """Return the mean over labels of the share of their tracks that is right."""
    tracks = np.bincount(y)
    right = np.bincount(y, weights=is_right)
    return float((right[tracks > 0] / tracks[tracks > 0]).mean()) if len(y) else 0.0


def evaluate_leave_one_album_out(  # noqa: PLR0913 - options, by name alone
    X: Floats,
    y: NDArray[Any],
    groups: NDArray[Any],
    rule: Rule,
    *,
    validation: Validation = "album",
    budget_s: float = 60.0,
    unknown_prior: float | None = None,
    on_progress: Progress | None = None,
) -> LeftOut:
    """Judge every album by a model from which it was taken out, everywhere.

    Exact where `budget_s` allows: label means, m, B, A, T, the strength of shrinkage
    and every standardisation are without the album. Else blocked: the label's mean is
    without the album, what is shared without a twentieth of the albums, its own among
    them. The temperature is that of the verdicts on the other blocks.

    Parameters
    ----------
    X : float64, shape (n_tracks, n_columns)
    y, groups : shape (n_tracks,)
        Labels and albums.
    rule : Rule
    validation : "album" or "balanced"
        "balanced" takes out one album of every label at once, everywhere. Given the
        rest the closed figure of any classifier has then the expectation 1 / K under
        labels dealt at random, for the number of a label's albums does not betray the
        truth.
    budget_s : float
        CPU seconds for the estimates, guessed from one.
    unknown_prior : float or None
        Of "none of them"; None makes it one hypothesis among the labels.
    on_progress : callable of (done, total), or None
        Called after each album with the number of albums judged and of all.

    Raises
    ------
    ValueError
        Fewer than two labels, or none with two albums.
    """
    classes, codes = np.unique(y, return_inverse=True)
    stats = summarize(X, codes, np.unique(groups, return_inverse=True)[1])
    if len(classes) < 2 or stats.n_albums_of.max() < 2:
        raise ValueError("needs two labels, one of them with two albums")
    verdicts = judge_left_out(
        stats, rule, validation=validation, budget_s=budget_s, on_progress=on_progress
    )
    prior = 1.0 / (len(classes) + 1) if unknown_prior is None else unknown_prior
    return _to_rows(stats, verdicts, rule, classes, prior)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Log-likelihoods of the tracks of some statistics, in the order of the rows given.

    Attributes
    ----------
    log_likelihoods : shape (n_tracks, n_labels + 1)
    block : intp, shape (n_tracks,)
        Of tracks that were out together.
    fold : intp, shape (n_tracks,)
        Of tracks whose temperature comes from the other folds.
    procedure : str
    n_estimates : int
    """

    log_likelihoods: NDArray[Any]
    block: Integers
    fold: Integers
    procedure: str
    n_estimates: int


def judge_left_out(
    stats: AlbumStatistics,
    rule: Rule,
    *,
    validation: Validation = "album",
    budget_s: float = 0.0,
    n_blocks: int = N_BLOCKS,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Verdicts:
    """Judge all tracks of the statistics, each album being out; see `LeftOut`."""
    _, group = np.unique(stats.group, return_inverse=True)
    by_group = np.split(np.argsort(group, kind="stable"), _ends(group))
    rng = np.random.default_rng(seed)
    deal = rng.permutation(len(by_group)) * min(n_blocks, len(by_group))
    folds = deal // len(by_group)
    if validation == "balanced":
        procedure, rounds = "balanced", _balance_rounds(stats, rng)
    elif len(by_group) <= n_blocks or _fits(stats, rule, by_group, budget_s):
        procedure, rounds = "exact", [(out, [out]) for out in by_group]
    else:
        procedure, rounds = "blocked", []
        for f in range(n_blocks):
            sets = [by_group[i] for i in np.flatnonzero(folds == f)]
            rounds.append((np.concatenate(sets), sets))
    wide = len(stats.X) * (stats.n_labels + 1) > WIDE
    found = np.empty(
        (len(stats.X), stats.n_labels + 1), dtype=np.float32 if wide else np.float64
    )
    block, fold = np.empty((2, len(stats.X)), dtype=np.intp)
    fold[stats.order] = np.repeat(folds[group], stats.sizes)
    done, total = 0, sum(len(sets) for _, sets in rounds)
    for r, (out, sets) in enumerate(rounds):
        rest = stats.without(out)
        own = rest if validation == "balanced" else stats
        for albums, part in zip(sets, rule.judge(rest, own, sets), strict=True):
            rows = stats.order[own.tracks_of(albums)]
            found[rows], block[rows] = part, r
            done += 1
            if on_progress is not None:
                on_progress(done, total)
    return Verdicts(found, block, fold, procedure, len(rounds))


def _fits(
    stats: AlbumStatistics, rule: Rule, by_group: list[Integers], budget_s: float
) -> bool:
    """Return whether as many estimates as albums fit, by the seconds that one takes."""
    begin = time.process_time()
    next(rule.judge(stats.without(by_group[0]), stats, by_group[:1]))
    return (time.process_time() - begin) * len(by_group) <= budget_s


def _ends(codes: Integers) -> Integers:
    return np.cumsum(np.bincount(codes))[:-1]


def _balance_rounds(
    stats: AlbumStatistics, rng: np.random.Generator
) -> list[tuple[Integers, list[Integers]]]:
    """Return rounds: one album of every label out, those of them that are judged.

    Labels with one album keep it, as they are no candidates of the closed figure; for
    the open one their albums are dealt over the rounds as further albums that are out.
    """
    order = np.argsort(stats.label, kind="stable")
    split = np.split(order, np.cumsum(stats.n_albums_of)[:-1])
    several = [rng.permutation(albums) for albums in split if len(albums) > 1]
    single = order[stats.n_albums_of[stats.label[order]] == 1]
    n = max(len(albums) for albums in several)
    rounds = []
    for r in range(n):
        more = single[r::n]
        out = np.array([albums[r % len(albums)] for albums in several], dtype=np.intp)
        judged = [albums[r] for albums in several if r < len(albums)]
        sets = [np.array([album]) for album in [*judged, *more]]
        rounds.append((np.concatenate([out, more]), sets))
    return rounds


def fit_temperatures(
    stats: AlbumStatistics, verdicts: Verdicts, temperatures: Floats
) -> Floats:
    """Return for each block a temperature from the other blocks, then that of all."""
    y, candidates = stats.y, stats.n_albums_of > 1
    rows = thin(np.flatnonzero(candidates[y]))
    scores = np.where(candidates, verdicts.log_likelihoods[rows, :-1], -np.inf)
    losses = compute_losses(scores, y[rows], temperatures)
    fold = verdicts.fold[rows]
    found = [
        choose_temperature(losses[fold != f], temperatures)
        for f in range(int(verdicts.fold.max()) + 1)
    ]
    return np.array([*found, choose_temperature(losses, temperatures)])


def _to_rows(
    stats: AlbumStatistics,
    verdicts: Verdicts,
    rule: Rule,
    classes: NDArray[Any],
    prior: float,
) -> LeftOut:
    found = fit_temperatures(stats, verdicts, rule.temperatures)
    y, candidates = stats.y, stats.n_albums_of > 1
    return LeftOut(
        log_likelihoods=verdicts.log_likelihoods,
        classes=classes,
        y=y,
        is_known=candidates[y],
        is_candidate=candidates,
        temperature=found[verdicts.fold],
        block=verdicts.block,
        unknown_prior=prior,
        procedure=verdicts.procedure,
        n_estimates=verdicts.n_estimates,
    )


@dataclass(frozen=True)
class Chance:
    """The closed balanced accuracy of a procedure under labels dealt anew to albums.

    Attributes
    ----------
    observed : float
        Under the true labels, by the same procedure; NaN if the budget is less.
    mean, standard_error : float
        Over the deals. NaN without one; the error is infinite with one alone.
    p : float
        (1 + b) / (1 + n), b the deals that do as well as the true labels; at least
        `smallest_p`, though of few different deals some are drawn twice.
    smallest_p : float
        The least that n deals, or the number of different deals, allow.
    n : int
        Deals; 0 where the budget is less than one.
    """

    observed: float
    mean: float
    standard_error: float
    p: float
    smallest_p: float
    n: int


class _OverBudgetError(Exception):
    """The CPU seconds that permutations may take are over."""


def permute_labels(  # noqa: PLR0913 - options, by name alone
    X: Floats,
    y: NDArray[Any],
    groups: NDArray[Any],
    rule: Rule,
    *,
    n: int = 30,
    validation: Validation = "album",
    budget_s: float = np.inf,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Chance:
    """Measure what chance gives: the same procedure over labels dealt anew to albums.

    Albums are judged by blocks, or balanced.

    Parameters
    ----------
    X, y, groups, rule, validation : as for `evaluate_leave_one_album_out`
    n : int, of deals to make
    budget_s : float
        CPU seconds. No deal begins that would go beyond them by the time that the last
        took, and one that does ends and does not count.
    seed : int
        Of the deals: by one seed, libraries of one shape are dealt alike.
    on_progress : callable of (done, total), or None
        Called after each album of each deal, with the number of deals made and of all.
    """
    _, codes = np.unique(y, return_inverse=True)
    stats = summarize(X, codes, np.unique(groups, return_inverse=True)[1])
    rng, begin = np.random.default_rng(seed), time.process_time()
    found: list[float] = []

    def watch(_done: int, _total: int) -> None:
        if time.process_time() - begin > budget_s:
            raise _OverBudgetError
        if on_progress is not None:
            on_progress(max(len(found) - 1, 0), n)

    took_s = 0.0
    while len(found) <= n and time.process_time() - begin + took_s <= budget_s:
        before = time.process_time()
        some = stats.relabel(rng.permutation(stats.label)) if found else stats
        try:
            verdicts = judge_left_out(
                some,
                rule,
                validation=validation,
                n_blocks=DEAL_BLOCKS,
                seed=len(found),
                on_progress=watch,
            )
        except _OverBudgetError:
            break
        found.append(
            measure_closed(verdicts.log_likelihoods, some.y, some.n_albums_of > 1)
        )
        del verdicts  # as large as all else
        took_s = time.process_time() - before
    return _compare_with_deals(found, _log_deals(stats.n_albums_of))


def measure_closed(
    log_likelihoods: NDArray[Any], y: Integers, is_candidate: NDArray[np.bool_]
) -> float:
    """Return the balanced accuracy among candidates of the tracks of these."""
    rows, candidates = np.flatnonzero(is_candidate[y]), np.flatnonzero(is_candidate)
    best = np.empty(len(rows), dtype=np.intp)
    for i in range(0, len(rows), BATCH):  # all at once may be gigabytes
        some = log_likelihoods[np.ix_(rows[i : i + BATCH], candidates)]
        best[i : i + BATCH] = candidates[some.argmax(axis=1)]
    return balance(best == y[rows], y[rows])


def _compare_with_deals(found: list[float], log_deals: float) -> Chance:
    """Return what the first accuracy, of the true labels, is beside the others."""
    if len(found) < 2:
        observed = found[0] if found else float("nan")
        return Chance(observed, float("nan"), float("nan"), 1.0, 1.0, 0)
    observed, dealt, k = found[0], np.array(found[1:]), len(found) - 1
    smallest = max(1.0 / (1 + k), float(np.exp(-log_deals)))
    better = int(np.sum(dealt >= observed - 1e-12))
    error = float(np.std(dealt, ddof=1) / np.sqrt(k)) if k > 1 else float("inf")
    return Chance(
        observed=observed,
        mean=float(np.mean(dealt)),
        standard_error=error,
        p=max((1 + better) / (1 + k), smallest),
        smallest_p=smallest,
        n=k,
    )


def _log_deals(n_albums_of: Integers) -> float:
    """Return the log of how many deals differ in more than the names of labels."""
    counts = np.bincount(n_albums_of[n_albums_of > 0])
    same = sum(lgamma(c + 1) for c in counts)
    return (
        lgamma(n_albums_of.sum() + 1) - sum(lgamma(j + 1) for j in n_albums_of) - same
    )
