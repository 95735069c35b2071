from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from catalog.schema import open_catalog
from webapp.app import create_app
from webapp.context import STATE
from webapp.reports import EVERY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.webapp.conftest import Made
    from webapp.settings import ServeSettings

PAGES = (
    "/",
    "/upload",
    "/tracks",
    "/tracks/1",
    "/reports",
    "/reports/by-era",
    *(f"/reports/{one.name}" for one in EVERY),
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {200, 409}  # some reports need other runs
    assert "<h1" in answer.text


def execute(db: Path, sql: str) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute(sql)
    connection.close()


def test_no_catalog_yet(client_of: Callable[..., FlaskClient], tmp_path: Path) -> None:
    client = client_of(catalog_url=str(tmp_path / "none.db"))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "There is no catalog yet" in answer.text
    assert "scan FOLDER" in answer.text
    assert client.get("/api/map").status_code == 503
    assert not (tmp_path / "none.db").exists()


def test_an_empty_catalog(
    client_of: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    open_catalog(str(tmp_path / "empty.db")).close()
    client = client_of(catalog_url=str(tmp_path / "empty.db"))
    for path in ("/", "/tracks", "/reports"):
        assert "The catalog is empty" in client.get(path).text
    answer = client.get("/api/map")
    assert (answer.status_code, answer.json["error"]) == (
        409,
        "no track has been analysed yet",
    )


def test_a_catalog_of_another_version(
    own: Made, client_of: Callable[..., FlaskClient]
) -> None:
    execute(own.db, "UPDATE alembic_version SET version_num = '9999'")
    answer = client_of(catalog_url=str(own.db)).get("/")
    assert answer.status_code == 503
    assert "newer version of sonicat" in answer.text


def test_a_catalog_of_an_older_version(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.schema.HEAD", "9999")  # as if one had come since
    answer = client.get("/")
    assert answer.status_code == 503
    assert "older version" in answer.text
    assert "sonicat db upgrade" in answer.text


def test_something_else_in_the_catalogs_place(
    client_of: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 500)
    answer = client_of(catalog_url=str(tmp_path / "x.db")).get("/")
    assert answer.status_code == 503
    assert "cannot be read" in answer.text


def test_a_catalog_without_predictions(
    own: Made, client_of: Callable[..., FlaskClient]
) -> None:
    for table in (
        "window_predictions",
        "track_predictions",
        "fold_scores",
        "artifacts",
        "runs",
    ):
        execute(own.db, f"DELETE FROM {table}")
    client = client_of(catalog_url=str(own.db))
    for path in ("/", "/upload", "/tracks/1", "/reports"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "classify --all" in answer.text
    document = client.get("/api/map").json
    assert document["said"] is None
    assert len(document["points"]["x"]) == 10
    answer = client.get("/reports/by-album")
    assert answer.status_code == 409
    assert "Nothing to report yet" in answer.text
    assert client.get("/reports/cost").status_code == 200


def test_a_run_that_does_not_exist(client: FlaskClient) -> None:
    for asked in ("77", "x", "99999999999999999999"):
        assert client.get(f"/reports/by-album?run={asked}").status_code == 404


def test_a_file_that_is_gone(own: Made, client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(catalog_url=str(own.db))
    assert played(client)[0] == 200
    for path in own.root.rglob("*.*"):
        path.unlink()
    page = client.get("/tracks/1").text
    assert "The file is gone" in page
    assert "<audio" not in page
    answer = client.get("/audio/1")
    assert answer.status_code == 410
    assert "run <code>scan</code>" in answer.text


def test_a_player_gets_the_range_that_it_asks_for(
    client: FlaskClient, made: Made
) -> None:
    name = client.get("/api/tracks/1").json["track"]["path"]
    data = (made.root / name).read_bytes()
    status, body, headers = played(client)
    assert (status, body, headers["Accept-Ranges"]) == (200, data, "bytes")
    assert headers["Content-Type"].startswith("audio/")
    status, body, headers = played(client, "bytes=100-299")
    assert (status, body) == (206, data[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(data)}"
    assert played(client, "bytes=-5")[1] == data[-5:]
    assert played(client, f"bytes={len(data)}-")[0] == 416
    with client.head("/audio/1") as answer:
        assert answer.content_length == len(data)


def played(client: FlaskClient, wanted: str = "") -> tuple[int, bytes, Any]:
    """Return status, body and headers of the first track's audio."""
    headers = {"Range": wanted} if wanted else {}
    with client.get("/audio/1", headers=headers) as answer:
        return answer.status_code, answer.data, answer.headers


@pytest.mark.parametrize("way", ["link", "dots", "fifo"])
def test_audio_outside_the_root_is_not_sent(
    own: Made, client_of: Callable[..., FlaskClient], tmp_path: Path, way: str
) -> None:
    import os

    private = tmp_path / "private.wav"
    private.write_bytes(b"RIFF secret")
    client = client_of(catalog_url=str(own.db))
    path = own.root / client.get("/api/tracks/1").json["track"]["path"]
    path.unlink()
    if way == "link":
        path.symlink_to(private)
    elif way == "fifo":
        os.mkfifo(path)
    else:
        with sqlite3.connect(own.db) as connection:
            connection.execute(
                "UPDATE tracks SET path = ? WHERE id = 1", (b"../private.wav",)
            )
        connection.close()
    answer = client.get("/audio/1")
    assert answer.status_code == 410
    assert b"secret" not in answer.data


def test_a_name_that_is_no_utf8_plays_and_is_shown(
    own: Made, client_of: Callable[..., FlaskClient]
) -> None:
    import os

    client = client_of(catalog_url=str(own.db))
    name = client.get("/api/tracks/1").json["track"]["path"]
    odd = b"caf\xe9 \x01.ogg"
    try:
        os.rename(own.root / name, os.path.join(bytes(own.root), odd))
    except OSError:
        pytest.skip("this file system takes no names that are no UTF-8")
    with sqlite3.connect(own.db) as connection:
        connection.execute(
            "UPDATE tracks SET path = ?, path_text = ?, title = NULL WHERE id = 1",
            (odd, "caf\\xe9 \\x01.ogg"),
        )
    connection.close()
    assert played(client)[0] == 200
    assert client.get("/tracks/1").status_code == 200
    assert client.get("/api/tracks/1").json["track"]["title"] is None


def test_the_csv_of_a_report_holds_its_rows(client: FlaskClient) -> None:
    answer = client.get("/reports/by-album.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    document = client.get("/api/albums").json
    assert [row["album"] for row in rows] == [row["album"] for row in document["rows"]]
    assert [float(row["accuracy"]) for row in rows] == [
        row["accuracy"] for row in document["rows"]
    ]


def test_eras_of_the_artist_and_year_asked_for(client: FlaskClient) -> None:
    text = client.get("/reports/by-era?artist=Low&through=1984").text
    assert "through 1984" in text
    answer = client.get("/reports/by-era.csv?artist=Low&through=1984")
    assert len(answer.text.strip().splitlines()) == 3
    assert client.get("/reports/by-era?through=x").status_code == 400


def test_a_pictures_file_stands_alone(client: FlaskClient) -> None:
    answer = client.get("/reports/by-artist.svg")
    assert answer.mimetype == "image/svg+xml"
    assert "<style>" in answer.text
    assert client.get("/reports/failures.svg").status_code == 404


def test_tracks_are_found_by_what_they_hold(client: FlaskClient) -> None:
    assert "5 tracks" in client.get("/tracks?q=LOW").text
    assert "0 tracks" in client.get("/tracks?q=zzz").text
    assert client.get("/tracks?page=5").status_code == 400


def test_the_map_is_drawn_once_then_read_and_new_tracks_are_approximate(
    own: Made, settings: ServeSettings
) -> None:
    mine = replace(settings, catalog_url=str(own.db))
    first = document_of(mine)
    assert first["points"]["approximate"] == []
    reported: list[Any] = []
    app = create_app(mine, on_progress=lambda *how: reported.append(how))
    again = document_of(mine, app)
    assert again["points"] == first["points"]
    assert reported == []  # nothing was drawn
    execute(own.db, "DELETE FROM map_points WHERE position = 9")  # damaged: drawn anew
    assert document_of(mine)["points"] == first["points"]
    shift = "UPDATE map_points SET track_id = 100 + track_id WHERE track_id = 3"
    execute(own.db, shift)  # track 3 is new to the map, 103 has left the library
    later = document_of(mine)
    new = [later["points"]["track"][i] for i in later["points"]["approximate"]]
    assert [later["tracks"]["id"][i] for i in new] == [3]
    assert len(later["points"]["x"]) == 10


def document_of(settings: ServeSettings, app: Any = None) -> Any:
    app = app or create_app(settings)
    app.test_client().get("/api/map")
    app.extensions[STATE].map_worker.wait()
    return app.test_client().get("/api/map").json


def test_the_map_of_windows_is_drawn_where_asked_for(
    client: FlaskClient, own: Made, settings: ServeSettings
) -> None:
    assert client.get("/api/map?level=windows").status_code == 409
    app = create_app(replace(settings, catalog_url=str(own.db), windows_map=True))
    app.test_client().get("/api/map?level=windows")
    app.extensions[STATE].map_worker.wait("windows")
    document = app.test_client().get("/api/map?level=windows").json
    assert len(document["points"]["x"]) > 10
    assert len(document["points"]["start_s"]) == len(document["points"]["x"])
    assert max(document["points"]["track"]) == 9
