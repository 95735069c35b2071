"""A catalog is made, opened, read and written."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from catalog import library as tracks
from catalog.database import catalog_url
from catalog.exceptions import CatalogError, CatalogMissingError
from catalog.model_base import Base
from catalog.models import Root
from catalog.regroup import regroup
from catalog.schema import open_catalog, open_existing
from catalog.store_scan import store_batch


def test_the_place_is_the_option_else_the_variable_else_the_data_folder(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("SONICAT_DB", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    default = catalog_url(None)
    assert default.startswith(f"sqlite:///{tmp_path}")
    assert default.endswith("sonicat/catalog.db")
    monkeypatch.setenv("SONICAT_DB", str(tmp_path / "env.db"))
    assert catalog_url(None) == f"sqlite:///{tmp_path / 'env.db'}"
    assert catalog_url("x.db") == f"sqlite:///{Path.cwd() / 'x.db'}"
    assert catalog_url("~/x.db") == f"sqlite:///{tmp_path / 'x.db'}"
    assert catalog_url("postgresql://h/n") == "postgresql://h/n"


def test_connections_are_set_up_for_safety(sqlite_catalog):
    wanted = {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "busy_timeout": 30000,
    }
    for pragma, value in wanted.items():
        assert sqlite_catalog.rows(f"PRAGMA {pragma}") == [(value,)]
        with sqlite_catalog.reading() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_reading_makes_nothing(tmp_path):
    with pytest.raises(CatalogMissingError, match=r"scan FOLDER"):
        open_catalog(str(tmp_path / "sub" / "catalog.db"), mode="read")
    with pytest.raises(CatalogMissingError):
        open_existing(str(tmp_path / "catalog.db"))
    assert list(tmp_path.iterdir()) == []


def test_reading_changes_nothing(sqlite_catalog):
    with open_catalog(str(sqlite_catalog.path), mode="read") as reader:
        assert tracks.roots(reader) == []
        with pytest.raises(CatalogError, match="readonly"):
            tracks.ensure_root(reader, b"/music")
        with (
            pytest.raises(CatalogError, match="readonly"),
            reader.writing() as connection,
        ):
            connection.execute(Base.metadata.tables["roots"].delete())


def test_an_empty_file_becomes_a_catalog(tmp_path):
    path = tmp_path / "catalog.db"
    path.touch()
    with open_catalog(str(path)) as catalog:
        assert tracks.roots(catalog) == []


def test_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "catalog.db"
    open_catalog(str(path)).close()
    assert path.exists()


@pytest.mark.parametrize("name", ["50%.db", "a b?c#d.db", "ü\n.db"])
def test_any_file_name_will_do(tmp_path, name):
    path = tmp_path / name
    with open_catalog(str(path)) as catalog:
        root = tracks.ensure_root(catalog, b"/music")
        with catalog.reading() as connection:
            assert (
                connection.exec_driver_sql("SELECT id FROM roots").scalar() == root.id
            )
    assert path.exists()


def test_many_processes_may_make_the_same_catalog(url):
    program = """
import sys
from catalog import library as tracks
from catalog.schema import open_catalog
with open_catalog(sys.argv[1]) as catalog:
    print(tracks.ensure_root(catalog, b"/music").id)
"""
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda _: subprocess.run(
                    [sys.executable, "-c", program, url],
                    capture_output=True,
                    text=True,
                    check=False,
                ),
                range(4),
            )
        )
    assert [(one.returncode, one.stdout, one.stderr) for one in done] == [
        (0, done[0].stdout, "")
    ] * 4


def test_threads_share_a_catalog(catalog):
    tracks.ensure_root(catalog, b"/music")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(tracks.roots(catalog)), range(64)))
    assert found == [1] * 64


def test_readers_go_on_while_a_writer_writes(sqlite_catalog):
    path = str(sqlite_catalog.path)
    with (
        sqlite_catalog.writing() as connection,
        open_catalog(path, mode="read") as other,
    ):
        connection.exec_driver_sql(
            "INSERT INTO roots (path, label, added_at) VALUES (x'00', '', '2026-01-01')"
        )
        assert tracks.roots(other) == []
    with open_catalog(path, mode="read") as other:
        assert len(tracks.roots(other)) == 1


def test_only_a_connection_for_writing_commits(catalog):
    facts = {"path": b"/music", "label": "/music", "added_at": datetime.now(UTC)}
    with catalog.reading() as connection:
        connection.execute(insert(Root), facts)
    assert tracks.roots(catalog) == []
    with catalog.writing() as connection:
        connection.execute(insert(Root), facts)
    with catalog.reading() as connection:
        assert connection.scalar(select(Root.added_at)) == facts["added_at"]


def test_a_time_without_a_zone_is_refused(sqlite_catalog):
    facts = {"path": b"/", "label": "/", "added_at": datetime(2026, 1, 1)}  # noqa: DTZ001
    with (
        pytest.raises(StatementError, match="without a zone"),
        sqlite_catalog.writing() as connection,
    ):
        connection.execute(insert(Root), facts)


def test_a_rescan_that_finds_nothing_loads_nothing_heavy(sqlite_catalog, make):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    store_batch(sqlite_catalog, [make.scanned(root.id, analysis=make.analysis())])
    regroup(sqlite_catalog)
    program = """
import sys
from catalog import library as tracks
from catalog.schema import open_catalog
with open_catalog(sys.argv[1]) as catalog, catalog.scan_lock():
    number = tracks.begin_scan(catalog, {})
    root = tracks.ensure_root(catalog, b"/music")
    assert len(tracks.known_tracks(catalog, root.id)) == 1
    assert tracks.known_failures(catalog, root.id) == {}
    assert tracks.analysed_payloads(catalog, 1)
    assert not tracks.has_ungrouped_tracks(catalog)
    tracks.end_scan(catalog, number, "done", {"unchanged": 1})
heavy = {"sqlalchemy", "alembic", "numpy", "platformdirs"} & set(sys.modules)
sys.exit(f"loaded {heavy}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(sqlite_catalog.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
