"""Make a new SQLite catalog at once, with the schema that the migrations make.

Migrations take a second to load; what they make of an empty file is kept beside them:
``python -m catalog.schema > migrations/schema-VERSION.sql``. A test compares the two.
"""

from __future__ import annotations

import os
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING

from catalog.database import HEAD, Catalog, schema_version
from catalog.exceptions import CatalogError
from catalog.failing import explained
from catalog.sqlite import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 30.0  # for another process that is about to do the same


def create(catalog: Catalog) -> bool:
    """Make the catalog; return False where that is left to the migrations.

    Raises
    ------
    CatalogError
        It cannot be made there.
    """
    script = _script(HEAD)
    if catalog.file is None or script is None:
        return False
    make_folder(catalog)
    with catalog.scan_lock(WAIT_S):
        if schema_version(catalog) is not None:  # another process was faster
            return False
        with (
            explained(catalog),
            closing(connect(catalog.file, read_only=False)) as connection,
        ):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    return True


def make_folder(catalog: Catalog) -> None:
    """Make the folder of a SQLite catalog.

    Raises
    ------
    CatalogError
    """
    if catalog.file is None:
        return
    folder = os.path.dirname(catalog.file)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"{folder}: the catalog's folder cannot be made "
            f"({error.strerror}); choose another place with --db"
        ) from error


def statements(catalog: Catalog) -> Iterator[str]:
    """Yield the SQL that makes an empty catalog like this one."""
    for (sql,) in catalog.rows(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    ):
        yield f"{sql};\n"
    version = schema_version(catalog)
    yield f"INSERT INTO alembic_version VALUES ('{version}');\n"  # noqa: S608


def _script(version: str) -> str | None:
    """Return the SQL that makes a catalog of a version, if it is kept."""
    spec = find_spec("migrations")
    if spec is None or spec.origin is None:
        return None
    place = os.path.join(os.path.dirname(spec.origin), f"schema-{version}.sql")
    try:
        with open(place, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _print() -> None:
    import tempfile  # noqa: PLC0415 (to print alone)

    from catalog.upgrade import upgrade  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog(f"sqlite:///{folder}/catalog.db", "write") as catalog,
    ):
        upgrade(catalog)
        print("".join(statements(catalog)), end="")  # noqa: T201 (the purpose)


if __name__ == "__main__":
    _print()
