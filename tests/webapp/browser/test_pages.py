"""Tests of tracks, reports and accessibility in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.webapp.conftest import Served

pytestmark = pytest.mark.slow


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


def test_a_report_that_cannot_be_made_says_why_and_can_be_tried_again(
    page: Any,
) -> None:
    page.goto("/reports/drift")
    page.click("#begin")
    page.wait_for_selector("#study-text:has-text('scan --variants')")
    assert page.locator("#begin").is_enabled()


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


UNNAMED = """() =>
  [...document.querySelectorAll("button,a[href],input,select,canvas,svg,meter")]
  .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.title
    || one.labels?.length || one.getAttribute("aria-hidden")))
  .map((one) => one.outerHTML.slice(0, 80))"""


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
        "/tracks/999",
    ],
)
def test_every_page_fits_a_phone_and_is_readable(
    page_of: Callable[..., Any], served: Served, path: str
) -> None:
    page = page_of(served, viewport={"width": 360, "height": 740})
    page.goto(path)
    if path == "/":
        page.wait_for_selector("#legend li")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        assert min(page.evaluate(CONTRAST)) >= 4.5
    assert page.evaluate(UNNAMED) == []


def test_the_first_tab_skips_to_the_content(page: Any) -> None:
    page.goto("/tracks")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


FOCUSED = """() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return [one.dataset.kind ? "legend" : one.id || one.tagName,
    outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}"""


def test_every_stop_of_the_tab_key_is_seen_and_the_legend_is_among_them(
    map_page: Any,
) -> None:
    stops = []
    for _ in range(14):
        map_page.keyboard.press("Tab")
        name, outlined = map_page.evaluate(FOCUSED)
        assert outlined, name
        stops.append(name)
        if name == "legend":
            break
    assert [one for one in stops if one in {"points", "colour", "find", "legend"}] == [
        "points",
        "colour",
        "find",
        "legend",
    ]
    map_page.keyboard.press("Space")
    assert map_page.inner_text("#count") == "5 of 10 tracks shown"
    assert map_page.evaluate("() => document.activeElement.ariaPressed") == "false"
    map_page.keyboard.press("Shift+Enter")  # only this
    assert map_page.evaluate("() => document.activeElement.ariaPressed") == "true"
    assert map_page.inner_text("#count") == "5 of 10 tracks shown"
