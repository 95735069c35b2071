"""Balanced accuracy of models with each album left out, on any catalog.

    python benchmarks/accuracy.py CATALOG [--model NAME ...] [--label RULE] [--pairs 50]

CATALOG is a database that `scan` made. Every figure is over albums that the model never
heard: one album is out at a time, for every model, of everything that it learns.
Printed are the figure over all labels with two albums or more, and the mean over pairs
of these, each learned and judged on the tracks of its two labels alone, with standard
errors: a bootstrap over albums, and over pairs. Beside them "files": what codec,
bandwidth and loudness give away without the music. Nothing is chosen by what is
printed. Models that are slow take one fit an album: name the few that are wanted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from catalog.audio_facts import audio_facts
from catalog.schema import open_catalog
from classify.arrays import Dataset, Windows
from classify.confounds import CONFOUNDS
from classify.cross_validation import evaluate_fold
from classify.dataset import load_training_data
from classify.file_facts import fact_table
from classify.folds import Fold
from classify.metrics import balanced_accuracy
from classify.models.albums import RULES
from classify.models.base import fit
from classify.models.leave_one_out import evaluate_leave_one_album_out
from classify.models.registry import ALBUM_MODELS, NAMES, VOTING, model_spec

Found = NDArray[np.intp]
FILES = "files"
SINGLE = tuple(name for name in NAMES if name != VOTING)
DEFAULT = (*ALBUM_MODELS, "track-logistic", "logistic", "random-forest", FILES)
DRAWS = 500


def leave_one_album_out(dataset: Dataset) -> Iterator[Fold]:
    """Yield a fold an album."""
    for group in np.unique(dataset.groups):
        out = dataset.groups == group
        yield Fold(np.flatnonzero(~out), np.flatnonzero(out))


def predict_album_model(name: str, dataset: Dataset) -> Found:
    """Return what a model of albums says of each track, its album being out."""
    left_out = evaluate_leave_one_album_out(
        dataset.windows.X.astype(float),
        dataset.y,
        dataset.groups,
        RULES[name],
        budget_s=np.inf,
    )
    return left_out.classes[left_out.closed_log_proba().argmax(axis=1)]


def predict_files(dataset: Dataset) -> Found:
    """Return what a forest on facts about the files says, the album being out."""
    found = np.empty(len(dataset.y), dtype=np.intp)
    for fold in leave_one_album_out(dataset):
        fitted = fit(
            CONFOUNDS, CONFOUNDS.param_grid[0], dataset.of_tracks(fold.train), seed=0
        )
        _, p = fitted.predict_proba(dataset.windows.of_tracks(fold.test))
        found[fold.test] = p.argmax(axis=1)
    return found


def predict_others(name: str, dataset: Dataset) -> Found:
    """Return what any other model says, tuned and fitted without the album."""
    found = np.empty(len(dataset.y), dtype=np.intp)
    spec = model_spec(name, len(dataset.windows.X), len(np.unique(dataset.y)))
    for fold in leave_one_album_out(dataset):
        found[fold.test] = evaluate_fold(spec, dataset, fold, seed=0).tracks.argmax(1)
    return found


def predict(name: str, dataset: Dataset) -> Found:
    """Return the label that a model names for each track."""
    if name in ALBUM_MODELS:
        return predict_album_model(name, dataset)
    return predict_files(dataset) if name == FILES else predict_others(name, dataset)


def standard_error(dataset: Dataset, found: Found) -> float:
    """Return that of the balanced accuracy, by a bootstrap over albums of a label."""
    rng, draws = np.random.default_rng(0), np.zeros(DRAWS)
    labels = np.unique(dataset.y)
    for k in labels:
        own = dataset.y == k
        _, album = np.unique(dataset.groups[own], return_inverse=True)
        right = np.bincount(album, weights=found[own] == k)
        sizes = np.bincount(album)
        drawn = rng.integers(len(sizes), size=(DRAWS, len(sizes)))
        draws += right[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return float((draws / len(labels)).std())


def score_pair(name: str, dataset: Dataset, pair: tuple[int, int]) -> float:
    """Return the balanced accuracy on the tracks of two labels alone."""
    some = dataset.of_tracks(np.flatnonzero(np.isin(dataset.y, pair)))
    return balanced_accuracy(some.y, predict(name, some))


def load_datasets(path: str, rule: str) -> Callable[[str], Dataset]:
    """Return a function that gives the dataset that a model reads."""
    with open_catalog(path, mode="read") as catalog:
        data = load_training_data(catalog, rule)
        linear = load_training_data(catalog, rule, linear=True).dataset
        facts = audio_facts(catalog, data.library.feature_set_id)
    y, groups, labels = data.dataset.y, data.dataset.groups, data.dataset.labels
    n = len(y)
    rows = linear.windows
    means = np.zeros((n, rows.X.shape[1]))
    np.add.at(means, rows.track, rows.X)
    means /= np.bincount(rows.track, minlength=n)[:, None]
    files = fact_table([facts[track.id] for track in data.tracks]).X

    def choose(name: str) -> Dataset:
        if name not in (*ALBUM_MODELS, FILES):
            return data.dataset
        X = means if name in ALBUM_MODELS else files
        return Dataset(Windows(X, np.arange(n), n), y, groups, labels)

    return choose


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalog")
    parser.add_argument("--model", action="append", choices=[*SINGLE, FILES])
    parser.add_argument("--label", default="artist")
    parser.add_argument("--pairs", type=int, default=50, help="at most, drawn")
    parser.add_argument("-j", "--jobs", type=int, default=cpu_count())
    options = parser.parse_args()
    choose = load_datasets(options.catalog, options.label)
    dataset = choose("majority")
    pairs = list(combinations(range(len(dataset.labels)), 2))
    order = np.random.default_rng(0).permutation(len(pairs))[: options.pairs]
    pairs = [pairs[i] for i in sorted(order.tolist())]
    print(
        f"{len(dataset.y)} tracks, {len(np.unique(dataset.groups))} albums, "
        f"{len(dataset.labels)} labels; {len(pairs)} pairs"
    )
    print(f"{'':16} {'all labels':>16} {'pairs':>16} {'s':>6}")
    workers = Parallel(n_jobs=options.jobs)
    for name in options.model or DEFAULT:
        begin, own = time.perf_counter(), choose(name)
        whole, *scores = workers(
            [
                delayed(predict)(name, own),
                *(delayed(score_pair)(name, own, pair) for pair in pairs),
            ]
        )
        error = np.std(scores, ddof=1) / np.sqrt(len(scores)) if len(pairs) > 1 else 0
        print(
            f"{name:16} {balanced_accuracy(own.y, whole):.3f} +- "
            f"{standard_error(own, whole):.3f}   {np.mean(scores):.3f} +- {error:.3f} "
            f"{time.perf_counter() - begin:6.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
