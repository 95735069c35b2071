"""Whether more albums would help: accuracy against how many are learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from classify.arrays import Dataset
from classify.folds import OUTER_FOLDS, album_folds
from classify.metrics import balanced_accuracy
from classify.refit import load_run_data, refit_model
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run

DRAWS = 3
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16)

COLUMNS = (
    Column("albums_each", "count"),
    Column("albums_learned", "number"),
    Column("tracks_learned", "number"),
    Column("accuracy", "share"),
    Column("balanced", "share"),
    Column("spread", "share"),
)


def learning_curve(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return the accuracy of the run's model with at most so many albums a label.

    Raises
    ------
    NothingToReportError
        There is no run, or the library has changed since.
    """
    run = select_run(catalog, run_id)
    data = load_run_data(catalog, run)
    dataset = data.dataset
    most = max(
        len(np.unique(dataset.groups[dataset.y == k]))
        for k in range(len(dataset.labels))
    )
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=run.seed)
    rows = []
    for count in [c for c in COUNTS if c < most] + [most]:
        found, learned, tracks = [], [], []
        for draw in range(1 if count == most else DRAWS):
            rng = np.random.default_rng([run.seed, count, draw])
            predicted = np.empty(len(dataset.y), dtype=np.intp)
            for fold in folds:
                some = fold.train[at_most(dataset, fold.train, count, rng)]
                training = dataset.of_tracks(some)
                model = refit_model(run, data, training)
                held = dataset.windows.of_tracks(fold.test)
                p = model.predict_proba(held, data.feature_set)[1]
                predicted[fold.test] = p.argmax(axis=1)
                learned.append(len(np.unique(training.groups)))
                tracks.append(len(training.y))
            right = float((predicted == dataset.y).mean())
            found.append((right, balanced_accuracy(dataset.y, predicted)))
        accuracy, balanced = np.mean(found, axis=0)
        rows.append(
            (
                count,
                float(np.mean(learned)),
                float(np.mean(tracks)),
                float(accuracy),
                float(balanced),
                float(np.std([b for _, b in found])),
            )
        )
    return Table(
        title=f"With more albums ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            "Learned from at most so many albums of each label, judged on the same "
            f"held-out albums; mean of {DRAWS} draws, and their deviation.",
            "With the settings of the run's final model, which saw all albums: read "
            "the shape of the curve, not its height.",
            _advice(rows),
        ),
        source=describe_run(run),
    )


def at_most(
    dataset: Dataset, tracks: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return which of `tracks` belong to a draw of `count` albums of each label.

    Returns
    -------
    intp, ascending
        Indices into `tracks`.
    """
    y, groups = dataset.y[tracks], dataset.groups[tracks]
    kept = np.zeros(len(tracks), dtype=bool)
    for k in np.unique(y):
        albums = np.unique(groups[y == k])
        drawn = rng.permutation(albums)[:count]
        kept |= (y == k) & np.isin(groups, drawn)
    return np.flatnonzero(kept)


def _advice(rows: list[tuple[int, float, float, float, float, float]]) -> str:
    if len(rows) < 2:
        return "All labels have as few albums as can be; more would have to be scanned."
    gain = rows[-1][4] - rows[-2][4]
    rises = gain > max(0.01, rows[-2][5])
    return (
        "It still rises with the last albums: more music is worth it."
        if rises
        else "The last albums added nothing beyond the draws' own spread."
    )
