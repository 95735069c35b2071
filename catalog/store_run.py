"""A run on its way into the catalog, with its folds, predictions and fitted models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert

from catalog.database import Catalog
from catalog.datasets import TrackRow
from catalog.model_base import insert_plain
from catalog.models import (
    Artifact,
    FoldScore,
    Run,
    TrackPrediction,
    WindowPrediction,
)
from catalog.runs import FoldFacts, RunFacts, StoredModel

_BATCH = 5000  # rows that are written at once
_KNOWN = ("artist", "album_id", "album", "year", "title", "group_key")
_PREDICTED = (
    "run_id",
    "fold",
    "out_of_fold",
    "true_label",
    "label",
    "p_true",
    "p_label",
    "probabilities",
)

KEPT = 20
"""Of more labels than this a row keeps the most probable ones alone: a matrix of
100 000 tracks and 3 000 labels would be larger than the library's features."""

KEPT_OF_WINDOW = 3
"""The same for a window, of which there are twenty times as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a run predicts of n tracks, or of n windows.

    Attributes
    ----------
    ids : int64, shape (n,)
    fold : intp, shape (n,)
        The outer fold in which it was held out; -1 where the final model predicts.
    true : intp, shape (n,)
        Index of the true label in the run's labels; -1 where there is none.
    label : sequence of str, length n
        What is predicted: a label, or ``"unknown"``.
    p_true : float64, shape (n,)
        NaN where there is no true label.
    p_label : float64, shape (n,)
        Of the most probable label.
    named : intp, shape (n, k)
        The labels whose probabilities are kept, as indices into `names`; -1 for none.
    p : float, shape (n, k)
        Their probabilities.
    names : tuple of str
        All labels that were candidates of any row.
    """

    ids: NDArray[np.int64]
    fold: NDArray[np.intp]
    true: NDArray[np.intp]
    label: Sequence[str]
    p_true: NDArray[np.float64]
    p_label: NDArray[np.float64]
    named: NDArray[np.intp]
    p: NDArray[np.floating]
    names: tuple[str, ...]

    @classmethod
    def from_matrix(
        cls,
        ids: NDArray[np.int64],
        fold: NDArray[np.intp],
        true: NDArray[np.intp],
        p: NDArray[np.floating],
        names: tuple[str, ...],
        *,
        label: Sequence[str] | None = None,
        kept: int = KEPT,
    ) -> Predictions:
        """Make predictions from all probabilities, shape (n, n_labels).

        Parameters
        ----------
        ids, fold, true, names : as the attributes
        p : shape (n, n_labels)
        label : sequence of str, or None
            None: the most probable one of each row.
        kept : int
            How many labels a row keeps where there are more than `KEPT`.
        """
        named, values = most_probable(p, kept)
        best = p.argmax(axis=1) if len(p) else np.zeros(0, dtype=np.intp)
        own = np.take_along_axis(p, np.maximum(true, 0)[:, None], axis=1)[:, 0]
        return cls(
            ids=ids,
            fold=fold,
            true=true,
            label=[names[k] for k in best] if label is None else label,
            p_true=np.where(true >= 0, own, np.nan),
            p_label=p.max(axis=1, initial=0.0).astype(np.float64),
            named=named,
            p=values,
            names=names,
        )


def most_probable(
    p: NDArray[np.floating], kept: int
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Return the `kept` most probable labels of each row, the first in front.

    Of at most `KEPT` labels all are returned, in their own order.

    Returns
    -------
    labels : intp, shape (n, k)
    p : shape (n, k)
    """
    n_labels = p.shape[1]
    if n_labels <= KEPT:
        return np.broadcast_to(np.arange(n_labels), p.shape), p
    some = np.argpartition(-p, kept - 1, axis=1)[:, :kept]
    values = np.take_along_axis(p, some, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return (
        np.take_along_axis(some, order, axis=1),
        np.take_along_axis(values, order, axis=1),
    )


def store_run(
    catalog: Catalog,
    run: RunFacts,
    *,
    folds: Sequence[FoldFacts],
    tracks: Iterable[Predictions],
    windows: Iterable[Predictions],
    models: Sequence[StoredModel],
    known: Iterable[TrackRow],
) -> int:
    """Store a run with all its parts in one transaction; return its id.

    Parameters
    ----------
    tracks, windows : iterable of Predictions
        In parts, so that not all of them need be there at once; nothing is in two.
    known : iterable of TrackRow
        All the tracks of which something is predicted, as the run was given them.
    """
    of_track = {track.id: _known_values(track) for track in known}
    values = {
        "created_at": run.created_at or datetime.now(UTC),
        "label_kind": run.label_kind,
        "model": run.model,
        "seed": run.seed,
        "feature_set_id": run.feature_set_id,
        "dataset_hash": run.dataset_hash,
        "labels": list(run.labels),
        "parameters": dict(run.parameters),
        "versions": dict(run.versions),
        "metrics": dict(run.metrics),
    }
    with catalog.writing() as connection:
        made = insert(Run).values(**values).returning(Run.id)
        number = int(connection.execute(made).scalar_one())
        for table, rows in (
            (FoldScore, [_fold_row(number, fold) for fold in folds]),
            (Artifact, [_artifact_row(number, model) for model in models]),
        ):
            if rows:
                connection.execute(insert(table), rows)
        _store_predictions(connection, number, run.labels, tracks, of_track)
        _store_predictions(connection, number, run.labels, windows, None)
    return number


def _store_predictions(
    connection: Connection,
    run_id: int,
    labels: Sequence[str],
    parts: Iterable[Predictions],
    known: Mapping[int, tuple[Any, ...]] | None,
) -> None:
    """Store predictions of tracks, whose facts are known, or of windows."""
    table: type[TrackPrediction | WindowPrediction] = TrackPrediction
    columns: tuple[str, ...] = ("track_id", *_PREDICTED, *_KNOWN)
    if known is None:
        table, columns = WindowPrediction, ("window_id", *_PREDICTED)
    for part in parts:
        rows = _prediction_rows(run_id, labels, part, known)
        while batch := list(islice(rows, _BATCH)):
            insert_plain(connection, table, columns, batch)


def _known_values(track: TrackRow) -> tuple[Any, ...]:
    return tuple(getattr(track, name) for name in _KNOWN)


def _fold_row(run_id: int, fold: FoldFacts) -> dict[str, Any]:
    names = FoldFacts.__slots__
    return {"run_id": run_id, **{name: getattr(fold, name) for name in names}}


def _artifact_row(run_id: int, model: StoredModel) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "name": model.name,
        "format": model.format,
        "sha256": hashlib.sha256(model.data).hexdigest(),
        "data": model.data,
    }


def _prediction_rows(
    run_id: int,
    labels: Sequence[str],
    predicted: Predictions,
    known: Mapping[int, tuple[Any, ...]] | None,
) -> Iterator[tuple[Any, ...]]:
    """Yield one row an id; tracks with the same audio share windows, predicted once."""
    # A list in the order of the run's labels where that is short, as it always was.
    is_whole = predicted.names == tuple(labels) and len(labels) <= KEPT
    _, first = np.unique(predicted.ids, return_index=True)
    for i in np.sort(first).tolist():
        number, fold = int(predicted.ids[i]), int(predicted.fold[i])
        true, p = int(predicted.true[i]), predicted.p[i].tolist()
        kept: Any = p
        if not is_whole:
            named = predicted.named[i].tolist()
            kept = {
                predicted.names[k]: round(share, 6)
                for k, share in zip(named, p, strict=True)
                if k >= 0
            }
        yield (
            number,
            run_id,
            fold if fold >= 0 else None,
            fold >= 0,
            labels[true] if true >= 0 else None,
            predicted.label[i],
            float(predicted.p_true[i]) if true >= 0 else None,
            float(predicted.p_label[i]),
            json.dumps(kept),
            *(known[number] if known is not None else ()),
        )
