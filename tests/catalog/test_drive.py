"""Full disks, drives that refuse, folders where nothing can be written."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog import library as tracks
from catalog.database import Catalog
from catalog.schema import open_catalog
from catalog.store_scan import store_batch

UNPRIVILEGED_READER = """
import os, sys
from catalog import library as tracks
from catalog.exceptions import CatalogError
from catalog.schema import open_catalog
if os.geteuid() == 0:
    os.seteuid(65534)  # to root every folder can be written
try:
    with open_catalog(sys.argv[1], mode="read") as catalog:
        print(len(tracks.roots(catalog)))
except CatalogError as error:
    print(error)
"""


@pytest.fixture
def read_only_folder(sqlite_catalog) -> Iterator[Path]:
    """Give the path of a closed catalog with a root, where nothing can be written."""
    tracks.ensure_root(sqlite_catalog, b"/music")
    sqlite_catalog.close()
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # others may enter it
    shutil.copyfile(sqlite_catalog.path, folder / "catalog.db")
    (folder / "catalog.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder / "catalog.db"
    folder.chmod(0o755)
    shutil.rmtree(folder)


def read_unprivileged(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED_READER, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_catalog_where_nothing_can_be_written_is_readable(read_only_folder):
    assert read_unprivileged(read_only_folder) == "1\n"
    assert list(read_only_folder.parent.iterdir()) == [read_only_folder]


def test_what_only_a_writer_could_recover_is_not_passed_over(read_only_folder):
    """A write-ahead log that is left over holds what the file alone does not."""
    log = read_only_folder.with_name("catalog.db-wal")
    read_only_folder.parent.chmod(0o755)
    log.write_bytes(b"some transactions" * 100)
    read_only_folder.parent.chmod(0o555)
    assert "check the permissions" in read_unprivileged(read_only_folder)


def test_a_full_disk_is_reported_and_loses_nothing(sqlite_catalog, make):
    from catalog.exceptions import CatalogFullError

    root = tracks.ensure_root(sqlite_catalog, b"/music")
    store_batch(sqlite_catalog, [make.scanned(root.id, b"before")])
    sqlite_catalog.close()
    ((pages,),) = sqlite_catalog.rows("PRAGMA page_count")
    many = [
        make.scanned(root.id, b"%d" % n, payload_hash=str(n), analysis=make.analysis(n))
        for n in range(60)
    ]
    full = Catalog(sqlite_catalog.url, "write")
    with full, full.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
        connection.rollback()
        connection.close()  # back to the pool: the next user gets the same one
        with pytest.raises(CatalogFullError, match="free some space"):
            store_batch(full, many)
    assert [t.path for t in tracks.known_tracks(sqlite_catalog, root.id)] == [b"before"]
    assert sqlite_catalog.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_drive_that_refuses_to_write_is_reported_and_loses_nothing(sqlite_catalog):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    program = """
import resource, sys
from tests.catalog.conftest import Make
from catalog import library as tracks
from catalog.store_scan import store_batch
from catalog.exceptions import CatalogError
from catalog.schema import open_catalog
make = Make()
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
with open_catalog(sys.argv[1]) as catalog:
    for n in range(10_000):
        one = make.scanned(1, b"%d" % n, payload_hash=f"{n}", analysis=make.analysis(n))
        try:
            store_batch(catalog, [one])
        except CatalogError as error:
            sys.exit(f"{n} {error}")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(sqlite_catalog.path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    stored, _, message = done.stderr.partition(" ")
    assert "what was stored before is safe" in message
    known = tracks.known_tracks(sqlite_catalog, root.id)
    assert len(known) == int(stored) > 0
    assert sqlite_catalog.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_copy_of_the_file_alone_is_a_catalog(sqlite_catalog, tmp_path):
    """Closed, the catalog is one file: nothing is left in the write-ahead log."""
    tracks.ensure_root(sqlite_catalog, b"/music")
    sqlite_catalog.close()
    copy = tmp_path / "copy.db"
    shutil.copyfile(sqlite_catalog.path, copy)
    with open_catalog(str(copy), mode="read") as catalog:
        assert len(tracks.roots(catalog)) == 1
