"""The report that compares all models on the same folds of the same library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.predictions import TrackPrediction, held_out_predictions
from catalog.runs import RunFacts
from classify.metrics import holm, paired_test
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, load_comparable_runs, select_run

COLUMNS = (
    Column("model", whole=True),
    Column("run", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
    Column("balanced", "share"),
    Column("macro_f1", "share"),
    Column("brier", "share"),
    Column("cal_error", "share"),
    Column("flattering", "share"),
    Column("fit_s", "number"),
    Column("predict_s", "number"),
    Column("p_vs_best", "share"),
)


def models(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row for each model that was evaluated like a run, the best first.

    Raises
    ------
    NothingToReportError
        There is no run.
    """
    run = select_run(catalog, run_id)
    runs = load_comparable_runs(catalog, run)
    held_out = {r.id: _held_out(catalog, r.id) for r in runs}
    correct = {
        number: np.array([bool(track.correct) for track in tracks])
        for number, tracks in held_out.items()
    }
    album_keys = [track.group_key for track in held_out[run.id]]
    return compare_runs(runs, correct, album_keys, described=run)


def compare_runs(
    runs: Iterable[RunFacts],
    correct: Mapping[int, NDArray[np.bool_]],
    album_keys: Sequence[str],
    *,
    described: RunFacts,
) -> Table:
    """Return a row for each of some runs on the same tracks and folds, the best first.

    Parameters
    ----------
    runs : iterable of RunFacts
    correct : mapping of a run's number to bool, shape (n_tracks,)
        Which tracks it gets right, held out by album.
    album_keys : sequence of str, length n_tracks
        Of the tracks.
    described : RunFacts
        The run that the table names.
    """
    first, *others = sorted(
        runs, key=lambda run: (-run.metrics["balanced_accuracy"], run.model)
    )
    _, groups = np.unique(album_keys, return_inverse=True)
    p_values = [
        paired_test(correct[first.id], correct[run.id], groups, seed=described.seed)
        for run in others
    ]
    compared = list(zip(others, holm(p_values), strict=True))
    worse = [run.model for run, p in compared if p < 0.05]
    return Table(
        title=f"Models ({described.label_kind}, {len(album_keys)} tracks)",
        columns=COLUMNS,
        rows=(_row(first, None), *(_row(run, p) for run, p in compared)),
        notes=(
            "Runs on the same tracks, labels and folds; by balanced accuracy.",
            *_compared(first.model, len(others), worse),
            "flattering: over windows split at random, so that the same song stands on "
            "both sides and is recognised, not the label.",
            "CPU seconds are of all outer folds, the inner choice among the fit.",
        ),
        source=describe_run(described),
    )


def _compared(best: str, others: int, worse: list[str]) -> tuple[str, ...]:
    if not others:
        return (
            "One model alone; `classify --all --model all` judges the others, too.",
        )
    times = "one comparison" if others == 1 else f"{others} comparisons"
    return (
        "p: a paired permutation test over albums against the first row, adjusted for "
        f"{times} (Holm).",
        f"Different beyond chance from {best}: {', '.join(worse)}."
        if worse
        else f"No model differs from {best} beyond chance.",
    )


def _held_out(catalog: Catalog, run_id: int) -> list[TrackPrediction]:
    found = held_out_predictions(catalog, run_id)
    return sorted(found, key=lambda track: track.track_id)


def _row(run: RunFacts, p: float | None) -> tuple[object, ...]:
    m = run.metrics
    return (
        run.model,
        run.id,
        m["accuracy"],
        *(m["interval"] or (None, None)),
        m["balanced_accuracy"],
        m["macro_f1"],
        m["brier"],
        m["calibration_error"],
        m["flattering"],
        m["fit_cpu_s"],
        m["predict_cpu_s"],
        p,
    )
