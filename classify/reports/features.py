"""The report of features: groups of them exchanged between held-out tracks."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from catalog.browse import COLUMNS as CLASSIC
from catalog.database import Catalog
from classify.arrays import Dataset, Windows
from classify.cross_validation import evaluate_fold
from classify.dataset import TrainingData
from classify.folds import OUTER_FOLDS, Fold, album_folds
from classify.metrics import balanced_accuracy, log_loss
from classify.model import Model
from classify.models.registry import model_spec, reads_slices
from classify.refit import load_run_data, refit_folds
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run

Floats = NDArray[np.float64]


REPEATS = 10
COLUMNS = (
    Column("features"),
    Column("columns", "count"),
    Column("loss_rises", "number"),
    Column("accuracy_falls", "number"),
    Column("alone", "share"),
    Column("effect", "share"),
    Column("strongest"),
    Column("its_effect", "share"),
)


def features(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return what is lost when tracks exchange a group of features, and what it can do.

    Raises
    ------
    NothingToReportError
        There is no run, or the library has changed since.
    """
    run = select_run(catalog, run_id)
    data = load_run_data(catalog, run)
    dataset = data.dataset
    models = refit_folds(catalog, run, data)
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(data.columns):
        groups.setdefault(group_of(name), []).append(i)
    effects = effect_sizes(dataset)
    rng = np.random.default_rng(run.seed)
    loss, accuracy = _judged(data, models, [], rng)
    rows = []
    for group, columns in groups.items():
        drawn = [_judged(data, models, columns, rng) for _ in range(REPEATS)]
        worse, fewer = np.mean(drawn, axis=0)
        strongest = max(columns, key=lambda i: effects[i])
        rows.append(
            (
                group,
                len(columns),
                float(worse - loss),
                float(accuracy - fewer),
                _alone(dataset, columns, seed=run.seed),
                float(effects[columns].mean()),
                data.columns[strongest],
                float(effects[strongest]),
            )
        )
    rows.sort(key=lambda row: -row[2])
    return Table(
        title=f"What carries the decision ({run.label_kind}, {run.model})",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            "Loss rises, accuracy falls: when held-out tracks exchange the group's "
            f"columns, each all of another's, mean of {REPEATS} draws; as they are the "
            f"log loss is {loss:.2f}, the accuracy {accuracy:.2f}.",
            *_not_read(run.model),
            "Alone: balanced accuracy by track of a logistic regression on the group, "
            "nested, album-grouped.",
            _classic(dataset, data.columns, seed=run.seed),
            "Effect: the share of the variance of track means that lies between labels "
            "(eta squared), mean of the group.",
        ),
        source=describe_run(run),
    )


def _classic(dataset: Dataset, names: tuple[str, ...], *, seed: int) -> str:
    """Say what the columns of the study that this began with reach, beside all."""
    classic = [i for i, name in enumerate(names) if name in CLASSIC]
    if not classic:
        return "None of the classic columns is among the features."
    alone = _alone(dataset, classic, seed=seed)
    everything = _alone(dataset, list(range(len(names))), seed=seed)
    return (
        f"The {len(classic)} classic columns alone reach {alone:.2f}, all columns "
        f"{everything:.2f}."
    )


def effect_sizes(dataset: Dataset) -> Floats:
    """Return eta squared of each column's track means, in [0, 1].

    Returns
    -------
    float64, shape (n_features,)
        0 for a column that never varies.
    """
    rows = dataset.windows
    starts = np.searchsorted(rows.track, np.arange(rows.n_tracks))
    means = np.add.reduceat(rows.X.astype(np.float64), starts)
    means /= np.bincount(rows.track, minlength=rows.n_tracks)[:, None]
    centre = means.mean(axis=0)
    total = ((means - centre) ** 2).sum(axis=0)
    between = np.zeros(means.shape[1])
    for k in np.unique(dataset.y):
        own = means[dataset.y == k]
        between += len(own) * (own.mean(axis=0) - centre) ** 2
    result: Floats = np.where(total > 0, between / np.maximum(total, 1e-300), 0.0)
    return result


def _judged(
    data: TrainingData,
    models: list[tuple[Fold, Model]],
    columns: list[int],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return log loss and accuracy over all folds with some columns exchanged."""
    dataset = data.dataset
    p = np.zeros((len(dataset.y), len(dataset.labels)))
    for fold, model in models:
        rows = exchanged(dataset.windows.of_tracks(fold.test), columns, rng)
        p[fold.test] = model.predict_proba(rows, data.feature_set)[1]
    right = float((p.argmax(axis=1) == dataset.y).mean())
    return log_loss(p, dataset.y), right


def exchanged(rows: Windows, columns: list[int], rng: np.random.Generator) -> Windows:
    """Deal tracks anew to the tracks, as far as some columns are concerned.

    A track's windows share its label, so that they get another track's values together
    and in their order, from its beginning to its end however long it is: a model of
    whole tracks still sees how windows follow each other.

    Parameters
    ----------
    rows : Windows
    columns : list of int
    rng : Generator
    """
    starts = np.searchsorted(rows.track, np.arange(rows.n_tracks + 1))
    lengths = np.diff(starts)
    donor = rng.permutation(rows.n_tracks)[rows.track]
    place = np.arange(len(rows.X)) - starts[rows.track]
    source = starts[donor] + place * lengths[donor] // lengths[rows.track]
    X = rows.X.copy()
    X[:, columns] = rows.X[source][:, columns]
    return replace(rows, X=X)


def _not_read(model: str) -> tuple[str, ...]:
    """Say so where nothing can fall because the model reads something else."""
    if not reads_slices((model,)):
        return ()
    return (f"{model} reads the sequences themselves: it never sees these columns.",)


def _alone(dataset: Dataset, columns: list[int], *, seed: int) -> float:
    rows = dataset.windows
    narrow = Dataset(
        Windows(rows.X[:, columns], rows.track, rows.n_tracks),
        dataset.y,
        dataset.groups,
        dataset.labels,
    )
    predicted = np.empty(len(dataset.y), dtype=np.intp)
    for fold in album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=seed):
        result = evaluate_fold(model_spec("logistic"), narrow, fold, seed=seed)
        predicted[result.test] = result.tracks.argmax(axis=1)
    return balanced_accuracy(dataset.y, predicted)


_GROUPS = (
    ("rms", r"rms_"),
    ("zero crossings", r"zero_crossing_rate|zcr_"),
    ("spectral shape", r"spectral_|bandwidth|rolloff|flatness|centroid|contrast"),
    ("mfcc", r"mfcc_"),
    ("energy changes", r"energy_|onset_"),
    ("tempo", r"tempo"),
    ("harmonic fraction", r"harmonic_fraction"),
    ("chroma without key", r"circle_|chroma_"),
    ("motion", r"motion_"),
    ("harmony over time", r"tonal_|harmony_kept"),
)
OTHER = "other"


def group_of(name: str) -> str:
    """Return the group of a column.

    >>> group_of("mfcc_03_std"), group_of("rms_max"), group_of("tonal_5_mean")
    ('mfcc', 'rms', 'harmony over time')
    """
    for group, pattern in _GROUPS:
        if re.match(pattern, name):
            return group
    return OTHER
