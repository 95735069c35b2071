"""Whether probabilities mean what they say, and what "unknown" catches."""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.database import Catalog
from catalog.predictions import held_out_predictions
from classify.exceptions import NothingToReportError
from classify.metrics import error_of, reliability_of
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run


def calibration(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return the reliability table of a run: claimed against came true.

    Raises
    ------
    NothingToReportError
        There is no run, or it judged no labelled track.
    """
    run = select_run(catalog, run_id)
    said = held_out_predictions(catalog, run.id)
    if not said:
        raise NothingToReportError(f"run {run.id} judged no labelled track")
    claimed = np.array([track.p_label for track in said])
    rows = reliability_of(claimed, np.array([bool(track.correct) for track in said]))
    return Table(
        title=f"Claimed and come true ({run.label_kind}, {run.model})",
        columns=(
            Column("from", "share"),
            Column("to", "share"),
            Column("tracks", "count"),
            Column("claimed", "share"),
            Column("came_true", "share"),
        ),
        rows=tuple(rows),
        notes=(
            "Probability of the named label, calibrated inside the folds on albums "
            "that the members never heard.",
            f"Expected calibration error {error_of(rows):.3f}, "
            f"Brier score {run.metrics['brier']:.3f}.",
        ),
        source=describe_run(run),
    )


def unknown(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return how many tracks of labels that were left out "unknown" catches.

    Raises
    ------
    NothingToReportError
        There is no run, or it had too few labels to leave one out.
    """
    run = select_run(catalog, run_id)
    figures = run.metrics.get("unknown")
    if not figures:
        raise NothingToReportError(
            f"run {run.id} has too few labels to leave one out; three are needed"
        )
    opened = run.metrics.get("open")
    rows = [(label, n, r, r / n) for label, n, r in figures["rejected"]]
    tracks, rejected = sum(r[1] for r in rows), sum(r[2] for r in rows)
    accuracy = figures["accuracy_kept"]
    right = "none of them" if accuracy is None else f"{accuracy:.2f} of them"
    return Table(
        title=f"Tracks of labels that were not learned ({run.label_kind}, {run.model})",
        columns=(
            Column("left_out"),
            Column("tracks", "count"),
            Column("rejected", "count"),
            Column("share", "share"),
        ),
        rows=tuple(rows),
        total=("all", tracks, rejected, rejected / tracks),
        notes=(
            *(
                _none_of_them(opened, figures["threshold"])
                if opened
                else _threshold(figures, 1 - rejected / tracks)
            ),
            f"It keeps {figures['known_kept']:.0%} of the tracks of known labels, and "
            f"{right} are right.",
        ),
        source=describe_run(run),
    )


def _none_of_them(opened: dict[str, Any], below: float) -> tuple[str, str]:
    """Say when a track is called unknown by a model that knows of none of them."""
    whose = "Each label in turn is left out of the training, its tracks are judged."
    if opened["outsiders_are_single"]:
        whose = "Labels with one album: it is taken out, and its tracks are judged."
    also = f", or if no label reaches {below:.3f}" if below else ""
    return (
        whose,
        'A track is called unknown where "none of them" is more probable than every '
        f"label{also}; before it is heard, that is {opened['unknown_prior']:.3f}. Over "
        f"all thresholds the area under the curve is {opened['auroc']:.2f}.",
    )


def _threshold(figures: dict[str, Any], through: float) -> tuple[str, str]:
    """Say where a threshold comes from, and what share of outsiders it let through."""
    if figures["target"] is None:
        return (
            "Each label in turn is left out of the training, its tracks are judged.",
            f"The threshold {figures['threshold']:.3f} was asked for; {through:.0%} of "
            "such tracks came through.",
        )
    return (
        "Each label in turn is left out of the training; the threshold that "
        "rejects its tracks was set on the other labels alone.",
        f"The default threshold is {figures['threshold']:.3f}, for letting "
        f"{figures['target']:.0%} of such tracks through; {through:.0%} came through.",
    )
