"""``sonicat db``: every command, and how it fails."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import Result

from catalog import library as tracks
from catalog.database import Catalog
from catalog.records import TrackMissing
from catalog.schema import HEAD, open_catalog
from catalog.store_scan import store_batch
from sonicat.main import main
from tests.runner import Runner

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of the group as a person would."""
    monkeypatch.delenv("SONICAT_DB", raising=False)

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1)
    def command(words: tuple[str, ...]) -> None:
        main(["db", *words])

    return lambda *words, **more: Runner().invoke(
        command, ["--", *map(str, words)], **more
    )


@pytest.fixture
def filled(sqlite_catalog: Catalog, make) -> Path:
    """Give the path of a closed catalog of three tracks, one of them missing."""
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    changes = [
        make.scanned(
            root.id, b"%d.mp3" % n, payload_hash=str(n), analysis=make.analysis(n)
        )
        for n in range(3)
    ]
    store_batch(sqlite_catalog, changes)
    gone = tracks.known_tracks(sqlite_catalog, root.id)[2]
    store_batch(sqlite_catalog, [TrackMissing(gone.id)])
    sqlite_catalog.close()
    assert sqlite_catalog.path is not None
    return sqlite_catalog.path


def spoil(path: Path, *statements: str) -> None:
    """Change a catalog behind its back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def test_path_names_the_place_even_where_nothing_is(run, tmp_path):
    place = tmp_path / "catalog.db"
    assert run("path", "--db", place).output == f"{place}\n"
    assert not place.exists()
    result = run("path", env={"SONICAT_DB": str(place)})
    assert result.output == f"{place}\n"


def test_path_hides_the_password(run):
    pytest.importorskip("psycopg")
    result = run("path", "--db", "postgresql+psycopg://me:secret@host/music")
    assert result.output == "postgresql+psycopg://me:***@host/music\n"


@pytest.mark.parametrize(
    "words",
    [
        ("upgrade",),
        ("backup",),
        ("check",),
        ("check", "--repair"),
        ("schema",),
        ("prune", "--missing-for", "1d"),
    ],
)
def test_without_a_catalog_every_command_fails_and_makes_none(run, tmp_path, words):
    place = tmp_path / "catalog.db"
    result = run(*words, "--db", place)
    assert result.exit_code == 1
    assert result.output.startswith(f"sonicat: {place}: there is no catalog here")
    assert len(result.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_upgrade_of_a_current_catalog_changes_nothing(run, filled):
    assert run("upgrade", "--db", filled).output == f"up to date: schema {HEAD}\n"
    assert list(filled.parent.glob("catalog-*")) == []


def test_a_backup_holds_everything(run, filled, dump, tmp_path):
    target = tmp_path / "copy.db"
    assert run("backup", target, "--db", filled).output == f"{target}\n"
    with open_catalog(str(filled)) as original, open_catalog(str(target)) as copy:
        assert dump(copy) == dump(original)


def test_a_backup_while_a_scan_writes_is_of_one_moment(run, filled, make, tmp_path):
    with open_catalog(str(filled)) as catalog, catalog.writing() as connection:
        connection.exec_driver_sql("DELETE FROM windows")
        result = run("backup", tmp_path / "copy.db", "--db", filled)
        assert result.exit_code == 0
    with open_catalog(str(tmp_path / "copy.db")) as copy:
        assert copy.rows("SELECT count(*) FROM windows") == [(9,)]


def test_backups_without_a_name_do_not_replace_each_other(run, filled):
    names = {run("backup", "--db", filled).output for _ in range(3)}
    assert len(names) == 3
    assert all(Path(name.strip()).parent == filled.parent for name in names)


def test_a_backup_replaces_nothing(run, filled, tmp_path):
    target = tmp_path / "letter.txt"
    target.write_text("dear")
    result = run("backup", target, "--db", filled)
    assert (result.exit_code, target.read_text()) == (1, "dear")
    result = run("backup", tmp_path / "no" / "x.db", "--db", filled)
    assert result.exit_code == 1
    assert "no such folder" in result.output


def test_a_sound_catalog_is_reported_sound(run, filled):
    result = run("check", "--db", filled)
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == f"{filled}: sound"
    assert "tracks     3" in result.output


DAMAGE = {
    "2 analyses with damaged vectors": [
        "UPDATE windows SET vector = x'00' WHERE analysis_id = 1",
        f"UPDATE windows SET vector = x'{'00' * 48}0000c07f' "  # the last is NaN
        "WHERE analysis_id = 2 AND position = 1",
    ],
    "1 analyses with damaged sequences": [
        "UPDATE sequences SET data = x'1234' WHERE analysis_id = 3"
    ],
    "1 analyses without windows": ["DELETE FROM windows WHERE analysis_id = 1"],
    "1 audio that no track has any more": ["INSERT INTO payloads (hash) VALUES ('x')"],
    "1 albums without a track": [
        "INSERT INTO albums (title, key, group_key) VALUES ('x', 'x', 'x')"
    ],
    "1 artists without a track": ["INSERT INTO artists (name, key) VALUES ('x', 'x')"],
    "1 genres without a track": ["INSERT INTO genres (name, key) VALUES ('x', 'x')"],
    "1 rows of raw_tags that refer to nothing": [
        "INSERT INTO raw_tags VALUES (99, 0, 'k', 'v')"
    ],
    "3 rows of windows that refer to nothing": ["DELETE FROM analyses WHERE id = 2"],
    "1 damaged models": [
        "INSERT INTO runs VALUES "
        "(1, '2026-01-01', 'artist', 'm', 0, 1, 'h', '[]', '{}', '{}', '{}')",
        "INSERT INTO artifacts VALUES (1, 1, 'model', 'skops', 'no sum', x'00')",
    ],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_mended(run, filled, damage):
    spoil(filled, *DAMAGE[damage])
    result = run("check", "--db", filled)
    assert result.exit_code == 1
    assert f"wrong: {damage}" in result.output
    assert "db check --repair" in result.output.splitlines()[-1]

    result = run("check", "--repair", "--db", filled)
    assert result.exit_code == 0, result.output
    assert f"mended: {damage}" in result.output
    assert len(list(filled.parent.glob("catalog-*.db"))) == 1
    assert run("check", "--db", filled).exit_code == 0
    with open_catalog(str(filled)) as catalog:  # the next scan analyses it again
        assert catalog.rows("SELECT count(*) FROM tracks") == [(3,)]


def test_a_damaged_index_is_rebuilt(run, filled):
    index = "FROM sqlite_master WHERE name = 'ix_tracks_group_key'"
    hidden = "PRAGMA writable_schema = ON"
    spoil(filled, f"CREATE TABLE kept AS SELECT * {index}", hidden, f"DELETE {index}")
    spoil(filled, "UPDATE tracks SET group_key = 'not in the index'")
    spoil(filled, hidden, "INSERT INTO sqlite_master SELECT * FROM kept")
    spoil(filled, "DROP TABLE kept")
    result = run("check", "--db", filled)
    assert result.exit_code == 1
    assert "the file is damaged" in result.output
    assert "missing from index ix_tracks_group_key" in result.output

    result = run("check", "--repair", "--db", filled)
    assert result.exit_code == 0, result.output
    assert "mended: the file is damaged" in result.output
    assert run("check", "--db", filled).exit_code == 0


def test_a_torn_file_is_reported_damaged(run, filled):
    content = bytearray(filled.read_bytes())
    torn = slice(30 * 4096, 40 * 4096)  # none of the pages that describe the tables
    content[torn] = bytes(10 * 4096)
    filled.write_bytes(content)
    for words in (("check",), ("check", "--repair")):
        result = run(*words, "--db", filled)
        assert result.exit_code == 1
        assert "damaged" in result.output
        assert "backup" in result.output.splitlines()[-1]


def test_schema_names_every_table_view_and_column(run, filled):
    from catalog.model_base import Base

    result = run("schema", "--db", filled)
    assert result.exit_code == 0
    for table in Base.metadata.sorted_tables:
        assert f"table {table.name}, " in result.output
    for view in ("v_tracks", "v_windows", "v_predictions", "v_album_accuracy"):
        assert f"view {view}\n" in result.output
    assert "table tracks, 3 rows: A file of a library" in result.output
    assert "payload_id" in result.output
    assert "integer, not null, -> payloads.id" in result.output


def test_prune_deletes_only_what_has_been_missing_for_long(run, filled):
    assert run("prune", "--missing-for", "1h", "--db", filled).output == (
        "nothing to delete\n"
    )
    result = run("prune", "--missing-for", "0h", "--db", filled, input="y\n")
    assert result.exit_code == 0
    assert "2.mp3" in result.output
    assert "deleted 1 track" in result.output
    (kept,) = filled.parent.glob("catalog-*.db")
    counts = "SELECT (SELECT count(*) FROM tracks), (SELECT count(*) FROM windows)"
    for path, left in ((filled, (2, 6)), (kept, (3, 9))):
        with open_catalog(str(path)) as catalog:
            assert catalog.rows(counts) == [left]
    assert run("check", "--db", filled).exit_code == 0


def test_prune_asks_and_takes_no_for_an_answer(run, filled):
    result = run("prune", "--missing-for", "0h", "--db", filled, input="n\n")
    assert result.exit_code == 130
    with open_catalog(str(filled)) as catalog:
        assert catalog.rows("SELECT count(*) FROM tracks") == [(3,)]


def test_prune_keeps_what_another_track_still_needs(run, sqlite_catalog, make):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    store_batch(
        sqlite_catalog,
        [
            make.scanned(root.id, name, payload_hash="same", analysis=make.analysis())
            for name in (b"a", b"b")
        ],
    )
    gone, _ = tracks.known_tracks(sqlite_catalog, root.id)
    store_batch(sqlite_catalog, [TrackMissing(gone.id)])
    place = sqlite_catalog.path
    assert run("prune", "--missing-for", "0h", "--yes", "--db", place).exit_code == 0
    assert sqlite_catalog.rows("SELECT count(*) FROM v_windows") == [(3,)]
    assert sqlite_catalog.rows("SELECT name FROM artists") == [("Metallica",)]


def test_prune_on_a_server(run, postgres_catalog, make):
    root = tracks.ensure_root(postgres_catalog, b"/music")
    store_batch(postgres_catalog, [make.scanned(root.id, analysis=make.analysis())])
    (track,) = tracks.known_tracks(postgres_catalog, root.id)
    store_batch(postgres_catalog, [TrackMissing(track.id)])
    place = postgres_catalog.url
    assert run("check", "--db", place).exit_code == 0
    assert run("schema", "--db", place).exit_code == 0
    assert run("backup", "--db", place).exit_code == 1
    result = run("prune", "--missing-for", "0h", "--yes", "--db", place)
    assert result.exit_code == 0, result.output
    for table in ("tracks", "payloads", "analyses", "windows", "artists", "albums"):
        assert postgres_catalog.rows(f"SELECT count(*) FROM {table}") == [(0,)]


@pytest.mark.parametrize("period", ["30", "d", "-1d", "1e9y", "99999999y", ""])
def test_a_period_that_is_none_is_a_usage_error(run, filled, period):
    result = run("prune", "--missing-for", period, "--db", filled)
    assert result.exit_code == 2
    assert "--missing-for" in result.output


def test_prune_waits_for_no_scan(run, filled):
    with open_catalog(str(filled)) as catalog, catalog.scan_lock():
        result = run("prune", "--missing-for", "0h", "--yes", "--db", filled)
    assert result.exit_code == 1
    assert f"in use by process {os.getpid()}" in result.output


def test_help_loads_nothing_heavy():
    program = """
import sys
from sonicat.db import db
try:
    db(["--help"])
finally:
    heavy = {"sqlalchemy", "alembic", "numpy"} & set(sys.modules)
    assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
