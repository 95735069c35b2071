"""Tests of the map in a real browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def shown(page: Any) -> str:
    return str(page.inner_text("#count"))


def test_the_map_is_drawn_in_colours(map_page: Any) -> None:
    assert shown(map_page) == "10 of 10 tracks shown"
    map_page.wait_for_timeout(200)
    inked = map_page.evaluate(
        """async () => {
          const cloud = document.getElementById("points").cloud;
          cloud.drawPoints();
          const { gl } = cloud, { width, height } = gl.canvas;
          const pixels = new Uint8Array(4 * width * height);
          gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
          const seen = new Set();
          for (let i = 0; i < pixels.length; i += 4)
            if (pixels[i + 3] > 200) seen.add(pixels.slice(i, i + 3).join());
          return [...seen].map((one) => one.split(",").map(Number));
        }"""
    )
    for colour in ((0, 114, 178), (230, 159, 0)):  # blue and orange: two artists
        away = np.abs(np.array(inked) - colour).max(axis=1)
        assert away.min() < 30


def test_the_legend_filters(map_page: Any) -> None:
    button = map_page.locator("#legend button", has_text="Low")
    button.click()
    assert shown(map_page) == "5 of 10 tracks shown"
    assert button.get_attribute("aria-pressed") == "false"
    map_page.click("#all")
    assert shown(map_page) == "10 of 10 tracks shown"
    button.click(modifiers=["Shift"])
    assert shown(map_page) == "5 of 10 tracks shown"
    assert button.get_attribute("aria-pressed") == "true"


COLOURS = (
    "album",
    "year",
    "decade",
    "genre",
    "codec",
    "label",
    "right",
    "confidence",
    "feature:tempo_bpm",
    "feature:mfcc_03_std",
)


def test_every_colouring_has_a_legend(map_page: Any) -> None:
    for colour in COLOURS:
        map_page.evaluate("() => document.getElementById('legend').replaceChildren()")
        map_page.select_option("#colour", colour)
        map_page.wait_for_selector("#legend li")
        assert shown(map_page) == "10 of 10 tracks shown", colour


def test_values_of_another_map_colour_nothing(map_page: Any) -> None:
    """A scan has added tracks since this page was opened."""
    stale = {"name": "tempo_bpm", "chart": "0" * 16, "values": [1.0] * 11}
    map_page.route("**/api/map/values*", lambda route: route.fulfill(json=stale))
    map_page.select_option("#colour", "feature:tempo_bpm")
    map_page.wait_for_selector("#drawing-text >> text=load the page again")


def test_a_map_that_moves_slowly_draws_fewer_points_until_it_rests(
    map_page: Any,
) -> None:
    thinned = map_page.evaluate(
        """async () => {
          const cloud = document.getElementById("points").cloud;
          const drawn = window.drawn = [], draw = cloud.gl.drawArrays;
          cloud.gl.drawArrays = (...how) => {
            drawn.push(how[2]);
            draw.apply(cloud.gl, how);
          };
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          cloud.step = 4;  // as slow frames would have set it
          cloud.movedAt = Infinity;  // still on the move, however slow this machine is
          cloud.draw();
          await frame();
          const thinned = drawn.at(-1);
          cloud.pan(3, 0);
          return thinned;
        }"""
    )
    assert thinned == 3  # of ten points every fourth
    map_page.wait_for_function("() => window.drawn.at(-1) === 10")
    frames = "() => document.getElementById('points').cloud.frames"
    before = map_page.evaluate(frames)
    map_page.wait_for_timeout(300)
    assert map_page.evaluate(frames) <= before + 1  # what rests is not drawn anew


def test_an_era_ends_with_the_year_that_the_reader_says(map_page: Any) -> None:
    assert not map_page.is_visible("#through")
    map_page.select_option("#colour", "era")
    map_page.wait_for_selector("#legend button")
    map_page.fill("#through", "1984")
    map_page.keyboard.press("Enter")
    map_page.wait_for_selector("#legend button:has-text('through 1984')")
    counts = map_page.locator("#legend .n").all_inner_texts()
    assert counts == ["2", "8"]  # each artist's first album has one track


def point(page: Any, i: int) -> tuple[float, float]:
    box = page.locator("#points").bounding_box()
    x, y = page.evaluate(f"() => document.getElementById('points').cloud.pixel({i})")
    return box["x"] + x, box["y"] + y


def test_pointing_tells_of_a_track_and_a_click_opens_it(map_page: Any) -> None:
    map_page.mouse.move(*point(map_page, 0))
    card = map_page.locator("#card")
    assert "Piece" in card.inner_text()
    assert "sounds like" in card.inner_text()
    title = card.locator("strong").inner_text()
    map_page.mouse.click(*point(map_page, 0))
    map_page.wait_for_url("**/tracks/*")
    assert map_page.locator("h1").inner_text() == title


def test_a_title_with_markup_is_text_on_the_map(map_page: Any) -> None:
    map_page.fill("#find", "piece 1 <b>")
    link = map_page.locator("#found a").first
    assert link.inner_text().startswith("Piece 1 <b>&amp;</b>")
    link.focus()
    assert map_page.locator("#card strong").inner_text() == "Piece 1 <b>&amp;</b>"
    assert map_page.locator("#marker").is_visible()


def test_the_map_goes_by_keyboard(map_page: Any) -> None:
    map_page.focus("#points")
    map_page.keyboard.press("ArrowRight")
    first = map_page.inner_text("#card")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        map_page.keyboard.press(key)
    before = map_page.evaluate("() => document.getElementById('points').cloud.zoom")
    map_page.keyboard.press("+")
    assert (
        map_page.evaluate("() => document.getElementById('points').cloud.zoom") > before
    )
    map_page.keyboard.press("0")
    assert first
    map_page.keyboard.press("Enter")
    map_page.wait_for_url("**/tracks/*")


def test_wheel_and_drag_move_the_map(map_page: Any) -> None:
    x, y = point(map_page, 3)
    map_page.mouse.move(x, y)
    map_page.mouse.wheel(0, -400)
    map_page.wait_for_timeout(100)
    moved = point(map_page, 3)
    assert abs(moved[0] - x) < 2  # zoomed around the pointer
    assert abs(moved[1] - y) < 2
    map_page.mouse.down()
    map_page.mouse.move(x + 50, y + 20, steps=4)
    map_page.mouse.up()
    after = point(map_page, 3)
    assert after[0] - moved[0] == pytest.approx(50, abs=2)
    assert urlsplit(map_page.url).path == "/"
