"""One file and what can be wrong with it, in this process."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from catalog.records import FileFailed, Stamp, TrackScanned
from scanner.analyze import analyze
from scanner.audio.encode import encode
from scanner.plan import FileTask
from scanner.settings import ReadingRules, ScanSettings

TAGS = ScanSettings(tags_only=True)


def task(path: Path) -> FileTask:
    folder, name = os.path.split(os.fsencode(path))
    return FileTask(0, 1, folder, name, Stamp(1, 1), 10.0)


def test_the_stamp_is_that_of_what_was_read(library: Any) -> None:
    path = library.add("one.flac", seed=1)
    track = analyze(task(path), TAGS, lambda _: True)
    status = path.stat()
    assert isinstance(track, TrackScanned)
    assert track.stamp == Stamp(status.st_size, status.st_mtime_ns)
    assert (track.tags.title, track.analysis) == ("One", None)


def test_a_file_that_grows_while_it_is_read_is_left_for_later(library: Any) -> None:
    path = library.add("long.wav", seed=1, seconds=600)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.0005):
                file.write(b"\0\0")

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        failed = analyze(task(path), TAGS, lambda _: True)
    finally:
        stop.set()
        growing.join()
    assert isinstance(failed, FileFailed)
    assert failed.stage == "identify"
    assert "changed while it was read" in failed.reason
    assert isinstance(analyze(task(path), TAGS, lambda _: True), TrackScanned)


@pytest.mark.parametrize("codec", ["mp3", "flac", "aac"])
def test_a_file_is_opened_and_identified_once(tmp_path: Path, codec: str) -> None:
    path = tmp_path / {"aac": "one.m4a"}.get(codec, f"one.{codec}")
    noise = np.random.default_rng(1).standard_normal(6 * 22050)
    encode(0.1 * noise.astype(np.float32), 22050, path, codec)
    calls = Counter[str]()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and "scanner/audio/" in frame.f_code.co_filename:
            calls[frame.f_code.co_name] += 1

    sys.setprofile(count)
    try:
        found = analyze(task(path), ScanSettings(), lambda _: True)
    finally:
        sys.setprofile(None)
    assert isinstance(found, TrackScanned)
    assert found.analysis is not None
    assert found.analysis.status == "ok"
    assert (calls["open_regular"], calls["identify"]) == (1, 1)
    assert calls["find_frames"] == (codec == "mp3")


def test_what_is_wrong_with_a_file_comes_back_as_a_record(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("words " * 1000)
    (tmp_path / "empty.flac").write_bytes(b"")
    (tmp_path / "folder.mp3").mkdir()
    for name in ("text.mp3", "empty.flac", "folder.mp3", "absent.ogg"):
        failed = analyze(task(tmp_path / name), TAGS, lambda _: True)
        assert isinstance(failed, FileFailed), name
        assert failed.stage == "identify"
        assert failed.reason
        assert str(tmp_path) not in failed.reason


def test_too_little_memory_is_a_reason(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library.add("one.wav", seed=1)

    def exhausted(_payload: str) -> bool:
        raise MemoryError

    failed = analyze(task(path), ScanSettings(), exhausted)
    assert isinstance(failed, FileFailed)
    assert failed.stage == "memory"


def test_an_error_that_nobody_foresaw_stays_with_its_file(library: Any) -> None:
    path = library.add("one.wav", seed=1)

    def wrong(_payload: str) -> bool:
        raise ZeroDivisionError("by zero")

    failed = analyze(task(path), ScanSettings(), wrong)
    assert isinstance(failed, FileFailed)
    assert (failed.stage, failed.reason) == ("analysis", "ZeroDivisionError: by zero")


def test_folder_names_fill_in_where_that_is_asked_for(tmp_path: Path) -> None:
    import soundfile

    folder = tmp_path / "Rush" / "1981 - Moving Pictures"
    folder.mkdir(parents=True)
    soundfile.write(folder / "03 YYZ.wav", [0.0] * 800, 8000)
    name = b"Rush/1981 - Moving Pictures/03 YYZ.wav"
    one = FileTask(0, 1, os.fsencode(tmp_path), name, Stamp(1, 1), 10.0)
    plain = analyze(one, TAGS, lambda _: True)
    assert isinstance(plain, TrackScanned)
    assert plain.tags.album is None
    guessing = replace(one, rules=ReadingRules(guess_from_path=True))
    track = analyze(guessing, TAGS, lambda _: True)
    assert isinstance(track, TrackScanned)
    assert (track.tags.album, track.tags.artists) == ("Moving Pictures", ("Rush",))
