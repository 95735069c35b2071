"""Whether an artist learned from one era is known in the other."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.names import fold
from catalog.runs import RunFacts
from classify.arrays import Dataset
from classify.cross_validation import evaluate_fold
from classify.dataset import TrainingData
from classify.exceptions import NothingToReportError
from classify.folds import OUTER_FOLDS, album_folds
from classify.labels import artist_of
from classify.metrics import accuracy_interval, balanced_accuracy
from classify.models.registry import model_spec
from classify.refit import load_run_data, refit_model
from classify.reports.eras import sound_of
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run

_ACROSS_COLUMNS = (
    Column("question"),
    Column("learned", "count"),
    Column("judged", "count"),
    Column("right", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
)


def across_eras(
    catalog: Catalog,
    run_id: int | None = None,
    *,
    artist: str = "Metallica",
    through: int = 1988,
) -> Table:
    """Return whether an artist learned from one era is known in the other.

    Raises
    ------
    NothingToReportError
        There is no such run or artist, or an era has no album.
    """
    run = select_run(catalog, run_id)
    data = load_run_data(catalog, run)
    own = np.array(
        [fold(artist_of(track) or "") == fold(artist) for track in data.tracks]
    )
    dated = np.array([track.year is not None for track in data.tracks])
    late = np.array([(track.year or 0) > through for track in data.tracks])
    before, after = own & dated & ~late, own & dated & late
    if not before.any() or not after.any():
        raise NothingToReportError(
            f"--artist {artist} --through {through}: an era has no track with a year; "
            "name another artist or year"
        )
    rows = [
        _crossed(run, data, f"learned through {through}, judged after", own, after),
        _crossed(run, data, f"learned after {through}, judged before", own, before),
    ]
    rows_apart, notes = _are_eras_separable(data, before, after, seed=run.seed)
    eras = {
        f"{word} {through}": [data.tracks[i].id for i in np.flatnonzero(era)]
        for word, era in (("through", before), ("after", after))
    }
    return Table(
        title=f"{artist} through {through} and after, crossed ({run.model})",
        columns=_ACROSS_COLUMNS,
        rows=(*rows, *rows_apart),
        notes=(
            "Crossed: the other labels are learned whole, the artist from one era "
            "alone (tracks without a year left out); right means recognised. With the "
            "settings of the run's final model, which saw both eras.",
            "Era as the label: a logistic regression tells the eras of this artist "
            "apart on albums it never heard, balanced within the folds.",
            *notes,
            *sound_of(catalog, run.feature_set_id, eras),
        ),
        source=describe_run(run),
    )


def _crossed(
    run: RunFacts,
    data: TrainingData,
    question: str,
    own: NDArray[np.bool_],
    judged: NDArray[np.bool_],
) -> tuple[object, ...]:
    dataset = data.dataset
    dated = np.array([track.year is not None for track in data.tracks])
    learned = np.flatnonzero(~own | (dated & ~judged))
    # an album may span the years; none of it is learned when a part of it is judged
    learned = learned[~np.isin(dataset.groups[learned], dataset.groups[judged])]
    tested = np.flatnonzero(judged)
    if not own[learned].any():
        return question, 0, len(tested), None, None, None, None
    model = refit_model(run, data, dataset.of_tracks(learned))
    p = model.predict_proba(dataset.windows.of_tracks(tested), data.feature_set)[1]
    right = p.argmax(axis=1) == dataset.y[tested]
    return (
        question,
        int(own[learned].sum()),
        *_figures(right, dataset.groups[tested], seed=run.seed),
    )


def _figures(
    right: NDArray[np.bool_], groups: NDArray[np.intp], *, seed: int
) -> tuple[object, ...]:
    hits = int(right.sum())
    interval = accuracy_interval(right, groups, seed=seed)
    return (len(right), hits, hits / len(right), *(interval or (None, None)))


def _are_eras_separable(
    data: TrainingData,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    *,
    seed: int,
) -> tuple[list[tuple[object, ...]], list[str]]:
    """Tell the eras apart from all features, and from those that mastering spares."""
    tracks = np.flatnonzero(before | after)
    part = data.dataset.of_tracks(tracks)
    y = after[tracks].astype(np.intp)
    albums = [len(np.unique(part.groups[y == k])) for k in (0, 1)]
    if min(albums) < 2:
        return [], ["Each era needs two albums to be a label of its own."]
    spared = [i for i, name in enumerate(data.columns) if not is_of_loudness(name)]
    rows, balanced = [], []
    for question, kept in (
        ("era as the label", list(range(len(data.columns)))),
        ("the same, without loudness", spared),
    ):
        windows = replace(part.windows, X=part.windows.X[:, kept])
        eras = Dataset(windows, y, part.groups, ("before", "after"))
        predicted = _held_out(eras, seed=seed)
        figures = _figures(predicted == y, part.groups, seed=seed)
        rows.append((question, len(y), *figures))
        balanced.append(balanced_accuracy(y, predicted))
    most = float(np.bincount(y).max() / len(y))
    return rows, [
        f"Era as the label: balanced {balanced[0]:.2f} where chance is 0.50; always "
        f"the larger era would be right for {most:.2f}.",
        f"Without the features that speak of level and dynamics: {balanced[1]:.2f}. "
        "What is lost may be mastering rather than music.",
    ]


def _held_out(eras: Dataset, *, seed: int) -> NDArray[np.intp]:
    predicted = np.empty(len(eras.y), dtype=np.intp)
    for split in album_folds(eras.y, eras.groups, n_splits=OUTER_FOLDS, seed=seed):
        result = evaluate_fold(model_spec("logistic"), eras, split, seed=seed)
        predicted[result.test] = result.tracks.argmax(axis=1)
    return predicted


_OF_LOUDNESS = re.compile(r"rms_|energy_|onset_|mfcc_00_|motion_00")


def is_of_loudness(name: str) -> bool:
    """Tell whether a feature speaks of level or dynamics, which mastering sets.

    >>> is_of_loudness("rms_max"), is_of_loudness("mfcc_01_mean")
    (True, False)
    """
    return _OF_LOUDNESS.match(name) is not None
