"""A power cut while the catalog is written: its log ends anywhere, even in rubbish."""

from __future__ import annotations

import random
import shutil

from catalog import library as tracks
from catalog.maintenance import check
from catalog.schema import open_catalog
from catalog.store_scan import store_batch

BATCH = 5
BATCHES = 6


def test_what_a_power_cut_leaves_is_whole_batches(sqlite_catalog, make, tmp_path):
    root_id = tracks.ensure_root(sqlite_catalog, b"/music").id
    for batch in range(BATCHES):
        changes = []
        for n in range(batch * BATCH, (batch + 1) * BATCH):
            path, new = b"%d" % n, make.analysis(n)
            changes.append(
                make.scanned(root_id, path, payload_hash=f"{n}", analysis=new)
            )
        store_batch(sqlite_catalog, changes)
    # As long as the catalog is open, everything since it was made is in the log.
    log = sqlite_catalog.path.with_name(sqlite_catalog.path.name + "-wal").read_bytes()
    chance = random.Random(3)
    kept = set()
    for length in (0, *sorted(chance.sample(range(len(log)), 10)), len(log)):
        place = tmp_path / f"cut at {length}" / "catalog.db"
        place.parent.mkdir()
        shutil.copyfile(sqlite_catalog.path, place)
        torn = chance.randbytes(4096)  # a sector that was being written
        place.with_name("catalog.db-wal").write_bytes(log[:length] + torn)
        with open_catalog(str(place)) as catalog:
            assert list(check(catalog)) == []
            known = [
                track
                for root in tracks.roots(catalog)
                for track in tracks.known_tracks(catalog, root.id)
            ]
            assert len(known) % BATCH == 0
            assert len(known) >= max(kept, default=0)
            kept.add(len(known))
    assert max(kept) == BATCH * BATCHES
    assert len(kept) > 2
