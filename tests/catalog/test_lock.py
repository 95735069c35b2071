"""Two scans never fight, whatever becomes of the first."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from catalog import library as tracks
from catalog.exceptions import CatalogBusyError
from catalog.schema import open_catalog

HOLDER = """
import sys
from catalog.schema import open_catalog
with open_catalog(sys.argv[1]) as catalog, catalog.scan_lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a process that holds a catalog's lock until its input ends."""
    started = []

    def start(url: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        process.wait()


def test_a_second_process_learns_who_holds_the_lock(catalog, hold):
    holder = hold(catalog.url)
    with pytest.raises(CatalogBusyError) as caught, catalog.scan_lock():
        pytest.fail("both hold the lock")
    if catalog.path is not None:
        assert f"process {holder.pid}" in str(caught.value)
    else:
        assert "process" in str(caught.value)


def test_the_lock_ends_with_its_holder_however_it_ends(catalog, hold):
    holder = hold(catalog.url)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with catalog.scan_lock(wait_s=10.0):
        pass


def test_waiting_is_rewarded(catalog, hold):
    holder = hold(catalog.url)
    assert holder.stdin is not None
    holder.stdin.close()  # the holder now ends in its own time
    with catalog.scan_lock(wait_s=30.0):
        pass


def test_the_lock_can_be_taken_again_after_it_was_given_back(catalog):
    for _ in range(2):
        with catalog.scan_lock():
            pass


def test_the_lock_is_given_back_when_the_work_fails(catalog):
    with pytest.raises(ZeroDivisionError), catalog.scan_lock():
        raise ZeroDivisionError
    with catalog.scan_lock():
        pass


def test_one_process_cannot_hold_it_twice(catalog):
    with (
        catalog.scan_lock(),
        open_catalog(catalog.url) as other,
        pytest.raises(CatalogBusyError),
        other.scan_lock(),
    ):
        pytest.fail("both hold the lock")


def test_a_link_to_the_catalog_leads_to_the_same_lock(sqlite_catalog, tmp_path, hold):
    link = tmp_path / "link.db"
    link.symlink_to(sqlite_catalog.path)
    hold(str(link))
    with pytest.raises(CatalogBusyError), sqlite_catalog.scan_lock():
        pytest.fail("both hold the lock")


def test_reading_goes_on_under_the_lock(catalog, hold):
    hold(catalog.url)
    with open_catalog(catalog.url, mode="read") as reader:
        assert reader.rows("SELECT count(*) FROM tracks") == [(0,)]


def test_a_program_that_holds_the_file_itself_is_waited_for_then_named(
    sqlite_catalog, monkeypatch
):
    monkeypatch.setattr("catalog.database.BUSY_TIMEOUT_S", 0.1)
    sqlite_catalog.close()
    with closing(sqlite3.connect(sqlite_catalog.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CatalogBusyError, match="another program"):
            tracks.ensure_root(sqlite_catalog, b"/music")
        other.execute("ROLLBACK")
    tracks.ensure_root(sqlite_catalog, b"/music")
