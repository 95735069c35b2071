"""One track as its page shows it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.browse import (
    COLUMNS,
    TrackWindows,
    listed_track,
    listed_tracks,
    raw_tags,
    track_facts,
    track_file,
    track_windows,
    windows_said,
)
from catalog.predictions import tracks_said
from classify.embedding.neighbours import nearest
from classify.pictures.lines import Frame, Line, lines
from webapp.context import catalog, chosen_run, shared
from webapp.errors import NotFoundError
from webapp.filters import printable, words
from webapp.map import Chart
from webapp.media import is_there
from webapp.verdict import NEIGHBOURS, neighbour

if TYPE_CHECKING:
    from catalog.browse import WindowSaid
    from catalog.runs import RunFacts

_LARGEST = 2**31


def track_document(track_id: int) -> dict[str, Any]:
    """Return a track: facts, tags, windows, what was said of it, what is near.

    Raises
    ------
    NotFoundError
        There is no track of this number.
    """
    track = listed_track(catalog(), track_id) if track_id < _LARGEST else None
    if track is None:
        raise NotFoundError(f"there is no track {track_id}")
    run = chosen_run()
    place = track_file(catalog(), track_id)
    windows = track_windows(catalog(), track_id, run.feature_set_id if run else None)
    facts = track_facts(catalog(), track_id)
    return {
        "track": _clean(asdict(track)),
        "facts": _clean({name: _plain(value) for name, value in facts.items()}),
        "tags": [[printable(key), printable(value)] for key, value in tags(track_id)],
        "file_there": place is not None and is_there(place),
        "said": _said(track_id, run),
        "windows": _windows(track_id, windows, run),
        "features": {name: windows.columns[name].tolist() for name in COLUMNS},
        "neighbours": _neighbours(track_id),
    }


def tags(track_id: int) -> list[tuple[str, str]]:
    """Return a track's raw tags."""
    return raw_tags(catalog(), track_id)


def feature_pictures(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (name, picture) of each named column along the track."""
    middles = [w["start_s"] + w["duration_s"] / 2 for w in document["windows"]]
    if len(middles) < 2:
        return []
    frame = Frame(x_name="into the track", width=440, height=150, clock=True)
    return [
        (words(name), lines(f"{words(name)} along the track", [line], frame))
        for name, values in document["features"].items()
        for line in [Line(words(name), middles, values)]
    ]


def _said(track_id: int, run: RunFacts | None) -> dict[str, Any] | None:
    if run is None:
        return None
    found = [one for one in tracks_said(catalog(), run.id) if one.track_id == track_id]
    if not found:
        return None
    (said,) = found
    return {
        "run": run.id,
        "model": run.model,
        "labels": [printable(name) for name in run.labels],
        "label": printable(said.label),
        "true_label": said.true_label and printable(said.true_label),
        "right": said.correct,
        "probability": said.p_label,
        "probabilities": list(said.probabilities),
        "out_of_fold": said.out_of_fold,
    }


def _windows(
    track_id: int, windows: TrackWindows, run: RunFacts | None
) -> list[dict[str, Any]]:
    said = windows_said(catalog(), run.id, track_id) if run else {}
    return [
        {
            "start_s": float(windows.start_s[i]),
            "duration_s": float(windows.duration_s[i]),
            "silent": bool(windows.silent[i]),
            **_window_said(said.get(int(number))),
        }
        for i, number in enumerate(windows.ids)
    ]


def _window_said(said: WindowSaid | None) -> dict[str, Any]:
    if said is None:
        return {"label": None, "series": None, "probability": None}
    best = int(np.argmax(said.probabilities))
    return {
        "label": printable(said.label),
        "series": best,
        "probability": round(said.probabilities[best], 4),
    }


def _neighbours(track_id: int) -> list[dict[str, Any]]:
    chart = shared().atlas.look(catalog())
    if not isinstance(chart, Chart):
        return []
    mine = np.flatnonzero(chart.rows.track_ids == track_id)
    if not len(mine):
        return []
    indices, distances = nearest(chart.points, chart.points[mine[:1]], NEIGHBOURS + 1)
    tracks = {one.id: one for one in listed_tracks(catalog())}
    near = [
        neighbour(tracks[number], distance)
        for i, distance in zip(indices[0], distances[0], strict=True)
        if (number := int(chart.rows.track_ids[i])) != track_id and number in tracks
    ]
    return near[:NEIGHBOURS]


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)
