"""A process that is killed while it writes leaves whole batches and nothing else."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import library as tracks
from catalog.maintenance import check
from catalog.schema import open_catalog

BATCH = 5
WRITER = """
import sys
from tests.catalog.conftest import Make
from catalog import library as tracks
from catalog.store_scan import store_batch
from catalog.schema import open_catalog
make = Make()
with open_catalog(sys.argv[1]) as catalog, catalog.scan_lock(wait_s=10.0):
    root = tracks.ensure_root(catalog, b"/music")
    start = len(tracks.known_tracks(catalog, root.id))
    for first in range(start, start + 10_000, 5):
        batch = []
        for n in range(first, first + 5):
            path, new = b"%d" % n, make.analysis(n)
            batch.append(make.scanned(root.id, path, payload_hash=f"{n}", analysis=new))
        store_batch(catalog, batch)
        print(first, flush=True)
"""


@pytest.mark.slow
def test_what_was_committed_stays_and_is_whole(tmp_path: Path):
    place = tmp_path / "catalog.db"
    delays = random.Random(7)
    reached = 0
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place)],
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert int(writer.stdout.readline()) == reached  # it goes on where it was
        try:
            writer.wait(delays.uniform(0.0, 0.6))
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        writer.stdout.close()
        assert writer.wait() == -signal.SIGKILL

        with open_catalog(str(place), mode="read") as catalog:  # as the kill left it
            (root,) = tracks.roots(catalog)
            known = tracks.known_tracks(catalog, root.id)
            assert list(check(catalog)) == []
            assert len(known) % BATCH == 0
            assert len(known) > reached
            assert len(tracks.analysed_payloads(catalog, 1)) == len(known)
            reached = len(known)
