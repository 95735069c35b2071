"""Write a small catalog of today's schema, to be upgraded by tests ever after.

Run it once for each schema, when it is settled:

    python -m tests.catalog.data.make
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from catalog import library as tracks
from catalog.datasets import load_library
from catalog.records import FileFailed, Stamp, TagFacts
from catalog.regroup import regroup
from catalog.runs import FoldFacts, RunFacts, StoredModel
from catalog.schema import HEAD, open_catalog
from catalog.store_run import Predictions, store_run
from catalog.store_scan import store_batch
from tests.catalog.conftest import Make


def main() -> None:
    make = Make()
    place = Path(__file__).with_name(f"schema-{HEAD}.sqlite")
    place.unlink(missing_ok=True)
    tags = TagFacts(
        title="One",
        artists=("Metallica",),
        album="...And Justice for All",
        date="1988-08-25",
        genres=("Thrash",),
        raw=(("TIT2", "One"),),
        sources=(("title", "id3v2:TIT2"),),
    )
    with open_catalog(str(place)) as catalog:
        root = tracks.ensure_root(catalog, b"/music")
        store_batch(
            catalog,
            [
                make.scanned(root.id, b"one.mp3", tags=tags, analysis=make.analysis()),
                make.scanned(root.id, b"caf\xe9.flac", tags=tags),
                FileFailed(root.id, b"bad.mp3", Stamp(1, 1), "decode", "no frame"),
            ],
        )
        regroup(catalog)
        ids, zero = np.array([1], np.int64), np.zeros(1, np.intp)
        labels = ("Metallica", "Rush")
        said = Predictions.from_matrix(ids, zero, zero, np.array([[0.9, 0.1]]), labels)
        store_run(
            catalog,
            RunFacts("artist", "svm-rbf", 0, 1, "hash", labels, {}, {}, {}),
            folds=[FoldFacts(0, 1, 1, 1.0, 1.0, 1.0, {}, 1.0, 0.1)],
            tracks=[said],
            windows=[said],
            models=[StoredModel("model", "skops", b"bytes")],
            known=load_library(catalog).tracks,
        )
    with closing(sqlite3.connect(place, isolation_level=None)) as small:
        for words in ("journal_mode = DELETE", "page_size = 512"):
            small.execute(f"PRAGMA {words}")
        small.execute("VACUUM")
    place.with_name(place.name + ".lock").unlink()


if __name__ == "__main__":
    main()
