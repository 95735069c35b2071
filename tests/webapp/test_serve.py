"""Tests of the command `sonicat serve` and of exported reports."""

from __future__ import annotations

import csv
import io
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from sonicat.report import report
from sonicat.serve import serve
from tests.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.webapp.conftest import Made

pytestmark = pytest.mark.slow


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Return what starts `serve` and gives the process and the address it prints."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sonicat", "serve", "--no-browser", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        return process, found[0]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def body(out: IO[bytes]) -> str:
    return out.read().decode()


def test_it_serves_until_interrupted(
    made: Made, started: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    process, address = started("--db", str(made.db), "--port", "0")
    with urllib.request.urlopen(address, timeout=60) as answer:
        assert "The library as a map" in body(answer)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_beyond_this_machine_a_token_is_made_up_and_needed(
    made: Made, started: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    options = ("--db", str(made.db), "--port", "0", "--host", "0.0.0.0")
    _, address = started(*options)
    assert re.search(r"\?token=\S{30,}", address)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.partition("?")[0], timeout=60).close()


def test_a_port_that_is_taken_is_an_error_in_one_line(made: Made) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [
                *(sys.executable, "-m", "sonicat", "serve", "--no-browser"),
                *("--db", str(made.db), "--port", port),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_run_that_does_not_exist_is_an_error_in_one_line(made: Made) -> None:
    options = ["--db", str(made.db), "--run", "77", "--port", "0", "--no-browser"]
    done = Runner().invoke(serve, options)
    assert done.exit_code == 1
    assert done.output == (
        "serve: --run 77: there is no such run; leave it out for the newest\n"
    )


@pytest.mark.parametrize("wrong", [["--port", "99999"], ["--map", "albums"]])
def test_a_wrong_option_is_a_usage_error(wrong: list[str]) -> None:
    assert Runner().invoke(serve, wrong).exit_code == 2


@pytest.mark.usefixtures("app")  # which draws the map
def test_the_page_to_send_needs_nothing_else(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    options = ["--db", str(made.db), "--format", "html", "-o", str(out)]
    done = Runner().invoke(report, [*options, "--artist", "Low", "--through", "1984"])
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    for part in ("by-album", "by-artist", "confusion", "cost", "by-era", "map"):
        assert f'<section id="{part}">' in text
    assert re.findall(r"<script|\ssrc=|<link|@import|url\(", text) == []
    (held,) = re.findall(
        r'download="by-album.csv" href="data:text/csv;[^,]*,([^"]*)', text
    )
    rows = list(csv.DictReader(io.StringIO(urllib.parse.unquote(held))))
    assert {row["album"] for row in rows} >= {"Low One", "Bright Three"}
    for name in re.findall(r'<a href="#([^"]+)"', text):
        assert f'id="{name}"' in text
    outside = text.replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://", outside) == []
    assert "<b>&amp;" not in text
    assert "Piece 1 &lt;b&gt;" in text  # on the map


@pytest.mark.usefixtures("app")
def test_pictures_for_a_paper_are_files_of_their_own(
    made: Made, tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "plots"
    done = Runner().invoke(report, ["--db", str(made.db), "--plots", str(folder)])
    assert done.exit_code == 0, done.output
    files = sorted(folder.glob("*.svg"))
    names = {one.name for one in files}
    assert names >= {"by-album.svg", "confusion.svg", "map.svg"}
    assert sorted(done.output.splitlines()) == [str(one) for one in files]
    for one in files:
        ET.parse(one)


def test_a_folder_that_cannot_be_written_is_an_error_in_one_line(
    made: Made, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    target = str(tmp_path / "file" / "plots")
    done = Runner().invoke(report, ["--db", str(made.db), "--plots", target])
    assert done.exit_code == 1
    assert "name another folder" in done.output


@pytest.mark.usefixtures("app")
def test_a_reader_that_has_seen_enough_is_no_fault_of_the_folder(
    made: Made, tmp_path: Path
) -> None:
    """As in `report --plots DIR | head -1`."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sonicat", "report", "--db", str(made.db)),
            *("--plots", str(tmp_path / "plots")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=120)
    assert err == ""
    assert process.returncode == 1
