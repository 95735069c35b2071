"""Plain command lines of `scan` mean the same with click and without."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.command import Wishes
from scanner.quick import plain_scan
from scanner.settings import ScanSettings
from sonicat.scan import scan

WORDS = [
    *("-q", "--quiet", "-v", "--verbose", "--json", "--tags-only", "--retry-failed"),
    *("--accept-missing", "--db", "c.db", "postgresql://h/m", "Müsic", "a b", "~", "*"),
    *("-qv", "--db=c.db", "-j", "2", "--hop", "--", "-", "", "--dry-run", "--bogus"),
    b"caf\xe9".decode("utf-8", "surrogateescape"),
]


def by_click(words: list[str]) -> tuple[Any, ...] | None:
    """Return what click makes of a command line: paths, settings and wishes."""
    try:
        options = dict(scan.make_context("scan", list(words)).params)
    except (click.ClickException, click.exceptions.Exit):
        return None
    paths = list(options.pop("paths"))
    kinds = (ScanSettings, Wishes)
    return paths, *(
        kind(**{name: options[name] for name in kind._fields if name in options})
        for kind in kinds
    )


@given(words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_what_is_read_without_click_is_read_as_click_does(words: list[str]) -> None:
    plain: Any = plain_scan(words)
    assert plain is None or plain.args == by_click(words)


@pytest.mark.parametrize(
    "line",
    ["", "/music", "--db c.db -q /music", "--tags-only --json --db c.db a b", "-v a"],
)
def test_the_usual_lines_need_no_click(line: str) -> None:
    assert plain_scan(line.split()) is not None


def test_shells_that_complete_words_get_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SCAN_COMPLETE", "bash_source")
    assert plain_scan(["/music"]) is None
