"""Tests of the guards: hosts, tokens, origins, headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from webapp.security import CSRF_HEADER
from webapp.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient


HERE = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


def csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf" content="([^"]+)"', client.get("/upload").text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "127.0.0.1:80", "[::1]:8765", "LOCALHOST"]
)
def test_the_server_answers_to_its_own_names(client: FlaskClient, host: str) -> None:
    assert client.get("/reports", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "192.168.1.4",
        "[",
        "",
    ],
)
def test_a_strangers_name_that_points_here_is_refused(
    client: FlaskClient, host: str
) -> None:
    answer = client.get("/reports", headers={"Host": host})
    assert answer.status_code == 403
    assert "--allow-host" in answer.text


def test_listening_everywhere_takes_addresses_and_named_hosts_only(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(host="0.0.0.0", allowed_hosts=("music.home",))
    status = {
        host: client.get("/reports", headers={"Host": host}).status_code
        for host in ("192.168.1.4:8765", "music.home", "evil.example")
    }
    assert status == {"192.168.1.4:8765": 200, "music.home": 200, "evil.example": 403}


def test_a_token_is_asked_for_then_kept_in_a_cookie(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(token="open sesame")
    assert client.get("/").status_code == 403
    assert client.get("/static/map.js").status_code == 403
    assert client.get("/api/tracks?token=wrong").status_code == 403
    answer = client.get("/?token=open+sesame")
    assert answer.status_code == 302
    assert "token" not in answer.headers["Location"]
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/").status_code == 200


def test_a_program_gives_the_token_in_a_header(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(token="t")
    good = client.get("/api/tracks", headers={"Authorization": "Bearer t"})
    bad = client.get("/api/tracks", headers={"Authorization": "Bearer x"})
    assert (good.status_code, bad.status_code) == (200, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        HERE,  # right site, but without the page's own word
        {**HERE, CSRF_HEADER: "guessed"},
    ],
)
def test_another_sites_page_cannot_make_a_browser_upload(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post("/api/predict", headers=headers).status_code == 403


def test_a_page_of_this_server_can_and_a_program_too(client: FlaskClient) -> None:
    word = {**HERE, CSRF_HEADER: csrf(client)}
    # both come as far as being told that there is no file
    assert client.post("/api/predict", headers=word).status_code == 400
    assert client.post("/api/predict").status_code == 400


@pytest.mark.parametrize("path", ["/", "/tracks/1", "/api/tracks", "/nowhere"])
def test_every_answer_forbids_what_a_page_need_not_do(
    client: FlaskClient, path: str
) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["/", "/upload", "/tracks", "/tracks/1", "/reports", "/reports/by-album"]
)
def test_no_page_holds_a_script_or_style_of_its_own_or_names_another_site(
    client: FlaskClient, path: str
) -> None:
    text = client.get(path).text
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text) == []
    namespaces = text.replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://", namespaces) == []


def test_a_title_with_markup_stays_text(client: FlaskClient) -> None:
    text = client.get("/tracks").text
    assert "Piece 1 &lt;b&gt;&amp;amp;&lt;/b&gt;" in text
    assert "<b>&amp;" not in text


def test_an_unforeseen_error_shows_no_trace(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_catalog: object) -> None:
        raise RuntimeError("a secret /path/inside")

    monkeypatch.setattr("webapp.context.listed_tracks", break_down)
    answer = app.test_client().get("/tracks")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "a secret" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/tracks/../../etc/passwd",
        "/static/../app.py",
        "/audio/..%2f..%2fetc%2fpasswd",
        "/reports/../../etc/passwd",
        "/audio/-1",
        "/tracks/99999999999999999999",
    ],
)
def test_no_path_is_taken_from_a_request(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text


def test_methods_that_no_page_takes_are_refused_in_words(client: FlaskClient) -> None:
    assert client.post("/tracks").status_code == 405
    assert client.delete("/api/tracks/1").json == {
        "error": "this address does not take such a request"
    }


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.8.8.8", True),
        ("0.0.0.0", False),
        ("192.168.0.2", False),
        ("example.org", False),
    ],
)
def test_which_addresses_stay_on_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
