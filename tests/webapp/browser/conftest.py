"""Fixtures for tests in a real browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.webapp.conftest import Served

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


@pytest.fixture(scope="session")
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
def page_of(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a maker of pages of a server; the test fails if one erred or strayed."""
    watches, contexts = [], []

    def make(live: Served, **options: Any) -> Any:
        options = {"viewport": {"width": 1100, "height": 700}, **options}
        context = browser.new_context(base_url=live.url, **options)
        context.set_default_timeout(LONG)
        contexts.append(context)
        opened = context.new_page()
        watches.append(Watch(opened, urlsplit(live.url).netloc))
        return opened

    yield make
    for context in contexts:
        context.close()
    assert [wrong for watch in watches for wrong in watch.wrong] == []


@pytest.fixture
def page(page_of: Callable[..., Any], served: Served) -> Any:
    return page_of(served)


@pytest.fixture
def map_page(page: Any) -> Any:
    """Return a page that shows the map, drawn."""
    page.goto("/")
    page.wait_for_selector("#drawing", state="hidden")
    return page
