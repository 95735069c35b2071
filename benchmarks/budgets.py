"""Wall time and memory of `classify --all` on catalogs of any size, beside a budget.

    python benchmarks/budgets.py CATALOG [CATALOG ...] [--runs 1]

Catalogs of many tracks are made by `benchmarks/clone_catalog.py`. Each is copied, so
that every run begins with none. The budget is for two cores that do nothing else.
Reports are timed by `benchmarks/reports.py`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

BUDGETS = ((100, 5, 300), (2_000, 15, 400), (20_000, 60, 1_000), (200_000, 600, 3_000))
"""Up to so many tracks: seconds, MB."""


def count(path: Path, table: str) -> int:
    """Return how many rows a table has."""
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def run(path: Path) -> tuple[float, float, float]:
    """Train on a catalog; return wall and CPU seconds, and the peak in MB."""
    begin = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "sonicat", "classify", "--all", "-q", "--db", path]
    )
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"classify ended with {os.waitstatus_to_exitcode(status)}")
    wall = time.perf_counter() - begin
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogs", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=1, help="of each; the fastest")
    options = parser.parse_args()
    print(f"{'tracks':>8} {'windows':>9} {'s':>12} {'CPU s':>7} {'MB':>13}")
    for catalog in options.catalogs:
        tracks, windows = count(catalog, "tracks"), count(catalog, "windows")
        _, seconds, memory = next(b for b in BUDGETS if tracks <= b[0])
        found = []
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory() as folder:
                found.append(run(Path(shutil.copy(catalog, folder))))
        wall, cpu, peak = min(found)
        print(
            f"{tracks:8} {windows:9} {wall:6.1f} / {seconds:<3} {cpu:7.1f} "
            f"{peak:6.0f} / {memory:<4}",
            flush=True,
        )


if __name__ == "__main__":
    main()
