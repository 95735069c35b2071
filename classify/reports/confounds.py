"""The report of confounds: labels learned from facts about the files alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalog.audio_facts import audio_facts
from catalog.database import Catalog
from classify.arrays import majority_baseline
from classify.confounds import (
    ConfoundAudit,
    audit_confounds,
    audit_metrics,
    sample_labels,
    score_facts,
    warn_of_confounds,
)
from classify.file_facts import KINDS, fact_table, suspicion_of
from classify.folds import OUTER_FOLDS, album_folds
from classify.labels import decade_of
from classify.refit import load_run_data
from classify.reports.table import Column, Table
from classify.stored_runs import describe_run, select_run

COLUMNS = (
    Column("of"),
    Column("name"),
    Column("tracks", "count"),
    Column("accuracy", "share"),
    Column("carried_by"),
)
_NAMED = 3


def confounds(catalog: Catalog, run_id: int | None = None) -> Table:
    """Return what facts about the files reach under the folds of a run.

    Raises
    ------
    NothingToReportError
        There is no run, or the library changed since.
    """
    run = select_run(catalog, run_id)
    data = load_run_data(catalog, run)
    labels = sample_labels(data.dataset, seed=run.seed)
    inside = np.flatnonzero(np.isin(data.dataset.y, labels))
    dataset = data.dataset.of_tracks(inside)
    tracks = [data.tracks[i] for i in inside.tolist()]
    facts = audio_facts(catalog, run.feature_set_id)
    known = [facts[track.id] for track in tracks]
    table = fact_table(known)
    folds = album_folds(dataset.y, dataset.groups, n_splits=OUTER_FOLDS, seed=run.seed)
    audit = audit_confounds(dataset, table, folds, seed=run.seed)
    single = {
        fact: score_facts(dataset, table, [fact], folds, seed=run.seed).mean()
        for fact in table.names()
    }
    ranked = sorted(single, key=lambda fact: -single[fact])
    n = len(dataset.y)
    eras = np.array([decade_of(track) or "no year" for track in tracks])
    of_labels = np.array(dataset.labels)[dataset.y]
    whole = np.arange(n, dtype=np.intp)
    baseline = majority_baseline(dataset)
    reached = audit_metrics(dataset, audit, seed=run.seed)
    accuracy = run.metrics.get("audited_accuracy", run.metrics["accuracy"])
    warning = warn_of_confounds(reached, accuracy, baseline)
    drawn = ""
    if len(labels) < len(data.dataset.labels):
        drawn = f"Among {len(labels)} of {len(data.dataset.labels)} labels, drawn. "
    return Table(
        title=f"What the files give away without the music ({run.label_kind})",
        columns=COLUMNS,
        rows=(
            _scope("all facts", "", audit, whole),
            *(
                ("fact alone", fact, n, float(single[fact]), KINDS[fact])
                for fact in ranked
            ),
            *_scopes("label", of_labels, audit),
            *_scopes("era", eras, audit),
        ),
        notes=(
            *([f"Warning: {warning}."] if warning else []),
            f"{drawn}Accuracy over held-out albums, in folds of albums; always the "
            f"most frequent label would be right for {baseline:.2f}, "
            f"{run.model} for {accuracy:.2f}.",
            "Carried by: the accuracy of each kind of facts alone, the best first; of "
            "a single fact, the kind that it belongs to.",
            *_suspected([suspicion_of(one) for one in known]),
        ),
        source=describe_run(run),
    )


def _scopes(
    kind: str, names: NDArray[np.str_], audit: ConfoundAudit
) -> list[tuple[object, ...]]:
    return [
        _scope(kind, str(name), audit, np.flatnonzero(names == name))
        for name in np.unique(names)
    ]


def _scope(
    kind: str, name: str, audit: ConfoundAudit, tracks: NDArray[np.intp]
) -> tuple[object, ...]:
    best = list(audit.rank_kinds(tracks).items())[:_NAMED]
    carried = ", ".join(f"{of} {accuracy:.2f}" for of, accuracy in best)
    return kind, name, len(tracks), float(audit.right[tracks].mean()), carried or None


def _suspected(suspected: list[str]) -> tuple[str, ...]:
    parts = [
        f"{suspected.count(kind)} {kind}"
        for kind in ("transcoded", "upsampled")
        if kind in suspected
    ]
    if not parts:
        return ()
    return (
        f"Suspected, by a steep upper edge that the format need not have: "
        f"{', '.join(parts)}.",
    )
