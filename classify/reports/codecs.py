"""Reports of lossy codecs: labels that change, features that drift."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from catalog.audio_facts import variant_counts
from catalog.database import Catalog
from catalog.runs import RunFacts
from classify.arrays import CodecPairs, Windows
from classify.codec_pairs import (
    NO_VARIANTS,
    Drift,
    PairPredictions,
    count_flips,
    load_codec_pairs,
    measure_drift,
    measure_spread,
)
from classify.dataset import TrainingData
from classify.exceptions import NothingToReportError
from classify.folds import Fold
from classify.model import Model
from classify.refit import load_run_data, refit_folds
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, load_comparable_runs, select_run

_WORST = 5


def label_flips(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how often models change their mind over a re-encoding.

    Parameters
    ----------
    catalog : Catalog
    run_id : int or None
        One run; None for every model that was judged like the newest.

    Raises
    ------
    NothingToReportError
        There is no run, no variant, or the library changed since the run.
    """
    chosen = select_run(catalog, run_id)
    runs = [chosen] if run_id is not None else load_comparable_runs(catalog, chosen)
    rows = [row for run in runs for row in _rows(catalog, run)]
    what = chosen.model if len(runs) == 1 else f"{len(runs)} models"
    return Table(
        title=f"What re-encoding does to {what}",
        columns=(
            Column("variant", whole=True),
            Column("model"),
            Column("tracks", "count"),
            Column("windows", "count"),
            Column("windows_flipped", "number"),
            Column("tracks_flipped", "number"),
            Column("mean_change", "number"),
            Column("accuracy_original", "share"),
            Column("accuracy", "share"),
            Column("balanced_original", "share"),
            Column("balanced", "share"),
            Column("most_moved"),
        ),
        rows=tuple(rows),
        notes=(
            "Flipped: the share whose best label is another one after re-encoding. "
            "Both times a track is judged by the model that never heard its album.",
            "Mean change: of the true label's probability, over tracks. "
            "`report --drift` shows how far each feature moves.",
            *dict.fromkeys(_learned_from(run) for run in runs),
        ),
        source=describe_run(chosen),
    )


def _rows(catalog: Catalog, run: RunFacts) -> Iterator[tuple[object, ...]]:
    """Yield a row for each variant that a run's models are shown."""
    known, pairs = _loaded(catalog, run)
    models = refit_folds(catalog, run, known)
    for one in pairs:
        judged, tracks = judge_pairs(one, models, known)
        found = count_flips(judged, known.dataset.y[tracks])
        yield (
            one.variant,
            run.model,
            found.tracks,
            found.windows,
            found.windows_flipped,
            found.tracks_flipped,
            found.mean_change,
            found.accuracy_before,
            found.accuracy,
            found.balanced_before,
            found.balanced,
            ", ".join(worst_features(_drift(one, known), known.columns)),
        )


def feature_drift(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how far re-encoding moves each feature, the worst first.

    Raises
    ------
    NothingToReportError
        There is no run, no variant, or the library changed since the run.
    """
    run = select_run(catalog, run_id)
    known, pairs = _loaded(catalog, run)
    found = [_drift(one, known) for one in pairs]
    worst = np.max([one.size for one in found], axis=0)
    rows = []
    for k in np.argsort(-worst, kind="stable"):
        at = max(found, key=lambda one: one.size[k])
        sizes = (float(one.size[k]) for one in found)
        rows.append((known.columns[k], *sizes, float(at.bias[k])))
    return Table(
        title="How far re-encoding moves the features",
        columns=(
            Column("feature"),
            *(Column(one.variant, "number") for one in pairs),
            Column("bias", "number"),
        ),
        rows=tuple(rows),
        notes=(
            "Root mean square change of a window, in units of the feature's standard "
            "deviation between tracks: 1 is as much as lies between two tracks.",
            "Bias: the mean change under the worst of the variants.",
            _learned_from(run),
        ),
        source=describe_run(run),
    )


def _learned_from(run: RunFacts) -> str:
    """Say whether the run's models know what is shown here."""
    steadied = run.parameters.get("steadied")
    if not steadied:
        return (
            "The models of this run learned from originals alone. `classify` lets them "
            "learn from re-encodings by three codecs or more what to distrust; "
            "`classify --steady` from fewer, too."
        )
    known = ", ".join(f"{name} ({n} tracks)" for name, n in steadied.items())
    return (
        f"Steadied: each fold's models learned from {known} in which directions coding "
        "moves features, from the tracks of the training side alone, and trust these "
        "less. `classify --no-steady` does without."
    )


def judge_pairs(
    pairs: CodecPairs, models: list[tuple[Fold, Model]], known: TrainingData
) -> tuple[PairPredictions, np.typing.NDArray[np.intp]]:
    """Judge both of every pair by the model of the fold that holds the track out.

    Returns
    -------
    judged : PairPredictions
    tracks : intp, shape (n_tracks,)
        Of the dataset, in the order of the judgements.
    """
    facts = known.feature_set
    before, after, tracks = [], [], []
    for fold, model in models:
        part = pairs.of_tracks(fold.test)
        if len(part.tracks):
            before.append(model.predict_proba(part.original, facts))
            after.append(model.predict_proba(part.coded, facts))
            tracks.append(part.tracks)
    windows, of_tracks = (
        (
            np.concatenate([said[k] for said in before]),
            np.concatenate([said[k] for said in after]),
        )
        for k in (0, 1)
    )
    return PairPredictions(windows, of_tracks), np.concatenate(tracks)


def worst_features(found: Drift, names: tuple[str, ...]) -> list[str]:
    """Return the names of the features that move most."""
    return [names[k] for k in np.argsort(-found.size, kind="stable")[:_WORST]]


def _drift(pairs: CodecPairs, known: TrainingData) -> Drift:
    rows: Windows = known.dataset.windows
    return measure_drift(pairs.original, pairs.coded, measure_spread(rows))


def _loaded(
    catalog: Catalog, run: RunFacts
) -> tuple[TrainingData, tuple[CodecPairs, ...]]:
    if not variant_counts(catalog, run.feature_set_id):
        raise NothingToReportError(NO_VARIANTS)  # before the library is read
    known = load_run_data(catalog, run)
    slices = known.dataset.windows.slices is not None
    pairs = load_codec_pairs(catalog, known, slices=slices)
    if not pairs:
        raise NothingToReportError(NO_VARIANTS)
    return known, pairs
