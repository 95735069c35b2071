"""The interface for programs, held to its own document."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings

from webapp.api import document
from webapp.reports import EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.webapp.conftest import Made

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is absent")


@pytest.fixture
def interface(app: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


OPERATIONS = [
    (path, method)
    for path, methods in document()["paths"].items()
    for method in methods
]
TRAINS = ("/api/reports/{name}", "post")


@pytest.fixture
def unlearned(own: Made, client_of: Callable[..., FlaskClient]) -> Any:
    """Return the interface of a catalog without a run: nothing there is to train."""
    with sqlite3.connect(own.db) as connection:
        connection.execute("DELETE FROM runs")
    connection.close()
    app = client_of(catalog_url=str(own.db)).application
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_the_document_says(
    request: pytest.FixtureRequest, path: str, method: str
) -> None:
    whose = "unlearned" if (path, method) == TRAINS else "interface"
    operation = request.getfixturevalue(whose)[path][method.upper()]

    @settings(
        max_examples=3 if method == "post" else 12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        case.call_and_validate()

    answers()


def test_the_document_is_served_and_names_every_address(
    app: Flask, client: FlaskClient
) -> None:
    assert client.get("/api/openapi.json").json == document()
    rules = {
        rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api")
    }
    assert rules == set(document()["paths"])
    (named,) = (
        one["schema"]["enum"]
        for one in document()["paths"]["/api/reports/{name}"]["get"]["parameters"]
        if one.get("name") == "name"
    )
    assert named == [one.name for one in EVERY]


def test_the_map_holds_every_track_with_its_facts(client: FlaskClient) -> None:
    found = client.get("/api/map").json
    points, tracks, said = found["points"], found["tracks"], found["said"]
    assert len(points["x"]) == len(points["y"]) == len(tracks["id"]) == 10
    assert max(map(abs, points["x"] + points["y"])) == pytest.approx(1, abs=1e-3)
    listed = {one["id"]: one for one in client.get("/api/tracks").json["tracks"]}
    for i, number in enumerate(tracks["id"]):
        artist = tracks["artist"]["names"][tracks["artist"]["of"][i]]
        assert artist == listed[number]["artist"]
        assert tracks["year"][i] == listed[number]["year"]
        shares = [share for _, share in said["best"][i]]
        assert shares == sorted(shares, reverse=True)
        assert 0.5 < sum(shares) <= 1.01
        assert said["best"][i][0][0] == said["label"][i]
        right = said["label"][i] == said["true"][i]
        assert said["right"][i] is right


def test_a_feature_of_the_map_is_the_mean_of_the_tracks_windows(
    client: FlaskClient,
) -> None:
    found = client.get("/api/map").json
    name = "spectral_centroid_hz"
    values = client.get(f"/api/map/values?name={name}").json["values"]
    number = found["tracks"]["id"][found["points"]["track"][0]]
    windows = client.get(f"/api/tracks/{number}").json["features"][name]
    assert values[0] == pytest.approx(sum(windows) / len(windows), rel=1e-3)
    assert client.get("/api/map/values?name=none").status_code == 404


def test_large_answers_are_packed_and_asked_for_once(client: FlaskClient) -> None:
    first = client.get("/api/map")
    tag = first.headers["ETag"]
    again = client.get("/api/map", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_tracks_come_in_parts(client: FlaskClient) -> None:
    whole = client.get("/api/tracks").json["tracks"]
    parts = [
        client.get(f"/api/tracks?offset={i}&limit=4").json["tracks"] for i in (0, 4, 8)
    ]
    assert [one for part in parts for one in part] == whole
    assert client.get("/api/tracks?limit=1001").status_code == 400
    assert client.get("/api/tracks?q=bright").json["total"] == 5


@pytest.mark.parametrize(
    ("name", "choice", "ends"),
    [
        ("across-eras", {"artist": "Low"}, 200),
        ("codecs", {}, 409),  # nothing was encoded anew
    ],
)
def test_a_report_that_trains_is_begun_then_read_as_the_document_says(
    client: FlaskClient, interface: Any, name: str, choice: dict[str, str], ends: int
) -> None:
    address = f"/reports/{name}?{urlencode(choice)}"
    assert client.get(f"/api{address}").status_code == 409
    assert "made on request" in client.get(address).text

    def call(method: str) -> Any:
        operation = interface["/api/reports/{name}"][method]
        case = operation.Case(path_parameters={"name": name}, query=choice)
        return case.call_and_validate()

    assert call("POST").status_code == 202
    pause = threading.Event()
    for _ in range(600):
        answer = call("GET")
        if answer.status_code != 202:
            break
        pause.wait(0.2)
    assert answer.status_code == ends
    told = "<table" if ends == 200 else "scan --variants"
    assert told in client.get(address).text


def test_what_is_made_at_once_is_not_begun(client: FlaskClient) -> None:
    assert client.post("/api/reports/by-album").status_code == 409
