"""JSON interface for programs: map, tracks, albums, artists, reports."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from catalog.browse import listed_tracks, state
from catalog.maps import Level
from catalog.predictions import track_predictions
from webapp.context import (
    catalog,
    chosen_run,
    integer_argument,
    matching_tracks,
    shared,
)
from webapp.errors import NotFoundError, NotReadyError, WebError
from webapp.filters import printable
from webapp.map import Chart, feature_values, map_document
from webapp.map_worker import Progress
from webapp.reports import (
    artist_choice,
    find_report,
    find_report_job,
    is_training_report,
    make_table,
    start_report,
    table_document,
)
from webapp.track import track_document

api = Blueprint("api", __name__, url_prefix="/api")
_DOCUMENT = Path(__file__).with_name("openapi.json")

PAGE_OF_TRACKS = 100
MOST_TRACKS = 1000
_CACHED_ANSWERS = 8
_LARGEST = 2**31 - 1


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document: the file beside this one, with the version."""
    loaded: dict[str, Any] = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    loaded["info"]["version"] = version("sonicat")
    return loaded


@api.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """Describe this interface."""
    return document()


@api.get("/map")
def map_() -> BaseResponse | tuple[dict[str, Any], int]:
    """Return the points of the map, or how far its drawing is (202)."""
    level = _level()
    run = chosen_run()
    chart = shared().map_worker.get_chart(catalog(), level)
    if isinstance(chart, Progress):
        if chart.error:
            raise NotReadyError(chart.error)
        return {"drawing": chart.share}, 202
    key = ("map", chart, state(catalog()), run and run.id)
    return _cached_answer(key, lambda: _map_document(chart, run))


def _map_document(chart: Chart, run: Any) -> dict[str, Any]:
    tracks = {track.id: track for track in listed_tracks(catalog())}
    predictions = [] if run is None else track_predictions(catalog(), run.id)
    return map_document(chart, tracks, run, predictions)


@api.get("/map/values")
def map_values() -> BaseResponse | tuple[dict[str, Any], int]:
    """Return one feature of every point of the map."""
    chart = shared().map_worker.get_chart(catalog(), _level())
    if isinstance(chart, Progress):
        if chart.error:
            raise NotReadyError(chart.error)
        return {"drawing": chart.share}, 202
    name = request.args.get("name", "")
    values = feature_values(chart, name)
    if values is None:
        raise NotFoundError("the feature set holds no feature of that name")
    return _json({"name": name, "chart": chart.name, "values": values})


@api.get("/tracks")
def tracks() -> dict[str, Any]:
    """Return tracks whose title, artist, album or path holds a text."""
    offset = integer_argument("offset", 0, _LARGEST, lowest=0)
    limit = integer_argument("limit", PAGE_OF_TRACKS, MOST_TRACKS, lowest=0)
    found = matching_tracks(catalog())
    return {
        "total": len(found),
        "tracks": [_track(track) for track in found[offset : offset + limit]],
    }


def _track(track: Any) -> dict[str, Any]:
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in asdict(track).items()
    }


@api.get("/tracks/<int:track_id>")
def track(track_id: int) -> dict[str, Any]:
    """Return one track: facts, windows, what was said, neighbours."""
    return track_document(track_id)


@api.get("/albums")
def albums() -> dict[str, Any]:
    """Return the accuracy of each album."""
    return _report("by-album")


@api.get("/artists")
def artists() -> dict[str, Any]:
    """Return the accuracy of each artist."""
    return _report("by-artist")


@api.get("/reports/<name>")
def report(name: str) -> dict[str, Any] | tuple[dict[str, Any], int]:
    """Return a report by name, or that it is being made (202)."""
    found = find_report(name)
    report_job = (
        find_report_job(found, artist_choice(found))
        if is_training_report(found)
        else None
    )
    if report_job is not None and report_job.under_way:
        return {"under_way": True}, 202
    return _report(name)


@api.post("/reports/<name>")
def begin(name: str) -> tuple[dict[str, Any], int]:
    """Begin a report that trains models; again, if it could not be made before."""
    found = find_report(name)
    if not is_training_report(found):
        raise NotReadyError("this report is made at once; ask for it with GET")
    report_job = start_report(found, artist_choice(found))
    return {"under_way": report_job.under_way}, 202


def _report(name: str) -> dict[str, Any]:
    return table_document(make_table(name))


def _level() -> Level:
    level = request.args.get("level", "tracks")
    if level == "tracks":
        return "tracks"
    if level == "windows":
        if shared().settings.windows_map:
            return "windows"
        raise NotReadyError(
            "there is no map of the windows; start `sonicat serve --map windows`"
        )
    raise WebError("level is one of tracks, windows")


def _cached_answer(key: tuple[Any, ...], make: Any) -> BaseResponse:
    """Answer from memory while nothing has changed that the answer depends on."""
    answers = shared().answers
    body = answers.get(key)
    if body is None:
        body = json.dumps(make(), separators=(",", ":"), allow_nan=False).encode()
        with shared().answers_lock:
            while len(answers) >= _CACHED_ANSWERS:
                answers.pop(next(iter(answers)))
            answers[key] = body
    return _body(body)


def _json(content: dict[str, Any]) -> BaseResponse:
    return _body(json.dumps(content, separators=(",", ":"), allow_nan=False).encode())


def _body(body: bytes) -> BaseResponse:
    answer = Response(body, mimetype="application/json")
    if len(body) > 2**16 and "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.set_data(gzip.compress(body, compresslevel=1))
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    return answer.make_conditional(request)
