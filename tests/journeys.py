"""The project files in which a function runs, on three ways through the program.

    python -m tests.journeys [scan] [classify] [page] [--functions]

Counted by tracing, in the process itself and in its workers: the code of named
functions and methods. What only stands in a module or a class, and what is compiled to
machine code, leaves no trace.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile

from catalog.records import TagFacts
from tests.tag_writer import write_tags

CHECKOUT = Path(__file__).resolve().parents[1]
TRACING = Path(__file__).with_name("tracing")
SR = 22050
SECONDS = 12

# In a scan five of them tell albums, groups and artists.
BUDGETS = {"scan": 45, "classify": 35, "page": 20}
"""Most files that a journey may lead through."""

Functions = dict[str, set[str]]
"""Names of the functions that ran, by file."""

PAGE = """
import sys
from sitecustomize import trace_into
from webapp.app import create_app
from webapp.context import STATE
from webapp.settings import ServeSettings
from pathlib import Path

app = create_app(ServeSettings(catalog_url=sys.argv[1], spool=Path(sys.argv[2])))
client = app.test_client()
client.get("/api/map")
app.extensions[STATE].map_worker.wait()
trace_into(sys.argv[2])
answer = client.get("/tracks/1")
sys.setprofile(None)
assert answer.status_code == 200, answer.text
"""


def write_mp3(path: Path, *, artist: str, album: str, seed: int) -> None:
    """Write a tagged MP3 of noise, darker or brighter by artist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).standard_normal(SR * SECONDS)
    if artist == "Low":
        noise = np.convolve(noise, np.ones(16) / 4, "same")
    soundfile.write(path, 0.1 * noise, SR)
    facts = TagFacts(
        title=path.stem, artists=(artist,), albumartist=artist, album=album
    )
    write_tags(os.fsencode(path), facts)


def write_library(folder: Path) -> None:
    """Write two artists with three albums of two tracks each."""
    seed = 0
    for artist in ("Low", "Bright"):
        for album in ("One", "Two", "Three"):
            for track in (1, 2):
                seed += 1
                path = folder / artist / album / f"{track:02}.mp3"
                write_mp3(path, artist=artist, album=f"{artist} {album}", seed=seed)


def run_python(*arguments: str | Path, trace: Path | None = None) -> None:
    """Run Python on this checkout, with its workers traced where a folder is given."""
    environment = os.environ | {"PYTHONPATH": f"{TRACING}{os.pathsep}{CHECKOUT}"}
    if trace is not None:
        environment["SONICAT_TRACE"] = str(trace)
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def read_trace(folder: Path) -> Functions:
    """Return what all processes wrote down."""
    found: Functions = {}
    for path in folder.iterdir():
        if path.is_file() and path.name.isdecimal():
            for line in path.read_text().splitlines():
                file, _, function = line.partition("\t")
                found.setdefault(file, set()).add(function)
    return found


def trace_scan(folder: Path) -> Functions:
    """Scan one new MP3 into a catalog that knows another."""
    music, db = folder / "one", folder / "one.db"
    trace = folder / "trace-scan"
    trace.mkdir()
    write_mp3(music / "Low" / "One" / "01.mp3", artist="Low", album="One", seed=1)
    command = ("-m", "sonicat", "scan", "--db", db, "-j1", music)
    run_python(*command)  # compiles the kernels and creates the catalog
    write_mp3(music / "Low" / "One" / "02.mp3", artist="Low", album="One", seed=2)
    run_python(*command, trace=trace)
    return read_trace(trace)


def make_catalog(folder: Path) -> Path:
    """Return the catalog of a small library, which is made once for a folder."""
    db = folder / "catalog.db"
    if not db.exists():
        write_library(folder / "music")
        run_python("-m", "sonicat", "scan", "--db", db, folder / "music")
    return db


def trace_classify(folder: Path) -> Functions:
    """Evaluate and store one model on the whole of a small library."""
    db, trace = make_catalog(folder), folder / "trace-classify"
    trace.mkdir()
    command = ("-m", "sonicat", "classify", "--all", "--db", db)
    run_python(*command, trace=trace)
    return read_trace(trace)


def trace_page(folder: Path) -> Functions:
    """Ask for the page of a track that a model has judged, when the map is drawn."""
    if not (folder / "trace-classify").exists():
        trace_classify(folder)
    db, trace = make_catalog(folder), folder / "trace-page"
    trace.mkdir()
    run_python("-c", PAGE, db, trace)
    return read_trace(trace)


JOURNEYS: dict[str, Callable[[Path], Functions]] = {
    "scan": trace_scan,
    "classify": trace_classify,
    "page": trace_page,
}


def print_journeys(names: Iterable[str], folder: Path, *, functions: bool) -> None:
    """Print the files of each journey, and their functions where that is asked for."""
    for name in names:
        found = JOURNEYS[name](folder)
        lines = [f"{name}: {len(found)} files, at most {BUDGETS[name]}"]
        for file in sorted(found):
            more = f": {', '.join(sorted(found[file]))}" if functions else ""
            lines.append(f"  {file}{more}")
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journeys", nargs="*", metavar="JOURNEY", default=[*JOURNEYS])
    parser.add_argument("--functions", action="store_true", help="Name them, too.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        print_journeys(asked.journeys, Path(made), functions=asked.functions)
