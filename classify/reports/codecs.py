"""Reports on lossy codecs: flipped predictions and drifting features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
    track_spread,
)
from classify.exceptions import NothingToReportError
from classify.folds import Split
from classify.model import Model
from classify.refit import Studied, load_run_data, refit_folds
from classify.reports.table import Column, Table
from classify.runs import describe_run, load_comparable_runs, select_run

_MOST_MOVED = 5


def codec_flips(catalog: Catalog, run_id: int | None = None) -> Table:
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
            *dict.fromkeys(_training_note(run) for run in runs),
        ),
        source=describe_run(chosen),
    )


def _rows(catalog: Catalog, run: RunFacts) -> Iterator[tuple[object, ...]]:
    """Yield a row for each variant that a run's models are shown."""
    run_data, pairs = _load_pairs(catalog, run)
    models = refit_folds(catalog, run, run_data.data)
    for pair_set in pairs:
        predictions, tracks = predict_pairs(pair_set, models, run_data)
        found = count_flips(predictions, run_data.data.dataset.y[tracks])
        yield (
            pair_set.variant,
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
            ", ".join(
                most_moved_features(_drift(pair_set, run_data), run_data.data.names)
            ),
        )


def feature_drift(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how far re-encoding moves each feature, the worst first.

    Raises
    ------
    NothingToReportError
        There is no run, no variant, or the library changed since the run.
    """
    run = select_run(catalog, run_id)
    run_data, pairs = _load_pairs(catalog, run)
    drifts = [_drift(pair_set, run_data) for pair_set in pairs]
    worst = np.max([drift.size for drift in drifts], axis=0)
    rows = []
    for k in np.argsort(-worst, kind="stable"):
        at = max(drifts, key=lambda drift: drift.size[k])
        sizes = (float(drift.size[k]) for drift in drifts)
        rows.append((run_data.data.names[k], *sizes, float(at.bias[k])))
    return Table(
        title="How far re-encoding moves the features",
        columns=(
            Column("feature"),
            *(Column(pair_set.variant, "number") for pair_set in pairs),
            Column("bias", "number"),
        ),
        rows=tuple(rows),
        notes=(
            "Root mean square change of a window, in units of the feature's standard "
            "deviation between tracks: 1 is as much as lies between two tracks.",
            "Bias: the mean change under the worst of the variants.",
            _training_note(run),
        ),
        source=describe_run(run),
    )


def _training_note(run: RunFacts) -> str:
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


def predict_pairs(
    pairs: CodecPairs, models: list[tuple[Split, Model]], run_data: Studied
) -> tuple[PairPredictions, np.typing.NDArray[np.intp]]:
    """Judge both of every pair by the model of the fold that holds the track out.

    Returns
    -------
    predictions : PairPredictions
    tracks : intp, shape (n_tracks,)
        Of the dataset, in the order of the judgements.
    """
    facts = run_data.data.feature_set
    before, after, tracks = [], [], []
    for fold, model in models:
        part = pairs.of_tracks(fold.test)
        if len(part.tracks):
            before.append(model.predict_proba(part.original, facts))
            after.append(model.predict_proba(part.coded, facts))
            tracks.append(part.tracks)
    windows, of_tracks = (
        (
            np.concatenate([result[k] for result in before]),
            np.concatenate([result[k] for result in after]),
        )
        for k in (0, 1)
    )
    return PairPredictions(windows, of_tracks), np.concatenate(tracks)


def most_moved_features(found: Drift, names: tuple[str, ...]) -> list[str]:
    """Return the names of the features that move most."""
    return [names[k] for k in np.argsort(-found.size, kind="stable")[:_MOST_MOVED]]


def _drift(pairs: CodecPairs, run_data: Studied) -> Drift:
    rows: Windows = run_data.data.dataset.windows
    return measure_drift(pairs.original, pairs.coded, track_spread(rows))


def _load_pairs(
    catalog: Catalog, run: RunFacts
) -> tuple[Studied, tuple[CodecPairs, ...]]:
    run_data = load_run_data(catalog, run)
    slices = run_data.data.dataset.windows.slices is not None
    pairs = load_codec_pairs(
        catalog, run_data.library, run_data.sequences, run_data.data, slices=slices
    )
    if not pairs:
        raise NothingToReportError(NO_VARIANTS)
    return run_data, pairs
