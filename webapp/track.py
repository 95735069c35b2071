"""One track as its page shows it."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from catalog.browse import (
    COLUMNS,
    TrackFile,
    TrackWindows,
    listed_track,
    raw_tags,
    track_facts,
    track_file,
    track_titles,
    track_windows,
)
from catalog.predictions import (
    WindowPrediction,
    track_prediction,
    track_window_predictions,
)
from catalog.runs import RunFacts
from classify.map.neighbors import nearest
from classify.reports.charts.lines import Frame, Line, lines
from webapp.context import catalog, chosen_run, shared
from webapp.errors import GoneError, NotFoundError
from webapp.filters import printable, words
from webapp.map import Chart
from webapp.uploads import NEIGHBOURS, neighbour

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
    said = track_prediction(catalog(), run.id, track_id)
    if said is None:
        return None
    return {
        "run": run.id,
        "model": run.model,
        "labels": [printable(name) for name in said.probabilities],
        "label": printable(said.label),
        "true_label": said.true_label and printable(said.true_label),
        "right": said.correct,
        "probability": said.p_label,
        "probabilities": list(said.probabilities.values()),
        "out_of_fold": said.out_of_fold,
    }


def _windows(
    track_id: int, windows: TrackWindows, run: RunFacts | None
) -> list[dict[str, Any]]:
    said = track_window_predictions(catalog(), run.id, track_id) if run else {}
    return [
        {
            "start_s": float(windows.start_s[i]),
            "duration_s": float(windows.duration_s[i]),
            "silent": bool(windows.silent[i]),
            **_window_said(said.get(int(number)), run.labels if run else ()),
        }
        for i, number in enumerate(windows.ids)
    ]


def _window_said(
    said: WindowPrediction | None, labels: Sequence[str]
) -> dict[str, Any]:
    if said is None:
        return {"label": None, "series": None, "probability": None}
    best = max(said.probabilities, key=said.probabilities.__getitem__)
    return {
        "label": printable(said.label),
        "series": labels.index(best) if best in labels else len(labels),
        "probability": round(said.probabilities[best], 4),
    }


def _neighbours(track_id: int) -> list[dict[str, Any]]:
    chart = shared().map_worker.look(catalog())
    if not isinstance(chart, Chart):
        return []
    mine = np.flatnonzero(chart.rows.track_ids == track_id)
    if not len(mine):
        return []
    indices, distances = nearest(chart.points, chart.points[mine[:1]], NEIGHBOURS + 1)
    ids = [int(chart.rows.track_ids[i]) for i in indices[0]]
    tracks = track_titles(catalog(), ids)
    near = [
        neighbour(tracks[number], distance)
        for number, distance in zip(ids, distances[0], strict=True)
        if number != track_id and number in tracks
    ]
    return near[:NEIGHBOURS]


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)


media = Blueprint("media", __name__)

TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
    "webm": "audio/webm",
    "matroska": "audio/webm",
}
_OTHER = "application/octet-stream"

GONE = (
    "the file is not where the last scan found it; put it back, "
    "or run `scan` on the folder so that the catalog learns where it went"
)


@media.get("/audio/<int:track_id>")
def audio(track_id: int) -> BaseResponse:
    """Send a track's file, or the range of it that was asked for."""
    place = track_file(catalog(), track_id)
    if place is None:
        raise NotFoundError(f"there is no track {track_id}")
    file = open_track(place)
    size = os.fstat(file.fileno()).st_size
    answer = Response(
        wrap_file(request.environ, file),
        mimetype=TYPES.get(place.container or "", _OTHER),
        direct_passthrough=True,
    )
    answer.content_length = size
    answer.headers["Cache-Control"] = "private, no-cache"
    try:
        return answer.make_conditional(
            request, accept_ranges=True, complete_length=size
        )
    except RequestedRangeNotSatisfiable:
        file.close()
        raise


def open_track(place: TrackFile) -> BinaryIO:
    """Open a track's file for reading.

    Raises
    ------
    GoneError
        It is not there, is no ordinary file, or lies outside its root.
    """
    root = os.path.realpath(place.root)
    path = os.path.realpath(root + b"/" + place.path)
    if os.path.commonpath([root, path]) != root:
        raise GoneError(GONE)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise GoneError(GONE) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise GoneError(GONE)
    return os.fdopen(fd, "rb")


def is_there(place: TrackFile) -> bool:
    """Return whether a track's file can be played."""
    try:
        open_track(place).close()
    except GoneError:
        return False
    return True
