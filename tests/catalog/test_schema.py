"""The migrations make what the models say, on every kind of database."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from catalog import library as tracks
from catalog.exceptions import CatalogError
from catalog.model_base import Base
from catalog.records import FileFailed, Stamp
from catalog.schema import HEAD, migrate, open_catalog
from catalog.store_scan import store_batch


def test_the_constant_names_the_newest_script():
    assert ScriptDirectory(migrations.FOLDER).get_current_head() == HEAD


def is_the_same_everywhere(thing, name, kind, reflected, compared_to) -> bool:
    """Leave out the indexes that hold hashes on PostgreSQL; see the test below."""
    return name not in ("uq_tracks_place", "uq_failures_place")


@pytest.mark.parametrize("table", ["tracks", "failures"])
def test_a_place_is_taken_once(catalog, make, table):
    root = tracks.ensure_root(catalog, b"/music")
    path = b"long/" * 900 + b"name"
    failed = FileFailed(root.id, path + b"?", Stamp(1, 1), "tags", "x")
    store_batch(catalog, [make.scanned(root.id, path), failed])
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
    with open_catalog(url) as catalog:
        migrate(catalog, "base")
        with catalog.reading() as connection:
            from sqlalchemy import inspect

            left = inspect(connection)
            assert left.get_table_names() == ["alembic_version"]
            assert left.get_view_names() == []
        migrate(catalog, HEAD)
    with open_catalog(url) as catalog:
        assert tracks.roots(catalog) == []
