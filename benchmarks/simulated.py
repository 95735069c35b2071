"""Accuracy of the album models on drawn libraries, beside that of the true parameters.

    python benchmarks/simulated.py KIND --seeds N [--others] [--shuffled N]

A kind is toy, 100, 800 or 3000 artists, single60 or single101 (columns; 84 of 100
artists with one album), and pair, near-pair, five or near-five for few artists.

For each rule: balanced accuracy among the labels with two albums or more (closed), that
of the same tracks among all labels (all), both with their share of the reference's;
calibration error of the closed figure, the mean over libraries; area under the curve
for "none of them"; CPU seconds. The reference knows m, B, A and T and has the same
albums: with Gaussian tracks nothing can be better but by luck, with Student's t
(--tails) it is the Gaussian rule with true moments. Constants were chosen on seeds
below 1000, figures are of seeds from 1000. With --shuffled, what labels dealt anew to
albums give, beside 1 / K.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from simulated_libraries import KINDS, Library, draw_library
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from classify.models.album_statistics import AlbumStatistics
from classify.models.cosine import COSINE
from classify.models.covariances import Covariances
from classify.models.hierarchical import HIERARCHICAL
from classify.models.leave_one_out import (
    LeftOut,
    Rule,
    balance,
    evaluate_leave_one_album_out,
    permute_labels,
)
from classify.models.predictive import Predictive, judge_each

Floats = NDArray[np.float64]
Figures = dict[str, float]

FIRST_SEED = 1000
N_BINS = 15
MOST_PAIRS = 400_000
"""Tracks times labels beyond which scikit-learn's models are not tried."""

OTHERS = {
    "LDA": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "logistic": LogisticRegression(C=1.0, max_iter=300),
    "forest": RandomForestClassifier(300, random_state=0),
    "SVM": SVC(C=10.0, random_state=0),
}


def make_reference(library: Library) -> Rule:
    """Return the rule that knows the true parameters."""

    def judge(_shared: AlbumStatistics, own: AlbumStatistics, sets: Any) -> Any:
        scale = np.outer(own.scale, own.scale)
        h = float((1.0 / own.sizes).mean())
        truth = Covariances(
            columns=np.arange(len(own.scale)),
            mean=(library.mean - own.center) / own.scale,
            mean_error=np.zeros_like(scale),
            label=library.label / scale,
            album=(library.album + h * library.track) / scale,
            track=library.track / scale,
            inverse_size=h,
            rests_on={},
        )
        return judge_each(Predictive(truth).log_densities, own, sets)

    return Rule(judge, np.array([1.0]))


def calibration_error(log_proba: Floats, y: NDArray[np.intp]) -> float:
    """Return the mean distance of confidence from accuracy, over bins of confidence."""
    confidence, right = np.exp(log_proba.max(axis=1)), log_proba.argmax(axis=1) == y
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    apart = np.abs(np.bincount(bins, weights=confidence - right))
    return float(apart.sum() / len(y))


def measure(result: LeftOut) -> Figures:
    """Return the figures of a run."""
    known = np.flatnonzero(result.is_known)
    y = result.y[known]
    closed = result.closed_log_proba(known)
    among_all = result.log_likelihoods[known, :-1].argmax(axis=1)
    figures = {
        "closed": balance(closed.argmax(axis=1) == y, y),
        "all": balance(among_all == y, y),
        "ece": calibration_error(closed, y),
    }
    if not result.is_known.all() and np.isfinite(result.log_likelihoods[0, -1]):
        parts = np.array_split(np.arange(len(result.y)), len(result.y) // 2000 + 1)
        none = np.concatenate([result.open_log_proba(p)[:, -1] for p in parts])
        ranks = rankdata(none)[~result.is_known]
        n, m = len(ranks), len(known)
        figures["auroc"] = float((ranks.sum() - n * (n + 1) / 2) / (n * m))
    return figures


def evaluate_folds(library: Library, model: Any) -> Figures:
    """Return the figures of a scikit-learn model in five folds of whole albums."""
    X, y, groups = library.X, library.y, library.groups
    log_proba = np.full((len(y), y.max() + 1), -np.inf)
    for train, test in GroupKFold(5, shuffle=True, random_state=0).split(X, y, groups):
        fitted = make_pipeline(StandardScaler(), clone(model)).fit(X[train], y[train])
        if hasattr(fitted, "predict_log_proba"):
            with np.errstate(divide="ignore"):
                found = fitted.predict_log_proba(X[test])
        else:
            found = fitted.decision_function(X[test])
            found = found if found.ndim == 2 else np.stack([-found, found], axis=1)
        log_proba[np.ix_(test, fitted.classes_)] = found
    n_albums = np.bincount(y[np.unique(groups, return_index=True)[1]])
    known = np.flatnonzero(n_albums[y] > 1)
    closed = np.where(n_albums > 1, log_proba[known], -np.inf)
    return {
        "closed": balance(closed.argmax(axis=1) == y[known], y[known]),
        "all": balance(log_proba[known].argmax(axis=1) == y[known], y[known]),
    }


def contenders(
    library: Library, options: Any
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Return what is compared, the reference first."""

    def rule(some: Rule) -> Callable[[], Figures]:
        return lambda: measure(
            evaluate_leave_one_album_out(
                library.X, library.y, library.groups, some, budget_s=options.budget
            )
        )

    yield "true parameters", rule(make_reference(library))
    yield "hierarchical", rule(HIERARCHICAL)
    yield "cosine", rule(COSINE)
    if options.others and len(library.y) * (library.y.max() + 1) < MOST_PAIRS:
        for name, model in OTHERS.items():
            yield name, lambda model=model: evaluate_folds(library, model)


def describe(name: str, rows: list[Figures], reference: list[Figures]) -> str:
    """Return a line: means over the libraries, shares with standard errors."""
    line = f"{name:16}"
    for key in ("closed", "all"):
        own, best = (np.array([r[key] for r in some]) for some in (rows, reference))
        ratio = own.mean() / best.mean()
        apart = own - ratio * best
        error = apart.std(ddof=1) / len(own) ** 0.5 / best.mean() if len(own) > 1 else 0
        line += f"  {key} {own.mean():.3f} ratio {ratio:.3f} +-{error:.3f}"
    for key in ("ece", "auroc", "cpu"):
        if key in rows[0]:
            line += f"  {key} {np.mean([r[key] for r in rows]):.3f}"
    return line


def compare(rows: list[Figures], others: list[Figures]) -> str:
    """Return the paired difference of the closed figure, with its standard error."""
    own, theirs = (np.array([r["closed"] for r in some]) for some in (rows, others))
    apart = own - theirs
    error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else np.inf
    return f"hierarchical less cosine {apart.mean():+.4f} +-{error:.4f}"


def print_chance(options: Any) -> None:
    """Print what labels dealt anew give: the mean over libraries, and 1 / K."""
    for name, rule in (("hierarchical", HIERARCHICAL), ("cosine", COSINE)):
        for validation in ("album", "balanced"):
            means, chance = [], []
            for seed in range(options.first, options.first + options.seeds):
                library = draw_library(options.kind, seed)
                X, y, groups = library.X, library.y, library.groups
                found = permute_labels(
                    *(X, y, groups, rule),
                    n=options.shuffled,
                    validation=validation,
                    seed=seed,
                )
                n_albums = np.bincount(y[np.unique(groups, return_index=True)[1]])
                means.append(found.mean)
                chance.append(1.0 / (n_albums > 1).sum())
            apart = np.array(means) - chance
            error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else np.inf
            print(
                f"{name:14} {validation:9} {np.mean(means):.4f}  "
                f"1/K {np.mean(chance):.4f}  apart {apart.mean():+.4f} +-{error:.4f}",
                flush=True,
            )


def main() -> None:
    """Draw, evaluate, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--tails", type=float)
    parser.add_argument("--budget", type=float, default=60.0, help="CPU s if exact")
    parser.add_argument("--others", action="store_true", help="scikit-learn's, too")
    parser.add_argument("--shuffled", type=int, help="deals of a library")
    options = parser.parse_args()
    if options.shuffled:
        print_chance(options)
        return
    found: dict[str, list[Figures]] = {}
    for seed in range(options.first, options.first + options.seeds):
        library = draw_library(options.kind, seed, options.tails)
        for name, run in contenders(library, options):
            begin = time.process_time()
            figures = run()
            figures["cpu"] = time.process_time() - begin
            found.setdefault(name, []).append(figures)
    print(f"{options.kind}: {len(library.y)} tracks, seeds from {options.first}")
    reference = found["true parameters"]
    for name, rows in found.items():
        print(describe(name, rows, reference), flush=True)
    print(compare(found["hierarchical"], found["cosine"]))


if __name__ == "__main__":
    main()
