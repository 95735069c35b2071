"""Tests of numbers in addresses that are malformed or too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ODD = ("²", "-1", "1e3", "9" * 5000, "٣" * 20)


@pytest.mark.parametrize("asked", ODD)
def test_a_number_that_is_none_is_refused(client: FlaskClient, asked: str) -> None:
    def status(address: str, **query: str) -> int:
        return client.get(address, query_string=query).status_code

    assert status("/", run=asked) == 404
    assert status(f"/api/tracks/{asked}") == 404
    assert status(f"/tracks/{asked}") == 404
    assert status("/tracks", page=asked) == 400
    assert status("/reports/by-era", through=asked) == 400


def test_noughts_in_front_hide_no_large_number(client: FlaskClient) -> None:
    """A limit that looks at the first figures alone can be led past."""
    far = "0" * 11 + "1" + "9" * 20
    for address in (f"/api/tracks?limit={far}", f"/reports/by-era?through={far}"):
        assert client.get(address).status_code == 400
    assert client.get("/api/tracks?limit=0002").json["tracks"][2:] == []


def test_a_search_finds_what_is_written_and_not_what_is_missing(
    client: FlaskClient,
) -> None:
    """The page and the interface search the same; "none" is no tag."""
    for wanted in ("none", "LOW", "piece 3", "zzz"):
        total = client.get("/api/tracks", query_string={"q": wanted}).json["total"]
        page = client.get("/tracks", query_string={"q": wanted}).text
        assert f"{total} tracks" in page or total == 1
