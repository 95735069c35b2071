"""A catalog is made, opened and upgraded, or refused with a reason."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from catalog import tracks
from catalog.errors import (
    CatalogError,
    CatalogMissingError,
    CatalogTooNewError,
    CatalogTooOldError,
    NotACatalogError,
)
from catalog.models import Base
from catalog.records import FileFailed, Stamp
from catalog.session import HEAD, Catalog, catalog_url, open_catalog, open_existing
from catalog.upgrade import config, upgrade


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


def test_the_constant_names_the_newest_script():
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def is_the_same_everywhere(thing, name, kind, reflected, compared_to) -> bool:
    """Leave out the indexes that hold hashes on PostgreSQL; see the test below."""
    return name not in ("uq_tracks_place", "uq_failures_place")


@pytest.mark.parametrize("table", ["tracks", "failures"])
def test_a_place_is_taken_once(catalog, make, table):
    root = tracks.ensure_root(catalog, b"/music")
    path = b"long/" * 900 + b"name"
    failed = FileFailed(root.id, path + b"?", Stamp(1, 1), "tags", "x")
    tracks.apply(catalog, [make.seen(root.id, path), failed])
    columns = [
        column.name
        for column in Base.metadata.tables[table].columns
        if column.name != "id"
    ]
    names = ", ".join(columns)
    with pytest.raises(CatalogError, match=r"(?i)unique"):
        catalog.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}")


def test_the_migrations_make_what_the_models_say(catalog):
    with catalog.reading() as connection:
        options = {"compare_type": True, "include_object": is_the_same_everywhere}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_every_foreign_key_has_an_index():
    for table in Base.metadata.sorted_tables:
        leading = {next(iter(index.columns)).name for index in table.indexes}
        leading |= {
            next(iter(constraint.columns)).name
            for constraint in table.constraints
            if type(constraint).__name__ in ("UniqueConstraint", "PrimaryKeyConstraint")
        }
        for key in table.foreign_keys:
            assert key.parent.name in leading, f"{table.name}.{key.parent.name}"


def test_the_schema_can_be_taken_down_and_put_up_again(url):
    settings = config()
    with open_catalog(url) as catalog:
        with catalog.writing() as connection:
            settings.attributes["connection"] = connection
            command.downgrade(settings, "base")
        with catalog.reading() as connection:
            from sqlalchemy import inspect

            left = inspect(connection)
            assert left.get_table_names() == ["alembic_version"]
            assert left.get_view_names() == []
        with catalog.writing() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    with open_catalog(url) as catalog:
        assert tracks.roots(catalog) == []


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
            reader.session(write=True) as session,
        ):
            session.execute(Base.metadata.tables["roots"].delete())


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
    for module in ("catalog.session", "catalog.upgrade"):
        monkeypatch.setattr(f"{module}.HEAD", "later")
    with pytest.raises(CatalogTooOldError, match="db upgrade"):
        open_catalog(str(sqlite_catalog.path), mode="read")


def test_an_upgrade_that_fails_leaves_the_catalog_and_a_copy(
    sqlite_catalog, monkeypatch
):
    tracks.ensure_root(sqlite_catalog, b"/music")
    for module in ("catalog.session", "catalog.upgrade"):
        monkeypatch.setattr(f"{module}.HEAD", "later")  # there is no such script
    with pytest.raises(Exception, match="later"):
        upgrade(sqlite_catalog)
    monkeypatch.undo()
    assert sqlite_catalog.path is not None
    (copy,) = sqlite_catalog.path.parent.glob("catalog-schema-*.db")
    for path in (sqlite_catalog.path, copy):
        with open_catalog(str(path), mode="read") as catalog:
            assert [root.path for root in tracks.roots(catalog)] == [b"/music"]


def test_making_a_catalog_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "catalog.db"
    monkeypatch.setattr(
        "migrations.schema_0001.views.VIEWS", {"v_x": "CREATE VIEW nonsense"}
    )
    with pytest.raises(CatalogError):
        open_catalog(str(path))
    monkeypatch.undo()
    with open_catalog(str(path)) as catalog:
        assert tracks.roots(catalog) == []


def test_many_processes_may_make_the_same_catalog(url):
    program = """
import sys
from catalog import tracks
from catalog.session import open_catalog
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


UNPRIVILEGED_READER = """
import os, sys
import catalog.failing, catalog.sqlite
from catalog import tracks
from catalog.errors import CatalogError
from catalog.session import open_catalog
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
    log.write_bytes(b"some transactions" * 100)
    assert "check the permissions" in read_unprivileged(read_only_folder)


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


def test_a_session_writes_only_when_asked_to(catalog):
    from datetime import UTC, datetime

    from sqlalchemy import select

    from catalog.models import Root

    facts = {"path": b"/music", "label": "/music", "added_at": datetime.now(UTC)}
    with catalog.session() as session:
        session.add(Root(**facts))
        session.flush()
    assert tracks.roots(catalog) == []
    with catalog.session(write=True) as session:
        session.add(Root(**facts))
    with catalog.session() as session:
        (root,) = session.scalars(select(Root))
        assert root.added_at == facts["added_at"]


def test_a_time_without_a_zone_is_refused(sqlite_catalog):
    from datetime import datetime

    from sqlalchemy.exc import StatementError

    from catalog.models import Root

    facts = {"path": b"/", "label": "/", "added_at": datetime(2026, 1, 1)}  # noqa: DTZ001
    with (
        pytest.raises(StatementError, match="without a zone"),
        sqlite_catalog.session(write=True) as session,
    ):
        session.add(Root(**facts))


def test_a_rescan_that_finds_nothing_loads_nothing_heavy(sqlite_catalog, make):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    tracks.apply(sqlite_catalog, [make.seen(root.id, analysis=make.analysis())])
    program = """
import sys
from catalog import scans, tracks
from catalog.session import open_catalog
with open_catalog(sys.argv[1]) as catalog, catalog.scan_lock():
    number = scans.begin_scan(catalog, {})
    root = tracks.ensure_root(catalog, b"/music")
    assert len(tracks.known_tracks(catalog, root.id)) == 1
    assert tracks.known_failures(catalog, root.id) == {}
    assert tracks.analysed_payloads(catalog, 1)
    tracks.apply(catalog, [])
    scans.end_scan(catalog, number, "done", {"unchanged": 1})
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


def test_a_full_disk_is_said_and_loses_nothing(sqlite_catalog, make):
    from catalog.errors import CatalogFullError

    root = tracks.ensure_root(sqlite_catalog, b"/music")
    tracks.apply(sqlite_catalog, [make.seen(root.id, b"before")])
    sqlite_catalog.close()
    ((pages,),) = sqlite_catalog.rows("PRAGMA page_count")
    many = [
        make.seen(root.id, b"%d" % n, payload_hash=str(n), analysis=make.analysis(n))
        for n in range(60)
    ]
    full = Catalog(sqlite_catalog.url, "write")
    with full, full.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
        connection.rollback()
        connection.close()  # back to the pool: the next user gets the same one
        with pytest.raises(CatalogFullError, match="free some space"):
            tracks.apply(full, many)
    assert [t.path for t in tracks.known_tracks(sqlite_catalog, root.id)] == [b"before"]
    assert sqlite_catalog.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_drive_that_refuses_to_write_is_said_and_loses_nothing(sqlite_catalog):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    program = """
import resource, sys
from tests.catalog.conftest import Make
from catalog import tracks
from catalog.errors import CatalogError
from catalog.session import open_catalog
make = Make()
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
with open_catalog(sys.argv[1]) as catalog:
    for n in range(10_000):
        one = make.seen(1, b"%d" % n, payload_hash=f"{n}", analysis=make.analysis(n))
        try:
            tracks.apply(catalog, [one])
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
    stored, _, said = done.stderr.partition(" ")
    assert "what was stored before is safe" in said
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
