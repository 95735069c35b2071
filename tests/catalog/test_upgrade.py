"""An older catalog is brought up to date, and kept as it was beside the new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import migrations
from catalog import library as tracks
from catalog.database import Catalog
from catalog.exceptions import CatalogBusyError, CatalogError, CatalogTooOldError
from catalog.schema import HEAD, open_catalog, schema_version, upgrade
from catalog.store_scan import store_batch
from sonicat.db import db
from tests.runner import Runner

REPO = Path(__file__).resolve().parents[2]
DATA = Path(__file__).parent / "data"
STORED = sorted(DATA.glob("schema-*.sqlite"))

NEXT = f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "next", {HEAD!r}
branch_labels = depends_on = None
def upgrade():
    op.add_column("tracks", sa.Column("mood", sa.String(), nullable=True))
    op.execute("UPDATE tracks SET mood = 'angry'")
    WHAT_THEN
def downgrade():
    op.drop_column("tracks", "mood")
"""


@pytest.fixture
def next_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Let the program be one version further on."""

    def install(what_then: str = "pass") -> None:
        scripts = tmp_path / "scripts"
        shutil.copytree(REPO / "migrations", scripts)
        script = NEXT.replace("WHAT_THEN", what_then)
        (scripts / "versions" / "next.py").write_text(script)
        monkeypatch.setattr("migrations.FOLDER", scripts)
        for module in ("catalog.schema", "sonicat.db"):
            monkeypatch.setattr(f"{module}.HEAD", "next", raising=False)

    return install


def copies(catalog: Catalog) -> list[Path]:
    assert catalog.path is not None
    return list(catalog.path.parent.glob(f"catalog-schema-{HEAD}-*.db"))


def test_opening_upgrades_and_keeps_the_old_one(
    sqlite_catalog, make, next_version, dump
):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    store_batch(sqlite_catalog, [make.scanned(root.id, analysis=make.analysis())])
    before = dump(sqlite_catalog)
    sqlite_catalog.close()
    next_version()

    with pytest.raises(CatalogTooOldError, match="db upgrade"):
        open_catalog(sqlite_catalog.url, mode="read")
    assert copies(sqlite_catalog) == []

    with open_catalog(sqlite_catalog.url) as upgraded:
        assert upgraded.rows("SELECT mood FROM tracks") == [("angry",)]
        assert upgraded.rows("SELECT count(*) FROM v_windows") == [(3,)]
        assert upgraded.rows("PRAGMA integrity_check") == [("ok",)]
    (copy,) = copies(sqlite_catalog)
    with Catalog(f"sqlite:///{copy}", "read") as old:
        assert dump(old) == before
    open_catalog(sqlite_catalog.url).close()
    assert copies(sqlite_catalog) == [copy]  # once is enough


def test_the_command_reports_what_it_did(sqlite_catalog, next_version):
    sqlite_catalog.close()
    next_version()
    result = Runner().invoke(db, ["upgrade", "--db", str(sqlite_catalog.path)])
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    assert first == f"brought from schema {HEAD} to next"
    assert second == f"the catalog as it was: {copies(sqlite_catalog)[0]}"


@pytest.mark.parametrize("accident", ["raise OSError('power cut')", "op.execute('no')"])
def test_an_upgrade_that_fails_changes_nothing(
    sqlite_catalog, make, next_version, dump, accident
):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    store_batch(sqlite_catalog, [make.scanned(root.id, analysis=make.analysis())])
    before = dump(sqlite_catalog)
    columns = sqlite_catalog.rows("PRAGMA table_info(tracks)")
    sqlite_catalog.close()
    next_version(accident)
    with pytest.raises((OSError, CatalogError)):
        open_catalog(sqlite_catalog.url)
    assert dump(sqlite_catalog) == before
    assert sqlite_catalog.rows("PRAGMA table_info(tracks)") == columns
    assert len(copies(sqlite_catalog)) == 1


def test_an_upgrade_waits_for_the_scan_that_is_running(
    sqlite_catalog, next_version, monkeypatch
):
    next_version()
    monkeypatch.setattr("catalog.schema.WAIT_S", 0.2)
    with (
        sqlite_catalog.scan_lock(),
        pytest.raises(CatalogBusyError),
    ):
        open_catalog(sqlite_catalog.url)
    assert copies(sqlite_catalog) == []


def test_a_server_is_upgraded_in_place(url, next_version):
    with open_catalog(url) as catalog:
        tracks.ensure_root(catalog, b"/music")
    next_version()
    with open_catalog(url) as catalog:
        assert catalog.rows("SELECT mood FROM tracks") == []
        assert len(tracks.roots(catalog)) == 1


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_catalogs_of_every_earlier_schema_are_still_read(stored, tmp_path, make):
    place = tmp_path / "catalog.db"
    shutil.copyfile(stored, place)
    with open_catalog(str(place)) as catalog:
        (root,) = tracks.roots(catalog)
        known = tracks.known_tracks(catalog, root.id)
        assert [track.path for track in known] == [b"one.mp3", b"caf\xe9.flac"]
        shown = "SELECT artist, album, year, analysis FROM v_tracks ORDER BY track_id"
        assert catalog.rows(shown) == [
            ("Metallica", "...And Justice for All", 1988, "ok"),
            ("Metallica", "...And Justice for All", 1988, None),
        ]
        assert catalog.rows("SELECT count(*) FROM v_windows") == [(3,)]
        assert catalog.rows("SELECT path, attempts FROM v_failures") == [("bad.mp3", 1)]
        assert catalog.rows("SELECT label, correct FROM v_predictions") == [
            ("Metallica", 1)
        ]
        store_batch(catalog, [make.scanned(root.id, b"new", analysis=make.analysis())])
        assert catalog.rows("PRAGMA integrity_check") == [("ok",)]
        assert catalog.rows("PRAGMA foreign_key_check") == []


def test_the_newest_schema_is_among_them_and_is_what_is_made_today(sqlite_catalog):
    newest = DATA / f"schema-{HEAD}.sqlite"
    assert newest in STORED
    layout = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    with Catalog(f"sqlite:///{newest}", "read") as stored:
        assert stored.rows(layout) == sqlite_catalog.rows(layout)


def test_a_new_catalog_is_what_the_migrations_make(sqlite_catalog, tmp_path):
    with Catalog(f"sqlite:///{tmp_path}/by_migrations.db", "write") as made:
        upgrade(made)
        expected = statements(made)
        header = "SELECT user_version, application_id, encoding FROM "
        header += "pragma_user_version, pragma_application_id, pragma_encoding"
        assert made.rows(header) == sqlite_catalog.rows(header)
    assert statements(sqlite_catalog) == expected


def test_a_new_catalog_is_made_by_all_scripts(tmp_path, monkeypatch):
    scripts = tmp_path / "scripts"
    shutil.copytree(migrations.FOLDER, scripts)
    (scripts / "0002_mood.sql").write_text("ALTER TABLE tracks ADD mood VARCHAR;\n")
    monkeypatch.setattr("migrations.FOLDER", scripts)
    monkeypatch.setattr("catalog.schema.HEAD", "0002")
    with open_catalog(str(tmp_path / "catalog.db")) as catalog:
        assert schema_version(catalog) == "0002"
        assert catalog.rows("SELECT mood FROM tracks") == []


def statements(catalog: Catalog) -> list[tuple[str]]:
    return catalog.rows(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    ) + catalog.rows("SELECT version_num FROM alembic_version")


def test_the_scripts_are_those_of_the_package():
    assert migrations.FOLDER == REPO / "migrations"


def test_an_upgrade_that_is_interrupted_leaves_no_copy(
    sqlite_catalog, next_version, dump
):
    before = dump(sqlite_catalog)
    next_version("raise KeyboardInterrupt")
    said = []
    with pytest.raises(KeyboardInterrupt):
        open_catalog(sqlite_catalog.url, say=said.append)
    assert copies(sqlite_catalog) == []
    assert dump(sqlite_catalog) == before
    assert said == [f"bringing {sqlite_catalog.name} from schema {HEAD} to next ..."]
