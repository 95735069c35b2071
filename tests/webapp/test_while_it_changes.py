"""Tests of the pages while the catalog changes or the server ends."""

from __future__ import annotations

import io
import sqlite3
import threading
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from catalog.schema import open_catalog
from webapp.app import create_app
from webapp.context import STATE
from webapp.errors import BusyError
from webapp.jobs import Jobs
from webapp.settings import ServeSettings, UploadLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.webapp.conftest import Made
    from webapp.map_worker import MapWorker


def execute(db: Path, *statements: str) -> None:
    with sqlite3.connect(db) as connection:
        for sql in statements:
            connection.execute(sql)
    connection.close()


@pytest.fixture
def drawn(own: Made, settings: ServeSettings) -> tuple[FlaskClient, MapWorker]:
    """Return a client of an own catalog, and its map worker with the map drawn."""
    app = create_app(replace(settings, catalog_url=str(own.db)))
    client, map_worker = app.test_client(), app.extensions[STATE].map_worker
    client.get("/api/map")
    map_worker.wait()
    return client, map_worker


def test_a_scan_beside_the_page_shows_up_without_a_restart(
    own: Made, client_of: Callable[..., FlaskClient]
) -> None:
    client = client_of(catalog_url=str(own.db))
    assert client.get("/api/tracks").json["total"] == 10
    with open_catalog(str(own.db)) as writer, writer.writing() as connection:
        connection.execute(text("UPDATE tracks SET title = 'Renamed' WHERE id = 2"))
        # while a writer is at work, readers see what was there before
        assert "Renamed" not in client.get("/tracks").text
    assert "Renamed" in client.get("/tracks").text


def test_a_track_that_left_is_on_the_map_until_the_next_one_is_drawn(
    own: Made, drawn: tuple[FlaskClient, MapWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, map_worker = drawn
    monkeypatch.setattr(map_worker, "_start", lambda *_: None)  # as long as it takes
    execute(own.db, "DELETE FROM tracks WHERE id = 3")
    answer = client.get("/api/map")
    assert answer.status_code == 200
    assert answer.json["tracks"]["title"][2] == "(no longer in the catalog)"
    assert client.get("/api/tracks/1").status_code == 200


def test_a_map_that_cannot_be_drawn_leaves_the_old_one(
    own: Made, drawn: tuple[FlaskClient, MapWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, map_worker = drawn
    before = client.get("/api/map").json["points"]

    def fail(_level: object) -> None:
        raise RuntimeError("no room in memory")

    monkeypatch.setattr(map_worker, "_chart", fail)
    execute(own.db, "UPDATE tracks SET updated_at = '2099-01-01 00:00:00'")
    client.get("/api/map")
    map_worker.wait()
    assert client.get("/api/map").json["points"] == before


def test_values_of_another_map_than_the_readers_are_told_apart(
    own: Made, client_of: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    """A scan may add points between a reader's map and its colours."""
    chart = client.get("/api/map").json["chart"]
    values = "/api/map/values?name=tempo_bpm"
    assert client.get(values).json["chart"] == chart
    execute(own.db, "DELETE FROM maps", "DELETE FROM tracks WHERE id = 3")
    other = client_of(catalog_url=str(own.db))
    assert other.get(values).json["chart"] != chart
    assert other.get(values).json["chart"] == other.get("/api/map").json["chart"]


def test_a_catalog_made_anew_is_not_judged_by_the_old_ones_model(
    own: Made, settings: ServeSettings
) -> None:
    """Its runs count from 1 again."""
    from catalog.runs import load_run
    from webapp.uploads import cached_predictor

    app = create_app(replace(settings, catalog_url=str(own.db)))
    shared = app.extensions[STATE]

    def loaded() -> Any:
        with open_catalog(str(own.db), mode="read") as catalog:
            run = load_run(catalog, 1)
            assert run is not None
            return cached_predictor(shared, catalog, run)

    first = loaded()
    assert loaded() is first
    execute(own.db, "UPDATE runs SET created_at = '2099-01-01 00:00:00'")
    assert loaded() is not first


def test_a_stored_model_that_is_none_is_told_and_not_logged_as_a_mistake(
    own: Made,
    client_of: Callable[..., FlaskClient],
    audio_file: Callable[[str], Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    rubbish = sha256(b"rubbish").hexdigest()
    execute(
        own.db,
        f"UPDATE artifacts SET data = CAST('rubbish' AS BLOB), sha256 = '{rubbish}'",
    )
    client = client_of(catalog_url=str(own.db))
    with audio_file("flac").open("rb") as file:
        answer = client.post("/api/predict?wait=1", data={"file": (file, "a.flac")})
    assert answer.status_code == 422
    assert "classify --all" in answer.json["error"]
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_uploads_that_wait_do_not_keep_a_server_that_ends() -> None:
    jobs = Jobs(ServeSettings(limits=UploadLimits(running=1, waiting=2)))
    go, begun, done = threading.Event(), threading.Event(), []

    def work(_file: object, job: Any) -> dict[str, Any]:
        begun.set()
        go.wait(30)
        done.append(job.id)
        return {}

    first, *_ = [jobs.submit(io.BytesIO(), work) for _ in range(3)]
    assert begun.wait(30)
    jobs.shut_down()
    with pytest.raises(BusyError):
        jobs.submit(io.BytesIO(), work)
    go.set()
    assert first.finished.wait(30)
    jobs._pool.shutdown(wait=True)
    assert done == [first.id]
