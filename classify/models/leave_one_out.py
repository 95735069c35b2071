"""Verdicts on each album by what is learned without it, and what chance would give."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from classify.models.album_statistics import AlbumStatistics, summarize
from classify.models.temperature import choose_temperature, compute_losses, thin

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Validation = Literal["album", "balanced"]
Judge = Callable[[AlbumStatistics, AlbumStatistics, list[Integers]], list[Floats]]

N_BLOCKS = 20
"""Blocks of albums where what is shared is estimated by block: each estimate has 95 %
of the albums, and twenty are what a library of any size can afford."""

WIDE = 50_000_000
"""A matrix with more numbers is kept in float32."""


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
        rows = np.flatnonzero(self.is_known)
        scores = np.where(self.is_candidate, self.log_likelihoods[rows, :-1], -np.inf)
        return balance(scores.argmax(axis=1) == self.y[rows], self.y[rows])


def balance(is_right: NDArray[np.bool_], y: Integers) -> float:
    """Return the mean over labels of the share of their tracks that is right."""
    tracks = np.bincount(y)
    right = np.bincount(y, weights=is_right)
    return float((right[tracks > 0] / tracks[tracks > 0]).mean()) if len(y) else 0.0


def open_log_proba(log_likelihoods: Floats, unknown_prior: float) -> Floats:
    """Return posteriors where "none of them", the last column, has a prior of its own.

    The labels share what it leaves, equally.
    """
    with np.errstate(divide="ignore"):
        prior = np.log([unknown_prior, 1.0 - unknown_prior])
    scores = log_likelihoods.copy()
    n = np.isfinite(scores[:, :-1]).sum(axis=1, keepdims=True)
    scores[:, :-1] += prior[1] - np.log(np.maximum(n, 1))
    scores[:, -1] += prior[0]
    result: Floats = scores - logsumexp(scores, axis=1, keepdims=True)
    return result


def evaluate_leave_one_album_out(
    X: Floats,
    y: NDArray[Any],
    groups: NDArray[Any],
    rule: Rule,
    *,
    validation: Validation = "album",
    budget_s: float = 60.0,
    unknown_prior: float | None = None,
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

    Raises
    ------
    ValueError
        Fewer than two labels, or none with two albums.
    """
    classes, codes = np.unique(y, return_inverse=True)
    stats = summarize(X, codes, np.unique(groups, return_inverse=True)[1])
    if len(classes) < 2 or stats.n_albums_of.max() < 2:
        raise ValueError("needs two labels, one of them with two albums")
    verdicts = judge_left_out(stats, rule, validation=validation, budget_s=budget_s)
    prior = 1.0 / (len(classes) + 1) if unknown_prior is None else unknown_prior
    return _to_rows(stats, verdicts, rule, classes, prior)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Log-likelihoods of the tracks of some statistics, in their order.

    Attributes
    ----------
    log_likelihoods : shape (n_tracks, n_labels + 1)
    block : intp, shape (n_tracks,)
        Whose temperature comes from the other blocks.
    procedure : str
    n_estimates : int
    """

    log_likelihoods: NDArray[Any]
    block: Integers
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
) -> Verdicts:
    """Judge all tracks of the statistics, each album being out; see `LeftOut`."""
    rng = np.random.default_rng(seed)
    _, group = np.unique(stats.group, return_inverse=True)
    by_group = np.split(np.argsort(group, kind="stable"), _ends(group))
    deal = rng.permutation(len(by_group)) * min(n_blocks, len(by_group))
    blocks = deal // len(by_group)
    wide = len(stats.X) * (stats.n_labels + 1) > WIDE
    found = np.empty(
        (len(stats.X), stats.n_labels + 1), dtype=np.float32 if wide else np.float64
    )

    def judge(shared: AlbumStatistics, own: AlbumStatistics, sets: list[Any]) -> None:
        for albums, part in zip(sets, rule.judge(shared, own, sets), strict=True):
            found[own.tracks_of(albums)] = part

    n_estimates = 0
    if validation == "balanced":
        procedure = "balanced"
        for out, sets in _rounds(stats, rng):
            rest = stats.without(out)
            judge(rest, rest, sets)
            n_estimates += 1
    else:
        begin = time.process_time()
        judge(stats.without(by_group[0]), stats, by_group[:1])
        each_s = time.process_time() - begin
        exact = len(by_group) <= n_blocks or each_s * len(by_group) <= budget_s
        procedure = "exact" if exact else "blocked"
        some = np.arange(len(by_group)) if exact else blocks
        for b in np.unique(some):
            sets = [by_group[i] for i in np.flatnonzero(some == b)]
            judge(stats.without(np.concatenate(sets)), stats, sets)
            n_estimates += 1
    per_track = np.repeat(blocks[group], stats.sizes)
    return Verdicts(found, per_track, procedure, n_estimates)


def _ends(codes: Integers) -> Integers:
    return np.cumsum(np.bincount(codes))[:-1]


def _rounds(
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
    y = np.repeat(stats.label, stats.sizes)
    candidates = stats.n_albums_of > 1
    rows = thin(np.flatnonzero(candidates[y]))
    scores = np.where(candidates, verdicts.log_likelihoods[rows, :-1], -np.inf)
    losses = compute_losses(scores, y[rows], temperatures)
    block = verdicts.block[rows]
    found = [
        choose_temperature(losses[block != b], temperatures)
        for b in range(int(verdicts.block.max()) + 1)
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
    back = np.argsort(stats.order)
    y = np.repeat(stats.label, stats.sizes)[back]
    candidates = stats.n_albums_of > 1
    return LeftOut(
        log_likelihoods=verdicts.log_likelihoods[back],
        classes=classes,
        y=y,
        is_known=candidates[y],
        is_candidate=candidates,
        temperature=found[verdicts.block][back],
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
        Under the true labels, by the same procedure.
    mean, standard_error : float
        Over the deals.
    p : float
        (1 + b) / (1 + n), b the deals that do as well as the true labels; at least
        `smallest_p`, though of few different deals some are drawn twice.
    smallest_p : float
        The least that n deals, or the number of different deals, allow.
    n : int
        Deals.
    """

    observed: float
    mean: float
    standard_error: float
    p: float
    smallest_p: float
    n: int


def permute_labels(
    X: Floats,
    y: NDArray[Any],
    groups: NDArray[Any],
    rule: Rule,
    *,
    n: int = 30,
    validation: Validation = "album",
    budget_s: float = np.inf,
) -> Chance:
    """Measure what chance gives: the same procedure over labels dealt anew to albums.

    Albums are judged by blocks, or balanced. The deals stop after `n`, or as soon as
    `budget_s` CPU seconds are over.
    """
    _, codes = np.unique(y, return_inverse=True)
    stats = summarize(X, codes, np.unique(groups, return_inverse=True)[1])
    rng, begin = np.random.default_rng(0), time.process_time()

    def accuracy(some: AlbumStatistics, number: int) -> float:
        verdicts = judge_left_out(some, rule, validation=validation, seed=number)
        candidates = some.n_albums_of > 1
        truth = np.repeat(some.label, some.sizes)
        rows = np.flatnonzero(candidates[truth])
        scores = np.where(candidates, verdicts.log_likelihoods[rows, :-1], -np.inf)
        return balance(scores.argmax(axis=1) == truth[rows], truth[rows])

    observed = accuracy(stats, 0)
    dealt: list[float] = []
    while not dealt or (len(dealt) < n and time.process_time() - begin < budget_s):
        anew = stats.relabel(rng.permutation(stats.label))
        dealt.append(accuracy(anew, len(dealt) + 1))
    k = len(dealt)
    better = int(np.sum(np.array(dealt) >= observed - 1e-12))
    error = float(np.std(dealt, ddof=1) / np.sqrt(k)) if k > 1 else float("inf")
    smallest = max(1.0 / (1 + k), float(np.exp(-_log_deals(stats.n_albums_of))))
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
