"""What is no catalog, or none for this program, is refused and left alone."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

import migrations
from catalog import library as tracks
from catalog.exceptions import (
    CatalogError,
    CatalogTooNewError,
    CatalogTooOldError,
    NotACatalogError,
)
from catalog.schema import HEAD, open_catalog, upgrade


@pytest.mark.parametrize("mode", ["read", "write"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ID3" + bytes(5000), "not a database"),
        (b"x", "not a database"),
        (b"SQLite format 3\0" + b"x" * 5000, "not a catalog"),
    ],
)
def test_another_kind_of_file_is_refused_and_left_alone(
    tmp_path, mode, content, reason
):
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(NotACatalogError, match=reason):
        open_catalog(str(path), mode=mode)
    assert path.read_bytes() == content


def test_another_kind_of_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE things (id INTEGER)")
    content = path.read_bytes()
    for mode in ("read", "write"):
        with pytest.raises(NotACatalogError, match="not a catalog"):
            open_catalog(str(path), mode=mode)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_database_that_holds_something_else_is_refused(postgres_catalog):
    postgres_catalog.execute("ALTER TABLE tracks RENAME TO things")
    try:
        with pytest.raises(NotACatalogError, match="something else"):
            open_catalog(postgres_catalog.url)
    finally:
        postgres_catalog.execute("ALTER TABLE things RENAME TO tracks")


def test_a_folder_is_no_catalog(tmp_path):
    with pytest.raises(CatalogError, match=str(tmp_path)):
        open_catalog(str(tmp_path))


def test_a_url_that_makes_no_sense_is_refused():
    for url in ("nonsense://me:secret@x/y", "postgresql://me:s@cr:et@x:port/y"):
        with pytest.raises(CatalogError, match=r"//me:\*\*\*@x.*: not a database URL"):
            open_catalog(url)


def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(CatalogError, match=r"//me:\*\*\*@h/n: the driver pymysql"):
        open_catalog("mysql+pymysql://me:secret@h/n")


def test_a_server_that_does_not_answer_is_named(tmp_path):
    pytest.importorskip("psycopg")
    with pytest.raises(CatalogError, match=r"postgresql\+psycopg://me:\*\*\*@"):
        open_catalog(f"postgresql+psycopg://me:secret@/x?host={tmp_path}")


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_newer_catalog_is_refused(catalog, mode):
    catalog.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(CatalogTooNewError, match="newer version"):
            open_catalog(catalog.url, mode=mode)
    finally:
        catalog.execute(f"UPDATE alembic_version SET version_num = '{HEAD}'")


def test_an_older_catalog_is_not_upgraded_by_reading(sqlite_catalog, monkeypatch):
    monkeypatch.setattr("catalog.schema.HEAD", "later")
    with pytest.raises(CatalogTooOldError, match="db upgrade"):
        open_catalog(str(sqlite_catalog.path), mode="read")


def test_an_upgrade_that_fails_leaves_the_catalog_and_a_copy(
    sqlite_catalog, monkeypatch
):
    tracks.ensure_root(sqlite_catalog, b"/music")
    monkeypatch.setattr("catalog.schema.HEAD", "later")  # there is no such script
    with pytest.raises(Exception, match="later"):
        upgrade(sqlite_catalog)
    monkeypatch.undo()
    assert sqlite_catalog.path is not None
    (copy,) = sqlite_catalog.path.parent.glob("catalog-schema-*.db")
    for path in (sqlite_catalog.path, copy):
        with open_catalog(str(path), mode="read") as catalog:
            assert [root.path for root in tracks.roots(catalog)] == [b"/music"]


@pytest.mark.parametrize("with_alembic", [False, True])
def test_making_a_catalog_is_all_or_nothing(tmp_path, monkeypatch, with_alembic):
    path = tmp_path / "catalog.db"
    scripts = tmp_path / "scripts"
    shutil.copytree(migrations.FOLDER, scripts)
    with (scripts / "0001_schema.sql").open("a") as script:
        script.write("CREATE NONSENSE;\n")
    monkeypatch.setattr("migrations.FOLDER", scripts)
    if with_alembic:
        monkeypatch.setattr("migrations.sqlite_script", lambda _version: None)
    with pytest.raises(CatalogError, match="syntax error"):
        open_catalog(str(path))
    monkeypatch.undo()
    with open_catalog(str(path)) as catalog:
        assert tracks.roots(catalog) == []
