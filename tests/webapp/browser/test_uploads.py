"""Tests of uploads in a real browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from webapp.app import create_app
from webapp.settings import UploadLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.webapp.conftest import Served
    from webapp.settings import ServeSettings

pytestmark = pytest.mark.slow


def judge(page: Any, path: Path, *, whole: bool = False) -> None:
    page.goto("/upload")
    page.set_input_files("#file", path)
    page.set_checked("#whole", whole)
    page.click("#go")
    page.wait_for_selector("#verdict:not([hidden]), #problem:not([hidden])")


@pytest.mark.parametrize(
    "extension",
    ["mp3", "m4a", "flac", "opus", "wav", "webm", "mp4"],  # ogg is dropped, below
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
    assert page.inner_text("#verdict-title") == "Low"
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
    page_of: Callable[..., Any],
    settings: ServeSettings,
    serve: Callable[[Flask], Served],
    audio_file: Callable[[str], Path],
) -> None:
    limits = UploadLimits(max_audio_s=18.0)
    page = page_of(serve(create_app(replace(settings, limits=limits))))
    judge(page, audio_file("mp3"))
    assert "lasts longer than 0.3 minutes" in page.inner_text("#problem-text")
