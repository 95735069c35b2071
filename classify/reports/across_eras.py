"""The era question read twice more: learned from one era, and as a label of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from catalog.albums import fold
from classify.arrays import Problem
from classify.cross_validation import judge
from classify.exceptions import NothingToReportError
from classify.folds import OUTER_FOLDS, album_folds
from classify.labels import artist_of
from classify.metrics import accuracy_interval, balanced_accuracy
from classify.models.registry import recipe
from classify.refit import fitted_as, studied
from classify.reports.era_sound import is_of_loudness, sound_of
from classify.reports.source import chosen_run, described
from classify.reports.table import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.database import Catalog
    from catalog.runs import RunFacts
    from classify.dataset import Dataset

COLUMNS = (
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
    run = chosen_run(catalog, run_id)
    dataset = studied(catalog, run).dataset
    own = np.array(
        [fold(artist_of(track) or "") == fold(artist) for track in dataset.tracks]
    )
    dated = np.array([track.year is not None for track in dataset.tracks])
    late = np.array([(track.year or 0) > through for track in dataset.tracks])
    before, after = own & dated & ~late, own & dated & late
    if not before.any() or not after.any():
        raise NothingToReportError(
            f"--artist {artist} --through {through}: an era has no track with a year; "
            "name another artist or year"
        )
    rows = [
        _crossed(run, dataset, f"learned through {through}, judged after", own, after),
        _crossed(run, dataset, f"learned after {through}, judged before", own, before),
    ]
    told, notes = _told_apart(dataset, before, after, seed=run.seed)
    eras = {
        f"{word} {through}": [dataset.tracks[i].id for i in np.flatnonzero(era)]
        for word, era in (("through", before), ("after", after))
    }
    return Table(
        title=f"{artist} through {through} and after, crossed ({run.model})",
        columns=COLUMNS,
        rows=(*rows, *told),
        notes=(
            "Crossed: the other labels are learned whole, the artist from one era "
            "alone (tracks without a year left out); right means recognised. With the "
            "settings of the run's final model, which saw both eras.",
            "Era as the label: a logistic regression tells the eras of this artist "
            "apart on albums it never heard, balanced within the folds.",
            *notes,
            *sound_of(catalog, run.feature_set_id, eras),
        ),
        source=described(run),
    )


def _crossed(
    run: RunFacts,
    dataset: Dataset,
    question: str,
    own: NDArray[np.bool_],
    judged: NDArray[np.bool_],
) -> tuple[object, ...]:
    problem = dataset.problem
    dated = np.array([track.year is not None for track in dataset.tracks])
    learned = np.flatnonzero(~own | (dated & ~judged))
    # an album may span the years; none of it is learned when a part of it is judged
    learned = learned[~np.isin(problem.groups[learned], problem.groups[judged])]
    tested = np.flatnonzero(judged)
    if not own[learned].any():
        return question, 0, len(tested), None, None, None, None
    model = fitted_as(
        run.model,
        run.parameters,
        problem.of_tracks(learned),
        dataset.feature_set,
        columns=dataset.names,
        n_windows=len(problem.rows.X),
        seed=run.seed,
    )
    p = model.judge(problem.rows.of_tracks(tested), dataset.feature_set)[1]
    right = p.argmax(axis=1) == problem.y[tested]
    return (
        question,
        int(own[learned].sum()),
        *_figures(right, problem.groups[tested], seed=run.seed),
    )


def _figures(
    right: NDArray[np.bool_], groups: NDArray[np.intp], *, seed: int
) -> tuple[object, ...]:
    hits = int(right.sum())
    interval = accuracy_interval(right, groups, seed=seed)
    return (len(right), hits, hits / len(right), *(interval or (None, None)))


def _told_apart(
    dataset: Dataset,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    *,
    seed: int,
) -> tuple[list[tuple[object, ...]], list[str]]:
    """Tell the eras apart from all features, and from those that mastering spares."""
    tracks = np.flatnonzero(before | after)
    part = dataset.problem.of_tracks(tracks)
    y = after[tracks].astype(np.intp)
    albums = [len(np.unique(part.groups[y == k])) for k in (0, 1)]
    if min(albums) < 2:
        return [], ["Each era needs two albums to be a label of its own."]
    spared = [i for i, name in enumerate(dataset.names) if not is_of_loudness(name)]
    rows, balanced = [], []
    for question, kept in (
        ("era as the label", list(range(len(dataset.names)))),
        ("the same, without loudness", spared),
    ):
        windows = replace(part.rows, X=part.rows.X[:, kept])
        eras = Problem(windows, y, part.groups, ("before", "after"))
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


def _held_out(eras: Problem, *, seed: int) -> NDArray[np.intp]:
    predicted = np.empty(len(eras.y), dtype=np.intp)
    for split in album_folds(eras.y, eras.groups, n_splits=OUTER_FOLDS, seed=seed):
        outcome = judge(recipe("logistic"), eras, split, seed=seed)
        predicted[outcome.test] = outcome.tracks.argmax(axis=1)
    return predicted
