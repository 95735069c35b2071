"""What is said of an upload: whose it sounds like, how surely, and what is near."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.arrays import Rows
from classify.dataset import heard_windows
from classify.draws import draws
from classify.embedding.neighbours import nearest
from classify.map.map import place
from classify.model import UNKNOWN
from classify.sequence_features import sliced
from webapp.filters import printable
from webapp.mapdata import framed_places
from webapp.sandbox import GRID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from catalog.browse import ListedTrack
    from catalog.records import FeatureSetFacts
    from catalog.runs import RunFacts
    from classify.model import Model
    from webapp.map import Chart
    from webapp.sandbox import Measured

NEIGHBOURS = 12


def said_of(
    found: Measured,
    model: Model,
    run: RunFacts,
    facts: FeatureSetFacts,
    *,
    whole: bool,
    seed: int | None = None,
) -> dict[str, Any]:
    """Judge an upload by a stored model.

    Parameters
    ----------
    found : Measured
    model : Model
    run : RunFacts
    facts : FeatureSetFacts
        Of the features of `found`.
    whole : bool
        Whether all of the track is heard, or windows drawn from its middle.
    seed : int or None
        Of the draws; None draws anew each time.

    Raises
    ------
    FeatureSetMismatchError
        The model was taught with other features.
    """
    seed = secrets.randbits(32) if seed is None else seed
    hop_s = float(facts.parameters["hop_s"])
    usable = ~found.silent & np.isfinite(found.vectors).all(axis=1)
    drawn = draws(found.start_s, found.window_s, usable, hop_s=hop_s, seed=seed)
    regular = np.flatnonzero(usable & (np.arange(len(usable)) % GRID == 0))
    heard, slices = _heard(found, model, facts)
    _, of_draws = model.judge(_rows(heard, slices, drawn), facts)
    windows, of_whole = model.judge(_rows(heard, slices, [regular]), facts)
    p = of_whole[0] if whole else of_draws.mean(axis=0)
    best = int(p.argmax())
    threshold = run.parameters.get("unknown_below")
    unsure = threshold is not None and float(p[best]) < float(threshold)
    return {
        "run": run.id,
        "model": run.model,
        "heard": "whole" if whole else "middle",
        "label": UNKNOWN if unsure else printable(model.labels[best]),
        "likeliest": printable(model.labels[best]),
        "probability": round(float(p[best]), 4),
        "labels": [printable(name) for name in model.labels],
        "probabilities": np.round(p, 4).tolist(),
        "draws": {
            "count": len(of_draws),
            "seed": seed,
            "agree": float((of_draws.argmax(axis=1) == best).mean()),
            "low": np.round(of_draws.min(axis=0), 4).tolist(),
            "high": np.round(of_draws.max(axis=0), 4).tolist(),
        },
        "windows": _windows(found, regular, windows, model.labels),
    }


def neighbours_of(
    found: Measured, chart: Chart, tracks: Mapping[int, ListedTrack]
) -> dict[str, Any]:
    """Return the nearest tracks of an upload and its place on the map."""
    usable = ~found.silent & np.isfinite(found.vectors).all(axis=1)
    mean = found.vectors[usable].mean(axis=0, dtype=np.float64)[None]
    query = chart.drawn.basis.project(mean)
    indices, distances = nearest(chart.points, query, NEIGHBOURS)
    xy = place(chart.drawn, mean)
    return {
        "place": framed_places(chart, xy)[0],
        "approximate": True,
        "neighbours": [
            neighbour(tracks[int(chart.rows.track_ids[i])], distance)
            for i, distance in zip(indices[0], distances[0], strict=True)
            if int(chart.rows.track_ids[i]) in tracks
        ],
    }


def neighbour(track: ListedTrack, distance: float) -> dict[str, Any]:
    """Return a near track as a page shows it."""
    return {
        "id": track.id,
        "title": printable(track.title or track.path),
        "artist": printable(track.artist),
        "album": printable(track.album),
        "year": track.year,
        "distance": round(float(distance), 3),
    }


def _heard(
    found: Measured, model: Model, facts: FeatureSetFacts
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Return the columns that the model takes, and the slices of the sequences."""
    span = found.start_s, found.window_s
    names = tuple(facts.names)
    heard, columns = heard_windows(found.vectors, names, *span, found.sequences)
    if columns != tuple(model.columns):  # taught where no sequences were stored
        heard, _ = heard_windows(found.vectors, names, *span, None)
    return heard, sliced(found.sequences, *span)


def _rows(
    heard: NDArray[np.float32],
    slices: NDArray[np.float16],
    groups: list[NDArray[np.intp]],
) -> Rows:
    """Return windows as a model takes them, each group as if it were a track."""
    chosen = np.concatenate(groups)
    return Rows(
        X=heard[chosen],
        track=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        n_tracks=len(groups),
        slices=slices[chosen],
    )


def _windows(
    found: Measured,
    shown: NDArray[np.intp],
    p: NDArray[np.float64],
    labels: tuple[str, ...],
) -> list[dict[str, Any]]:
    return [
        {
            "start_s": float(found.start_s[i]),
            "duration_s": float(found.window_s[i]),
            "label": printable(labels[int(row.argmax())]),
            "series": int(row.argmax()),
            "probability": round(float(row.max()), 4),
        }
        for i, row in zip(shown, p, strict=True)
    ]
