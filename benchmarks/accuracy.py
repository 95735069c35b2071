"""What each step adds to the accuracy: an ablation over seeds, on any library.

    python benchmarks/accuracy.py CATALOG [--seeds 5] [--label artist]

CATALOG is a database that `scan` made. Every figure is over albums that the model never
heard; seeds change the folds and everything that is drawn. Nothing is chosen by the
figures that are printed: settings, temperatures and votes come from inner folds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, cpu_count, delayed

from catalog.schema import open_catalog
from classify.arrays import Dataset, Windows
from classify.cross_validation import FoldResult, evaluate_fold
from classify.dataset import TrainingData, load_training_data
from classify.ensemble import combine_fold_results
from classify.folds import OUTER_FOLDS, album_folds
from classify.metrics import balanced_accuracy, brier_score, macro_f1
from classify.models.base import track_statistics
from classify.models.registry import VOTERS, model_spec
from classify.sequence_features import NAMES

WHOLE = "track-logistic of whole tracks"
DEVIATING = "track-logistic of means and deviations"
WINDOWS = tuple(name for name in VOTERS if not name.startswith("track-"))


@dataclass(frozen=True)
class Step:
    """One line of the table."""

    name: str
    models: tuple[str, ...]
    kept: Callable[[str], bool]


def plain(name: str) -> bool:
    """Tell whether a column is of the feature set alone, its key taken out or not."""
    return name not in NAMES


STEPS = (
    Step("majority", ("majority",), plain),
    Step("svm-rbf, no harmony", ("svm-rbf",), lambda n: plain(n) and "circle" not in n),
    Step("svm-rbf, + harmony without key", ("svm-rbf",), plain),
    Step("svm-rbf, + motion and tonal sequences", ("svm-rbf",), lambda _: True),
    Step("logistic over windows", ("logistic",), lambda _: True),
    Step("logistic over means and deviations", (DEVIATING,), lambda _: True),
    Step("+ change from window to window", (WHOLE,), lambda _: True),
    Step("+ parts of tracks (track-logistic)", ("track-logistic",), lambda _: True),
    Step("vote of window models", WINDOWS, lambda _: True),
    Step("vote, + track models, plain columns", VOTERS, plain),
    Step("vote, + track models (voting)", VOTERS, lambda _: True),
)


def narrowed(data: TrainingData, kept: Callable[[str], bool]) -> Dataset:
    """Return the dataset with only the columns that are kept."""
    dataset = data.dataset
    columns = [i for i, name in enumerate(data.names) if kept(name)]
    rows = dataset.windows
    return Dataset(
        Windows(rows.X[:, columns], rows.track, rows.n_tracks),
        dataset.y,
        dataset.groups,
        dataset.labels,
    )


def without_parts(dataset: Dataset, *, change: bool) -> Dataset:
    """Return the dataset with a row a track, for what `track-logistic` adds to it."""
    X = track_statistics(dataset.windows)
    if not change:
        X = X[:, : 2 * dataset.windows.X.shape[1]]
    return replace(dataset, windows=Windows(X, np.arange(len(X)), len(X)))


def one(dataset: Dataset, model: str, seed: int, fold: int) -> FoldResult:
    """Judge one model on one fold."""
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
    found = model_spec(model.split(maxsplit=1)[0], len(dataset.windows.X))
    if model in (WHOLE, DEVIATING):
        dataset = without_parts(dataset, change=model == WHOLE)
        found = replace(found, reads="windows")
    return evaluate_fold(found, dataset, folds[fold], seed=seed)


def figures(
    dataset: Dataset,
    fold_results: dict[tuple[str, int, int], FoldResult],
    step: Step,
    seed: int,
) -> list[float]:
    """Return accuracy, balanced accuracy, macro F1 and Brier score of a step."""
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed)
    p = np.zeros((len(dataset.y), len(dataset.labels)))
    for i, fold in enumerate(folds):
        found = {m: fold_results[m, seed, i] for m in step.models}
        judged = next(iter(found.values()))
        if len(found) > 1:
            judged = combine_fold_results(found, dataset.y[fold.train])
        p[judged.test] = judged.tracks
    predicted = p.argmax(axis=1)
    return [
        float((predicted == dataset.y).mean()),
        balanced_accuracy(dataset.y, predicted),
        macro_f1(dataset.y, predicted),
        brier_score(p, dataset.y),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalog")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--label", default="artist")
    parser.add_argument("--step", default="", help="only steps whose name holds this")
    parser.add_argument("-j", "--jobs", type=int, default=cpu_count())
    options = parser.parse_args()
    with open_catalog(options.catalog, mode="read") as catalog:
        data = load_training_data(catalog, options.label)
    y, rows = data.dataset.y, data.dataset.windows
    print(
        f"{len(y)} tracks, {len(np.unique(data.dataset.groups))} albums, "
        f"{len(data.dataset.labels)} labels, {len(rows.X)} windows, "
        f"{options.seeds} seeds\n"
    )
    print(f"{'':38} {'accuracy':>13} {'balanced':>13} {'macro F1':>8} {'Brier':>6}")
    known: dict[tuple[str, ...], dict[tuple[str, int, int], FoldResult]] = {}
    started = time.perf_counter()
    for step in (step for step in STEPS if options.step in step.name):
        dataset = narrowed(data, step.kept)
        columns = tuple(name for name in data.names if step.kept(name))
        fold_results = known.setdefault(columns, {})
        tasks = [
            (model, seed, fold)
            for model in step.models
            for seed in range(options.seeds)
            for fold in range(_folds(dataset, seed))
            if (model, seed, fold) not in fold_results
        ]
        judged = Parallel(n_jobs=options.jobs)(delayed(one)(dataset, *t) for t in tasks)
        fold_results.update(zip(tasks, judged, strict=True))
        table = np.array(
            [
                figures(dataset, fold_results, step, seed)
                for seed in range(options.seeds)
            ]
        )
        mean, spread = table.mean(axis=0), table.std(axis=0)
        print(
            f"{step.name:38} {mean[0]:.3f} ± {spread[0]:.3f} {mean[1]:.3f} ± "
            f"{spread[1]:.3f} {mean[2]:8.3f} {mean[3]:6.3f}",
            flush=True,
        )
    print(f"\n{time.perf_counter() - started:.0f} s")


def _folds(dataset: Dataset, seed: int) -> int:
    return len(album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed))


if __name__ == "__main__":
    main()
