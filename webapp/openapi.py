"""The OpenAPI document of the interface for programs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from webapp.reports import EVERY
from webapp.schemas import FLAG, NUMBER, TEXT, WHOLE, list_of, ref, schemas

_MOST = 2**31 - 1
_UNDER_WAY = {
    "type": "object",
    "required": ["under_way"],
    "properties": {"under_way": FLAG},
}


def document() -> dict[str, Any]:
    """Return the document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sonicat",
            "version": version("sonicat"),
            "description": "A music library by its sound: tracks, the map, what models "
            "say of them, and what they say of a file that is sent.",
        },
        "paths": {
            "/api/openapi.json": {
                "get": _operation(
                    "This document", {"200": _json("It", {"type": "object"})}
                )
            },
            "/api/map": {"get": _map()},
            "/api/map/values": {"get": _values()},
            "/api/tracks": {"get": _tracks()},
            "/api/tracks/{track_id}": {"get": _track()},
            "/api/albums": {"get": _report("Accuracy by album")},
            "/api/artists": {"get": _report("Accuracy by artist")},
            "/api/reports/{name}": {
                "get": _report("A report by name", named=True),
                "post": _begin(),
            },
            "/api/predict": {"post": _predict()},
            "/api/predict/{job_id}": {"get": _follow()},
        },
        "components": {"schemas": schemas()},
    }


def _operation(
    summary: str,
    responses: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return an operation; every one may find no catalog, or refuse the caller."""
    errors = {
        "403": "The caller does not know the token, or comes from another site",
        "503": "There is no catalog that can be read, or too much to do",
    }
    everywhere = {status: _json(why, ref("Error")) for status, why in errors.items()}
    return {
        "summary": summary,
        "parameters": parameters or [],
        "responses": {**responses, **everywhere},
        **more,
    }


def _map() -> dict[str, Any]:
    return _operation(
        "The points of the map",
        {
            "200": _json("The map", ref("Map")),
            "202": _json("It is being drawn", ref("Drawing")),
            **_errors("400", "404", "409"),
        },
        [_level(), _run()],
    )


def _values() -> dict[str, Any]:
    answer = {
        "type": "object",
        "required": ["name", "chart", "values"],
        "properties": {"name": TEXT, "chart": TEXT, "values": list_of(NUMBER)},
    }
    return _operation(
        "One feature of every point of the map",
        {
            "200": _json("Values in the order of the points", answer),
            "202": _json("The map is being drawn", ref("Drawing")),
            **_errors("400", "404", "409"),
        },
        [_level(), _query("name", TEXT, "The feature", required=True)],
    )


def _tracks() -> dict[str, Any]:
    answer = {
        "type": "object",
        "required": ["total", "tracks"],
        "properties": {"total": WHOLE, "tracks": list_of(ref("Track"))},
    }
    return _operation(
        "Tracks whose title, artist, album or path holds a text",
        {"200": _json("The tracks", answer), **_errors("400")},
        [
            _query("q", TEXT, "The text"),
            _query("offset", _whole(_MOST), "How many to pass over"),
            _query("limit", _whole(1000), "How many to list"),
        ],
    )


def _track() -> dict[str, Any]:
    where = {
        "name": "track_id",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
    answer = {
        "type": "object",
        "required": ["track", "windows", "neighbours", "said", "file_there"],
        "properties": {
            "track": ref("Track"),
            "file_there": FLAG,
            "windows": list_of({"type": "object"}),
            "neighbours": list_of(ref("Neighbour")),
            "said": {"type": ["object", "null"]},
        },
    }
    return _operation(
        "One track: facts, tags, windows, what was said of it, its neighbours",
        {"200": _json("The track", answer), **_errors("404")},
        [where, _run()],
    )


def _report(summary: str, *, named: bool = False) -> dict[str, Any]:
    parameters = [_run()]
    answers = {"200": _json("The report", ref("Table"))}
    if named:
        parameters += [*_artist(), _named()]
        answers["202"] = _json("It is being made", _UNDER_WAY)
    return _operation(summary, {**answers, **_errors("400", "404", "409")}, parameters)


def _begin() -> dict[str, Any]:
    return _operation(
        "Begin a report that trains models; then ask for it until it is there",
        {
            "202": _json("It is begun, or already there", _UNDER_WAY),
            **_errors("400", "404", "409"),
        },
        [_run(), *_artist(), _named()],
    )


def _named() -> dict[str, Any]:
    names = {"enum": [one.name for one in EVERY]}
    return {"name": "name", "in": "path", "required": True, "schema": names}


def _artist() -> list[dict[str, Any]]:
    year = {"type": "integer", "minimum": 1, "maximum": 9999}
    return [
        _query("artist", TEXT, "For the reports that compare an artist's eras"),
        _query("through", year, "The last year of the first era"),
    ]


def _predict() -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
    return _operation(
        "Send a file to be judged; it is deleted afterwards and nothing is stored",
        {
            "200": _json("The verdict, where `wait` asked for it", ref("Job")),
            "202": _json("The job to follow", ref("Job")),
            **_errors("400", "404", "413", "422"),
        },
        [
            _query("whole", FLAG, "Hear the whole track, not only its middle"),
            _query("wait", FLAG, "Answer when the verdict is there"),
            _run(),
        ],
        requestBody={
            "required": True,
            "content": {"multipart/form-data": {"schema": form}},
        },
    )


def _follow() -> dict[str, Any]:
    return _operation(
        "How far a job is, and its verdict when it is done",
        {"200": _json("The job", ref("Job")), **_errors("404")},
        [{"name": "job_id", "in": "path", "required": True, "schema": TEXT}],
    )


_WHY = {
    "400": "A parameter is not of its form",
    "404": "There is no such thing",
    "409": "It does not exist yet",
    "413": "The file is too large",
    "422": "The file cannot be judged",
}


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: _json(_WHY[status], ref("Error")) for status in statuses}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }


def _whole(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most}


def _query(
    name: str, schema: dict[str, Any], description: str, *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": description,
    }


def _level() -> dict[str, Any]:
    return _query("level", {"enum": ["tracks", "windows"]}, "What a point is")


def _run() -> dict[str, Any]:
    return _query("run", {"type": "integer", "minimum": 1}, "The run; else the newest")
