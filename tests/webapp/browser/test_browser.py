"""The page in a real browser."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from webapp.settings import UploadLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.webapp.conftest import Served
    from webapp.settings import ServeSettings

pytestmark = pytest.mark.slow

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
LONG = 120_000  # ms; a loaded machine is slow, not wrong


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        opened.close()


class Watch:
    """Notes whatever a page should not do."""

    def __init__(self, page: Any, host: str) -> None:
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("request", lambda request: self._request(request.url, host))

    def _console(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _request(self, url: str, host: str) -> None:
        where = urlsplit(url)
        if where.scheme not in {"blob", "data"} and where.netloc != host:
            self.wrong.append(f"asked {url}")


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    """Return a page that fails its test when it errs or asks another server."""
    context = browser.new_context(
        base_url=served.url, viewport={"width": 1100, "height": 700}
    )
    context.set_default_timeout(LONG)
    opened = context.new_page()
    watch = Watch(opened, urlsplit(served.url).netloc)
    yield opened
    context.close()
    assert watch.wrong == []


def open_map(page: Any) -> None:
    page.goto("/")
    page.wait_for_selector("#drawing", state="hidden")


def shown(page: Any) -> str:
    return str(page.inner_text("#count"))


def test_the_map_is_drawn_in_colours(page: Any) -> None:
    open_map(page)
    assert shown(page) == "10 of 10 tracks shown"
    page.wait_for_timeout(200)
    inked = page.evaluate(
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


def test_the_legend_filters(page: Any) -> None:
    open_map(page)
    button = page.locator("#legend button", has_text="Low")
    button.click()
    assert shown(page) == "5 of 10 tracks shown"
    assert button.get_attribute("aria-pressed") == "false"
    page.click("#all")
    assert shown(page) == "10 of 10 tracks shown"
    button.click(modifiers=["Shift"])
    assert shown(page) == "5 of 10 tracks shown"
    assert button.get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(
    "colour",
    [
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
    ],
)
def test_every_colouring_has_a_legend(page: Any, colour: str) -> None:
    open_map(page)
    page.select_option("#colour", colour)
    page.wait_for_function(
        "() => document.querySelectorAll('#legend li').length > 0"
        " && /^10 of 10/.test(document.getElementById('count').textContent)"
    )


def point(page: Any, i: int) -> tuple[float, float]:
    box = page.locator("#points").bounding_box()
    x, y = page.evaluate(f"() => document.getElementById('points').cloud.pixel({i})")
    return box["x"] + x, box["y"] + y


def test_pointing_tells_of_a_track_and_a_click_opens_it(page: Any) -> None:
    open_map(page)
    page.mouse.move(*point(page, 0))
    card = page.locator("#card")
    assert "Piece" in card.inner_text()
    assert "sounds like" in card.inner_text()
    title = card.locator("strong").inner_text()
    page.mouse.click(*point(page, 0))
    page.wait_for_url("**/tracks/*")
    assert page.locator("h1").inner_text() == title


def test_a_title_with_markup_is_text_on_the_map(page: Any) -> None:
    open_map(page)
    page.fill("#find", "piece 1 <b>")
    link = page.locator("#found a").first
    assert link.inner_text().startswith("Piece 1 <b>&amp;</b>")
    link.focus()
    assert page.locator("#card strong").inner_text() == "Piece 1 <b>&amp;</b>"
    assert page.locator("#marker").is_visible()


def test_the_map_goes_by_keyboard(page: Any) -> None:
    open_map(page)
    page.focus("#points")
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#card")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    before = page.evaluate("() => document.getElementById('points').cloud.zoom")
    page.keyboard.press("+")
    assert page.evaluate("() => document.getElementById('points').cloud.zoom") > before
    page.keyboard.press("0")
    assert first
    page.keyboard.press("Enter")
    page.wait_for_url("**/tracks/*")


def test_wheel_and_drag_move_the_map(page: Any) -> None:
    open_map(page)
    x, y = point(page, 3)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    moved = point(page, 3)
    assert abs(moved[0] - x) < 2  # zoomed around the pointer
    assert abs(moved[1] - y) < 2
    page.mouse.down()
    page.mouse.move(x + 50, y + 20, steps=4)
    page.mouse.up()
    after = point(page, 3)
    assert after[0] - moved[0] == pytest.approx(50, abs=2)
    assert urlsplit(page.url).path == "/"


def test_a_track_plays_from_the_window_that_is_clicked(page: Any) -> None:
    page.goto("/tracks/1")
    strip = page.locator(".strip button")
    assert strip.count() >= 2
    strip.nth(1).click()
    page.wait_for_function("() => document.getElementById('player').currentTime >= 10")
    page.wait_for_selector(".strip .playing")
    assert page.locator("table tbody tr").count() == 9  # the nearest: all others


def test_tables_sort_by_number_and_by_text(page: Any) -> None:
    page.goto("/reports/by-album")
    page.click("th button:has-text('album')")
    names = page.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert names == sorted(names)
    page.click("th button:has-text('accuracy')")
    values = [
        float(text) for text in page.locator("tbody td:nth-child(6)").all_inner_texts()
    ]
    assert values == sorted(values, reverse=True)


def judge(page: Any, path: Path, *, whole: bool = False) -> None:
    page.goto("/upload")
    page.set_input_files("#file", path)
    page.set_checked("#whole", whole)
    page.click("#go")
    page.wait_for_selector("#verdict:not([hidden]), #problem:not([hidden])")


@pytest.mark.parametrize(
    "extension", ["mp3", "m4a", "flac", "ogg", "opus", "wav", "webm", "mp4"]
)
def test_a_file_is_judged(
    page: Any, audio_file: Callable[[str], Path], extension: str
) -> None:
    judge(page, audio_file(extension), whole=extension == "flac")
    assert page.inner_text("#verdict-title") == "Low"
    assert "draws" in page.inner_text("#verdict-text")
    assert page.locator("#near tr").count() == 10
    page.wait_for_selector("#marker", state="visible")


def test_a_dropped_file_is_judged(page: Any, audio_file: Callable[[str], Path]) -> None:
    page.goto("/upload")
    data = list(audio_file("ogg").read_bytes())
    page.evaluate(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "dropped.ogg"));
          document.getElementById("upload").dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }""",
        data,
    )
    page.wait_for_selector("#verdict:not([hidden])")
    assert "dropped.ogg" in page.inner_text("#verdict-text")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("words.mp3", "No music, only words. " * 200),
        ("private.m3u8", "#EXTM3U\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
    ],
)
def test_what_is_no_audio_gets_a_plain_answer(
    page: Any, tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    judge(page, path)
    said = page.inner_text("#problem-text")
    assert said.startswith(f"{name}: ")
    assert "Traceback" not in said
    assert "root:" not in said
    assert page.locator("#go").is_enabled()


def test_a_file_that_lasts_too_long_gets_a_plain_answer(
    browser: Any,
    settings: ServeSettings,
    serve: Callable[[Flask], Served],
    audio_file: Callable[[str], Path],
) -> None:
    from webapp.app import create_app

    limits = UploadLimits(max_audio_s=18.0)
    live = serve(create_app(replace(settings, limits=limits)))
    page = browser.new_page(base_url=live.url)
    page.set_default_timeout(LONG)
    judge(page, audio_file("mp3"))
    assert "lasts longer than 0.3 minutes" in page.inner_text("#problem-text")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/upload",
        "/tracks",
        "/tracks/1",
        "/reports",
        "/reports/by-album",
        "/reports/confusion",
    ],
)
def test_every_page_fits_a_phone_and_is_readable(
    browser: Any, served: Served, path: str, scheme: str
) -> None:
    page = browser.new_page(
        base_url=served.url, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    page.set_default_timeout(LONG)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    contrast = page.evaluate(CONTRAST)
    assert min(contrast) >= 4.5
    unnamed = page.evaluate(
        """() =>
          [...document.querySelectorAll("button,a[href],input,select,canvas,svg")]
          .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.title
            || one.labels?.length || one.getAttribute("aria-hidden")))
          .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    page.close()


CONTRAST = """() => {
  const light = (css) => {
    const [r, g, b] = css.match(/[\\d.]+/g).map(Number).map((v) => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("h1,p,a,td,th,dt,dd,small,label,.hint")]
    .filter((one) => one.offsetParent && one.textContent.trim())
    .map((one) => light(getComputedStyle(one).color))
    .map((ink) => (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05));
}"""


def test_the_first_tab_skips_to_the_content(page: Any) -> None:
    page.goto("/tracks")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
