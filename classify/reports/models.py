"""Comparison of all models on the same folds of the same library."""

from __future__ import annotations

import numpy as np

from catalog.database import Catalog
from catalog.predictions import TrackPrediction, track_predictions
from catalog.runs import RunFacts
from classify.metrics import holm, paired_test
from classify.reports.table import Column, Table
from classify.runs import describe_run, load_comparable_runs, select_run

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


def model_comparison(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return a row for each model that was judged like a run, the best first.

    Raises
    ------
    NothingToReportError
        There is no run.
    """
    run = select_run(catalog, run_id)
    runs = sorted(
        load_comparable_runs(catalog, run),
        key=lambda r: (-r.metrics["balanced_accuracy"], r.model),
    )
    predictions = {r.id: _held_out_predictions(catalog, r.id) for r in runs}
    best_run = predictions[runs[0].id]
    _, groups = np.unique([t.group_key for t in best_run], return_inverse=True)
    right = {r.id: np.array([bool(t.correct) for t in predictions[r.id]]) for r in runs}
    p_values = [
        paired_test(right[runs[0].id], right[r.id], groups, seed=run.seed)
        for r in runs[1:]
    ]
    p_by_run: list[float | None] = [None, *holm(p_values)]
    worse = [
        r.model
        for r, p in zip(runs, p_by_run, strict=True)
        if p is not None and p < 0.05
    ]
    return Table(
        title=f"Models ({run.label_kind}, {len(best_run)} tracks)",
        columns=COLUMNS,
        rows=tuple(_row(r, p) for r, p in zip(runs, p_by_run, strict=True)),
        notes=(
            "Runs on the same tracks, labels and folds; by balanced accuracy.",
            *_comparison_notes(runs[0].model, len(p_values), worse),
            "flattering: over windows split at random, so that the same song stands on "
            "both sides and is recognised, not the label.",
            "CPU seconds are of all outer folds, the inner choice among the fit.",
        ),
        source=describe_run(run),
    )


def _comparison_notes(best_run: str, others: int, worse: list[str]) -> tuple[str, ...]:
    if not others:
        return (
            "One model alone; `classify --all --model all` judges the others, too.",
        )
    times = "one comparison" if others == 1 else f"{others} comparisons"
    return (
        "p: a paired permutation test over albums against the first row, adjusted for "
        f"{times} (Holm).",
        f"Different beyond chance from {best_run}: {', '.join(worse)}."
        if worse
        else f"No model differs from {best_run} beyond chance.",
    )


def _held_out_predictions(catalog: Catalog, run_id: int) -> list[TrackPrediction]:
    predictions = [t for t in track_predictions(catalog, run_id) if t.out_of_fold]
    return sorted(predictions, key=lambda t: t.track_id)


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
