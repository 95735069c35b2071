"""Runs of models of albums: fitted on all tracks, stored with all predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.runs import FoldFacts, RunFacts
from catalog.store_run import Predictions, store_run
from classify import model as artifacts
from classify.album_evaluation import BATCH, AlbumEvaluation
from classify.metrics import balanced_accuracy, macro_f1
from classify.model import UNKNOWN, Member, Model, package_versions
from classify.models.albums import FittedAlbumModel
from classify.models.cosine import CosineClassifier
from classify.models.hierarchical import HierarchicalGaussian
from classify.selection import dataset_hash
from classify.settings import TrainingSettings
from classify.track_data import TrackData, pool_windows
from classify.window_verdicts import (
    N_BLOCKS,
    WindowScatter,
    block_of_tracks,
    predict_windows,
)

Integers = NDArray[np.intp]
Stage = Callable[[str, int, int], None]


def fit_album_model(
    name: str, data: TrackData, scatter: WindowScatter, unknown_prior: float
) -> FittedAlbumModel:
    """Fit a model on all tracks that have a label."""
    tracks, chosen = data.learned, data.selection
    X, y, groups = data.X[tracks], chosen.y[tracks], chosen.groups[tracks]
    if name == "cosine":
        return FittedAlbumModel(
            CosineClassifier().fit(X, y, groups), len(chosen.learned)
        )
    estimator = HierarchicalGaussian(unknown_prior=unknown_prior).fit(
        X,
        y,
        groups,
        window_covariance=scatter.covariance(),
        n_windows=data.effective_windows[tracks],
    )
    return FittedAlbumModel(estimator, len(chosen.learned))


def store_album_run(
    catalog: Catalog,
    data: TrackData,
    evaluation: AlbumEvaluation,
    settings: TrainingSettings,
    metrics: Mapping[str, Any],
    *,
    on_progress: Stage,
) -> RunFacts:
    """Fit an evaluated model on all tracks, and store all as a run.

    Parameters
    ----------
    catalog : Catalog
    data : TrackData
    evaluation : AlbumEvaluation
    settings : TrainingSettings
    metrics : mapping
        Further ones, which are not of this model.
    on_progress : callable of (stage, done, total)
        ``"pooling"``, ``"windows"``.
    """
    blocks = block_of_tracks(data, evaluation)
    scatter = WindowScatter(
        *pool_windows(
            catalog,
            data,
            blocks,
            on_progress=lambda done, total: on_progress("pooling", done, total),
        )
    )
    prior = evaluation.left_out.unknown_prior
    final = fit_album_model(evaluation.name, data, scatter, prior)
    run = _run_facts(data, evaluation, final, settings, metrics)
    facts = data.library.feature_set
    model = Model(
        data.selection.learned,
        (Member(evaluation.name, final, 1.0, 1.0),),
        1.0,
        facts.version,
        tuple(facts.names),
        data.columns,
    )
    with_rest = settings.everything and len(data.rest) > 0
    tracks = [_held_out(data, evaluation, blocks, settings.unknown_below or 0.0)]
    if with_rest:
        tracks += _rest(data, final, settings.unknown_below or 0.0)
    known = np.concatenate([evaluation.tracks, data.rest])
    number = store_run(
        catalog,
        run,
        folds=list(_fold_facts(data, evaluation, blocks)),
        tracks=tracks,
        windows=predict_windows(
            catalog,
            data,
            evaluation,
            final,
            scatter,
            with_rest=with_rest,
            on_progress=lambda done, total: on_progress("windows", done, total),
        ),
        models=[artifacts.dump(model)],
        known=data.rows(known),
    )
    return replace(run, id=number)


def _run_facts(
    data: TrackData,
    evaluation: AlbumEvaluation,
    final: FittedAlbumModel,
    settings: TrainingSettings,
    metrics: Mapping[str, Any],
) -> RunFacts:
    dataset, tracks = data.judged_dataset()
    rests_on = getattr(final.estimator, "rests_on_", {})
    return RunFacts(
        label_kind=settings.rule,
        model=evaluation.name,
        seed=settings.seed,
        feature_set_id=data.library.feature_set_id,
        dataset_hash=dataset_hash(data.library.feature_set, data.rows(tracks), dataset),
        labels=data.selection.labels,
        parameters={
            "only": list(settings.only),
            "setting": {},
            "temperature": 1.0,
            "unknown_below": settings.unknown_below,
            "unknown_prior": evaluation.left_out.unknown_prior,
            "validation": settings.validation,
            "unit": data.selection.unit,
            "rests_on": {k: [int(n), float(w)] for k, (n, w) in rests_on.items()},
            "notes": [],
            "steadied": {},
        },
        versions=package_versions(),
        metrics={**evaluation.metrics, **metrics},
        created_at=datetime.now(UTC),
    )


def _fold_facts(
    data: TrackData, evaluation: AlbumEvaluation, blocks: Integers
) -> Iterator[FoldFacts]:
    """Yield how each block of albums was judged."""
    known = evaluation.left_out.is_known
    of = blocks[evaluation.tracks]
    groups = data.selection.groups[evaluation.tracks]
    for b in range(N_BLOCKS):
        inside = known & (of == b)
        if not inside.any():
            continue
        y = evaluation.left_out.y[inside]
        found = evaluation.verdicts.closed[inside]
        yield FoldFacts(
            fold=b,
            tracks=len(y),
            albums=len(np.unique(groups[inside])),
            accuracy=float((found == y).mean()),
            balanced_accuracy=balanced_accuracy(y, found),
            macro_f1=macro_f1(y, found),
            parameters={"setting": {}, "temperature": 1.0},
            fit_cpu_s=0.0,
            predict_cpu_s=0.0,
        )


def _held_out(
    data: TrackData, evaluation: AlbumEvaluation, blocks: Integers, below: float
) -> Predictions:
    """Return what is said of the learned tracks, none of whose albums was learned from.

    Of those whose label can be judged the closed verdict; of the others, whose label
    has no other album, the open one.
    """
    verdicts, left_out = evaluation.verdicts, evaluation.left_out
    names, known = data.selection.learned, left_out.is_known
    words = [
        names[closed] if is_known else _name_open(names, opened, p_open, below)
        for is_known, closed, opened, p_open in zip(
            known.tolist(),
            verdicts.closed.tolist(),
            verdicts.open.tolist(),
            verdicts.p_open.tolist(),
            strict=True,
        )
    ]
    return Predictions(
        ids=_ids(data, evaluation.tracks),
        fold=blocks[evaluation.tracks],
        true=data.selection.judged_y[evaluation.tracks],
        label=words,
        p_true=verdicts.p_true,
        p_label=np.where(known, verdicts.p_closed, verdicts.p_open),
        named=verdicts.named,
        p=verdicts.p,
        names=names,
    )


def _rest(
    data: TrackData, final: FittedAlbumModel, below: float
) -> Iterator[Predictions]:
    """Yield what the final model says of tracks without a label, in batches."""
    names = data.selection.learned
    for tracks in np.array_split(data.rest, len(data.rest) // BATCH + 1):
        if isinstance(final.estimator, HierarchicalGaussian):
            both = np.exp(final.estimator.predict_open_log_proba(data.X[tracks]))
        else:
            p = final.estimator.predict_proba(data.X[tracks])
            both = np.append(p, np.zeros((len(p), 1)), axis=1)
        none = np.full(len(tracks), -1, dtype=np.intp)
        words = [
            _name_open(names, int(row.argmax()), float(row[:-1].max()), below)
            for row in both
        ]
        yield Predictions.from_matrix(
            _ids(data, tracks), none, none, both[:, :-1], names, label=words
        )


def _name_open(names: tuple[str, ...], best: int, p: float, below: float) -> str:
    return UNKNOWN if best == len(names) or p < below else names[best]


def _ids(data: TrackData, tracks: Integers) -> NDArray[np.int64]:
    rows = data.rows(tracks)
    return np.array([row.id for row in rows], dtype=np.int64)
