"""Durations, progress and the summary: what people are told."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import struct
import subprocess
import termios
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import Stamp
from scanner.plan import Durations, FileTask, Remaining
from scanner.progress import Meter
from scanner.summary import Summary, format_duration
from sonicat.options import parse_duration, parse_since


def task(number: int, size: int, path: bytes = b"one.mp3") -> FileTask:
    expected = Durations().estimate(path, size)
    return FileTask(number, 1, b"/m", path, Stamp(size, 1), expected)


def test_durations_are_learnt_from_the_library() -> None:
    durations = Durations()
    assert durations.estimate(b"a/b.FLAC", 1_050_000) == pytest.approx(10)
    for _ in range(100):
        durations.learn(b"x.flac", 2_000_000, 10.0)
    assert durations.estimate(b"b.flac", 1_000_000) == pytest.approx(5, rel=0.1)
    assert durations.estimate(b"b.mp3", 240_000) == pytest.approx(10)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 10**5)), min_size=1))
def test_nothing_remains_when_all_is_done(files: list[tuple[int, float]]) -> None:
    remaining = Remaining(Durations())
    for size, _ in files:
        remaining.add(b"a.ogg", size)
    for size, duration_s in files:
        assert remaining.seconds >= 0
        remaining.done(b"a.ogg", size, duration_s)
    assert remaining.seconds == 0


def test_time_left_is_weighed_by_the_length_of_the_audio() -> None:
    # One file of nine parts, one of one part, after ten seconds for the first.
    long, short = task(0, 9 * 2_400_000), task(1, 2_400_000)
    now = 0.0
    meter = Meter([long, short], now=lambda: now)
    assert (meter.fraction, meter.left_s) == (0.0, None)
    now = 9.0
    meter.done(long, long.expected_s)
    assert meter.fraction == pytest.approx(0.9)
    assert meter.left_s == pytest.approx(1.0)
    assert meter.speed == pytest.approx(100.0)
    assert meter.text() == "1/2 tracks, 0.2 h, 100x real time, 0:01 left"
    assert meter.text(narrow=True) == "1/2 100x 0:01"
    now = 10.0
    meter.done(short, None)
    assert (meter.fraction, meter.left_s) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("2h", 7200), ("1h30m", 5400), ("1.5d", 129600)],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2 h", "h", "-3s", "2x"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no length of time"):
        parse_duration(text)


def test_dates_and_ages() -> None:
    day = parse_since("2026-11-23")
    there = datetime.fromtimestamp(day / 1e9).astimezone()
    assert there == datetime(2026, 11, 23).astimezone()
    week = parse_since("7d")
    assert time.time() - week / 1e9 == pytest.approx(7 * 86400, abs=9)
    with pytest.raises(click.BadParameter, match="no date"):
        parse_since("yesterday")


def test_a_summary_says_what_matters() -> None:
    summary = Summary("c.db")
    summary.found, summary.new, summary.unchanged = 16, 2, 1
    summary.audio_s, summary.wall_s = 7200, 36
    summary.failed = [(f"{n}.mp3", "decode", "truncated") for n in range(12)]
    summary.failed += [("x.mp3", "identify", "text")]
    text = "\n".join(summary.lines())
    assert "failed              13  (decode 12, identify 1)" in text
    assert "and 3 more: see the view v_failures" in text
    assert "2.0 h of audio in 36.0 s, 200 times real time" in text
    assert text.endswith("catalog: c.db")
    assert format_duration(3725) == "1:02:05 h"
    assert "no audio file" not in text


def test_a_folder_without_music_is_said_to_have_none() -> None:
    assert any("no audio file was found" in line for line in Summary().lines())


def in_terminal(command: list[str], columns: int) -> tuple[int, str]:
    """Run a command with a terminal for its stderr; return what it drew there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(
        command, stderr=theirs, stdout=subprocess.PIPE, env=env | {"TERM": "xterm"}
    )
    os.close(theirs)
    drawn = b""
    while select.select([ours], [], [], 120)[0]:
        try:
            block = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        drawn += block
    os.close(ours)
    process.communicate()
    return process.returncode, drawn.decode()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 100])
def test_the_bar_fits_the_terminal(library: Any, scan: Any, columns: int) -> None:
    for n in range(3):
        library.add(f"{n}.flac", seed=n)
    status, drawn = in_terminal(scan.line(library.folder, "--tags-only"), columns)
    assert status == 0
    assert "3/3" in drawn
    pieces = drawn.replace("\x1b[A", "").replace("\n", "\r").split("\r")
    assert max(map(len, pieces)) <= columns


@pytest.mark.slow
def test_without_a_terminal_there_is_no_bar(library: Any, scan: Any) -> None:
    library.add("one.flac", seed=1)
    done = scan.run(library.folder, "--tags-only")
    assert (done.returncode, done.stderr) == (0, "")
    quiet = scan.run(library.folder, "--tags-only", "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    log = library.folder.with_name("scan.log")
    library.add("two.flac", seed=2)
    loud = scan.run(library.folder, "--tags-only", "-v", "--log-file", log)
    assert "two.flac: new" in loud.stderr
    assert "two.flac: new" in log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-", "--log-file /dev/full"])
def test_a_scan_goes_on_when_nobody_can_be_told(
    library: Any, scan: Any, shell: str
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    library.add("one.flac", seed=1)
    line = shlex.join(scan.line(library.folder, "-v", "--tags-only"))
    done = subprocess.run(
        f"{line} {shell}", shell=True, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "new                  1" in done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.count("the log ends here") == ("log" in shell)


@pytest.mark.slow
def test_a_dry_run_changes_nothing(library: Any, scan: Any, tmp_path: Path) -> None:
    for n in range(4):
        library.add(f"{n}.flac", seed=n, seconds=18)
    figures = scan(library.folder, "--dry-run")
    assert not scan.db.exists()
    assert (figures["files"], figures["new"], figures["found"]) == (4, 4, 4)
    assert figures["audio_hours"] == pytest.approx(72 / 3600, rel=0.05)
    assert figures["seconds"] > 0
    scan(library.folder, tags_only=True)
    before = scan.db.read_bytes()
    figures = scan(library.folder, "--dry-run")
    assert (figures["new"], figures["stale"]) == (0, 4)
    assert scan.db.read_bytes() == before
    output = scan.run(library.folder, "--dry-run", "--tags-only").stdout
    assert output.startswith("0 of 4 files to read")
