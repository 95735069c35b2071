"""Stored runs found again: the one that was asked for, and those that compare to it."""

from __future__ import annotations

from typing import Any

from catalog.database import Catalog
from catalog.runs import RunFacts, load_run, load_runs
from classify.exceptions import NothingToReportError


def select_run(catalog: Catalog, run_id: int | None) -> RunFacts:
    """Return the run asked for; without an id the newest beyond the baseline.

    Raises
    ------
    NothingToReportError
        There is none.
    """
    run = load_run(catalog, run_id)
    if run is not None:
        return run
    if run_id is None:
        raise NothingToReportError(
            "the catalog holds no run yet; make one with `classify --all`"
        )
    raise NothingToReportError(
        f"--run {run_id}: there is no such run; leave it out for the newest"
    )


def load_comparable_runs(catalog: Catalog, run: RunFacts) -> list[RunFacts]:
    """Return the newest run of each model on the tracks, labels and folds of a run."""
    newest: dict[str, RunFacts] = {}
    for other in load_runs(catalog):
        if _question(other) == _question(run):
            newest[other.model] = other
    return list(newest.values())


def _question(run: RunFacts) -> tuple[str, str, int]:
    return run.dataset_hash, run.label_kind, run.seed


def describe_run(run: RunFacts) -> dict[str, Any]:
    """Return what identifies a run, for the foot of a report."""
    return {
        "run": run.id,
        "model": run.model,
        "label": run.label_kind,
        "seed": run.seed,
        "created_at": run.created_at.isoformat() if run.created_at else None,
    }
