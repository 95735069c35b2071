"""Compare scanning tags, and scanning again, with beets, in one run.

    python benchmarks/rescan.py [--files 2000] [--many 100000] [--beet PATH]

Makes libraries of tiny tagged MP3s, lets `beet import -A`, `beet update`, `scan
--tags-only` and `scan` run on them, and prints CPU seconds (of all processes), wall
seconds and peak memory, and the ratios. Without --beet, beets is installed into a
virtual environment of its own in the temporary folder. --many 0 leaves the large
library out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TPE2, TRCK

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


def beet_command(given: str | None, folder: Path) -> str:
    if given:
        return given
    home = folder / "beets"
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "beets"]
    subprocess.run(pip, check=True)
    return str(home / "bin" / "beet")


def with_beets(beet: str, music: Path, folder: Path) -> tuple[Cost, Cost]:
    config = folder / "beets.yaml"
    config.write_text(
        f"directory: {music}\nlibrary: {folder / 'beets.db'}\nplugins: []\n"
        "import:\n  copy: no\n  write: no\n  incremental: no\n"
    )
    run = [beet, "-c", str(config)]
    env = {"BEETSDIR": str(folder)}
    return (
        measure("beet import -A", [*run, "import", "-A", "-q", str(music)], env),
        measure("beet update, nothing changed", [*run, "update"], env),
    )


def with_scan(music: Path, db: Path) -> tuple[Cost, Cost]:
    run = [sys.executable, "-m", "sonicat", "scan", "--db", str(db), "-q"]
    return (
        measure("scan --tags-only, first", [*run, "--tags-only", str(music)]),
        measure("scan --tags-only, nothing changed", [*run, "--tags-only", str(music)]),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--beet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rescan-") as temporary:
        folder = Path(temporary)
        music = folder / "music"
        make_library(music, options.files)
        imported, updated = with_beets(
            beet_command(options.beet, folder), music, folder
        )
        first, again = with_scan(music, folder / "catalog.db")
        print(f"{options.files} files{'':<24}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
        for cost in (imported, first, updated, again):
            print(cost.line())
        print(
            f"beet import -A / scan --tags-only: {imported.wall_s / first.wall_s:.1f}"
            f" wall, {imported.cpu_s / first.cpu_s:.1f} CPU"
        )
        print(
            f"beet update / scan: {updated.wall_s / again.wall_s:.1f} wall, "
            f"{updated.cpu_s / again.cpu_s:.1f} CPU"
        )
        if options.many:
            many = folder / "many"
            make_library(many, options.many)
            print(f"{options.many} files")
            for cost in with_scan(many, folder / "many.db"):
                print(cost.line())


if __name__ == "__main__":
    main()
