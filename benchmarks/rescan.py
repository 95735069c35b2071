"""Compare scanning tags, and scanning again, with beets, in one run.

    python benchmarks/rescan.py [--files 2000] [--many 100000] [--beet PATH]
        [--scan PATH]

Makes libraries of tiny tagged MP3s, lets `beet import -A`, `beet update`, `scan
--tags-only` and `scan` run on them, and prints CPU seconds (of all processes), wall
seconds and peak memory, and the ratios. Whatever finds nothing to do runs five times,
all in turns, and the quickest counts.

beets runs three times over: as it comes, told no more than where its library is; in
place, that is without copying the files, as somebody has it who asks for no more than
`scan` does; and sparest, without its default plugin too. As it comes, it never gets
quick: the copies are younger than it notes, so every `beet update` reads every file.

Without --beet, beets is installed into a virtual environment of its own in the
temporary folder, and without --scan so is this program, as a user has it (from the
checkout, not editable), sharing the libraries of the interpreter that runs this.
--many 0 leaves the large library out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TPE2, TRCK

ROOT = Path(__file__).resolve().parents[1]
TURNS = 5
BEETS = {
    "as it comes": "",
    "in place": "import:\n  copy: no\n",
    "sparest": "import:\n  copy: no\nplugins: []\n",
}
PER_ALBUM = 10
ALBUMS_PER_ARTIST = 5


@dataclass
class Cost:
    """What one command took."""

    name: str
    cpu_s: float
    wall_s: float
    peak_mb: float

    def line(self) -> str:
        return (
            f"{self.name:<34}{self.cpu_s:>9.2f}{self.wall_s:>9.2f}{self.peak_mb:>9.0f}"
        )


def make_library(folder: Path, files: int) -> None:
    """Write tiny MP3s, each with sound and tags of its own."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(4000)
    plain = folder.with_suffix(".mp3")
    soundfile.write(plain, noise, 8000, format="MP3")
    audio = plain.read_bytes()
    plain.unlink()
    for n in range(files):
        album, track = divmod(n, PER_ALBUM)
        artist = album // ALBUMS_PER_ARTIST
        place = folder / f"Artist {artist}" / f"Album {album}"
        if not track:
            place.mkdir(parents=True, exist_ok=True)
        tags = ID3()
        tags.add(TIT2(text=f"Song {n}"))
        tags.add(TPE1(text=f"Artist {artist}"))
        tags.add(TPE2(text=f"Artist {artist}"))
        tags.add(TALB(text=f"Album {album}"))
        tags.add(TRCK(text=f"{track + 1}/{PER_ALBUM}"))
        tags.add(TDRC(text=str(1970 + album % 50)))
        path = place / f"{track + 1:02}.mp3"
        # A frame's worth of other bytes in the middle: every payload is another.
        middle = len(audio) // 2
        other = audio[:middle] + n.to_bytes(4, "big") + audio[middle + 4 :]
        path.write_bytes(other)
        tags.save(path, padding=lambda _: 0)


def measure(name: str, command: list[str], env: dict[str, str] | None = None) -> Cost:
    """Run a command; charge it and everything that it starts."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        if process.returncode:
            err.seek(0)
            sys.exit(f"{name} failed: {err.read().decode(errors='replace')}")
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = used.ru_utime + used.ru_stime
    return Cost(name, cpu, wall, used.ru_maxrss * unit / 2**20)


def own_environment(home: Path, *packages: str) -> Path:
    """Make a virtual environment; return the folder of its commands."""
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *packages], check=True)
    return home / "bin"


def scan_command(given: str | None, folder: Path) -> str:
    if given:
        return given
    home = folder / "sonicat"
    commands = own_environment(home, "--no-deps", str(ROOT))
    inside = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", vars=inside))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return str(commands / "scan")


def beet_command(given: str | None, folder: Path) -> str:
    return given or str(own_environment(folder / "beets", "beets") / "beet")


@dataclass
class Contender:
    """A program, set up in a way: what it runs at first, and again."""

    name: str
    first: list[str]
    again: list[str]
    env: dict[str, str]


def beets(command: str, name: str, music: Path, folder: Path) -> Contender:
    home = folder / f"beets {name}"
    home.mkdir()
    config = BEETS[name]
    directory = music if config else home / "copies"
    (home / "config.yaml").write_text(
        f"directory: {directory}\nlibrary: {home / 'library.db'}\n{config}"
    )
    return Contender(
        f"beets {name}",
        [command, "import", "-A", "-q", str(music)],
        [command, "update"],
        {"BEETSDIR": str(home)},
    )


def sonicat(command: str, music: Path, folder: Path) -> Contender:
    db = folder / f"{music.name}.db"
    run = [command, "--db", str(db), "-q", "--tags-only", str(music)]
    return Contender("sonicat", run, run, {})


def run_all(contenders: list[Contender]) -> list[tuple[Cost, Cost]]:
    """Run each once, then each again in turns; the quickest repetition counts."""
    first = [measure(f"{one.name}, first", one.first, one.env) for one in contenders]
    turns = [
        [measure(f"{one.name}, again", one.again, one.env) for one in contenders]
        for _ in range(TURNS)
    ]
    again = [
        min(costs, key=lambda cost: cost.wall_s) for costs in zip(*turns, strict=True)
    ]
    return list(zip(first, again, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--beet")
    parser.add_argument("--scan")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rescan-") as temporary:
        folder = Path(temporary)
        music = folder / "music"
        make_library(music, options.files)
        beet, scan = (
            beet_command(options.beet, folder),
            scan_command(options.scan, folder),
        )
        *others, ours = run_all(
            [
                *(beets(beet, name, music, folder) for name in BEETS),
                sonicat(scan, music, folder),
            ]
        )
        print(f"{options.files} files{'':<24}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
        for costs in (*others, ours):
            print("\n".join(cost.line() for cost in costs))
        for theirs in others:
            for their, our in zip(theirs, ours, strict=True):
                print(
                    f"{their.name} / sonicat: {their.wall_s / our.wall_s:.1f} wall, "
                    f"{their.cpu_s / our.cpu_s:.1f} CPU"
                )
        if options.many:
            many = folder / "many"
            make_library(many, options.many)
            print(f"{options.many} files")
            for cost in run_all([sonicat(scan, many, folder)])[0]:
                print(cost.line())


if __name__ == "__main__":
    main()
