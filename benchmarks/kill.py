"""Kill a scan of a real library at random moments, and see that nothing is lost.

    python benchmarks/kill.py LIBRARY [--kills 50] [--seed 0] [--jobs 2]

Each round starts a scan of the same catalog, kills the parent with SIGKILL at a random
moment, and examines the catalog: it must be sound, and what was stored before must be
stored still and not have been analysed again. A round that finds nothing left to do
begins a new catalog. Whenever a scan gets to its end, the catalog must equal that of an
undisturbed scan. The scan's log tells how many files were read in vain: in hand at the
kill, or finished in the two seconds before and not stored yet.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

CONTENT = {
    "tracks": "SELECT path, size, mtime_ns, title, album_id IS NULL, hash FROM tracks "
    "JOIN payloads ON payloads.id = payload_id ORDER BY path",
    "analyses": "SELECT hash, status, duration_s, loudness_lufs, decoder FROM analyses "
    "JOIN payloads ON payloads.id = payload_id ORDER BY hash",
    "windows": "SELECT hash, start_s, tempo_bpm, rms_mean, vector FROM windows "
    "JOIN analyses ON analyses.id = analysis_id "
    "JOIN payloads ON payloads.id = payload_id ORDER BY hash, start_s",
    "sequences": "SELECT hash, kind, steps, data FROM sequences "
    "JOIN analyses ON analyses.id = analysis_id "
    "JOIN payloads ON payloads.id = payload_id ORDER BY hash, kind",
    "artists": "SELECT path, position, name FROM track_artists "
    "JOIN tracks ON tracks.id = track_id JOIN artists ON artists.id = "
    "track_artists.artist_id ORDER BY path, position",
    "tags": "SELECT path, position, key, value FROM raw_tags "
    "JOIN tracks ON tracks.id = track_id ORDER BY path, position",
    "failures": "SELECT path, stage, reason FROM failures ORDER BY path",
}


def ask(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(sql).fetchall()


def analysed(db: Path) -> dict[str, str]:
    """Return when each payload was analysed, by hash."""
    if not db.exists():
        return {}
    tables = {name for (name,) in ask(db, "SELECT name FROM sqlite_master")}
    if "analyses" not in tables:
        return {}
    sql = (
        "SELECT hash, analysed_at FROM analyses JOIN payloads ON payloads.id=payload_id"
    )
    return dict(ask(db, sql))


def command(library: Path, db: Path, jobs: int) -> list[str]:
    run = [sys.executable, "-m", "sonicat", "scan", "-q", "--db", str(db)]
    return [*run, "-j", str(jobs), "--log-file", f"{db}.log", str(library)]


def finished(db: Path) -> int:
    """Return how many files were finished by all scans of a catalog, by their log."""
    return sum(1 for line in Path(f"{db}.log").open() if line.endswith(" s)\n"))


def kill_once(line: list[str], after_s: float) -> bool:
    """Start a scan and kill it; say whether it was still running."""
    process = subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def examine(db: Path, before: dict[str, str]) -> dict[str, str]:
    """Check a catalog after a kill; return what is analysed in it."""
    now = analysed(db)
    if db.exists():
        assert ask(db, "PRAGMA integrity_check") == [("ok",)]
        assert ask(db, "PRAGMA foreign_key_check") == []
    again = [key for key, when in before.items() if now.get(key) != when]
    assert not again, f"analysed twice or lost: {again}"
    return now


def undisturbed(line: list[str], db: Path) -> tuple[dict[str, Any], float]:
    """Scan in peace; return what the catalog then holds, and the time it took."""
    start = time.perf_counter()
    subprocess.run(line, check=False)
    wall = time.perf_counter() - start
    return {name: ask(db, sql) for name, sql in CONTENT.items()}, wall


def kill_often(
    line: list[str], db: Path, expected: dict[str, Any], moments: Iterator[float]
) -> tuple[int, int]:
    """Kill a scan at every moment.

    Returns
    -------
    completed : int
        How many scans got to their end.
    vain : int
        How many files were finished, but had to be read again.
    """
    done: dict[str, str] = {}
    completed = vain = 0
    wanted = len(expected["tracks"]) + len(expected["failures"])
    for number, moment in enumerate(moments, 1):
        while not kill_once(line, moment):
            compare(db, expected)
            completed += 1
            vain += finished(db) - wanted
            for path in db.parent.glob(f"{db.name}*"):
                path.unlink()
            done = {}
        done = examine(db, done)
        print(f"kill {number}: {len(done)} tracks analysed", flush=True)
    subprocess.run(line, check=False)
    examine(db, done)
    compare(db, expected)
    return completed + 1, vain + finished(db) - wanted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        calm, killed = Path(folder, "calm.db"), Path(folder, "killed.db")
        expected, whole_s = undisturbed(
            command(options.library, calm, options.jobs), calm
        )
        print(f"undisturbed: {len(expected['tracks'])} tracks in {whole_s:.0f} s")
        completed, vain = kill_often(
            command(options.library, killed, options.jobs),
            killed,
            expected,
            (chance.uniform(0.1, whole_s / 4) for _ in range(options.kills)),
        )
    print(
        f"{options.kills} kills survived, {completed} scans completed between them; "
        "every catalog equals that of the undisturbed scan; nothing stored was lost or "
        f"analysed twice, {vain} files were finished but not stored yet"
    )


def compare(db: Path, expected: dict[str, list[tuple[Any, ...]]]) -> None:
    for name, sql in CONTENT.items():
        other = set(ask(db, sql)) ^ set(expected[name])
        assert not other, f"{len(other)} {name} differ: {sorted(map(str, other))[:2]}"


if __name__ == "__main__":
    main()
