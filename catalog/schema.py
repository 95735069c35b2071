"""Make a new SQLite catalog at once, with the schema that the migrations make.

Migrations take a second to load; what they make of an empty file is kept beside them:
``python -m catalog.schema > migrations/schema-VERSION.sql``. A test compares the two.
"""

from __future__ import annotations

import os
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from catalog.backup import backup, beside
from catalog.database import (
    HEAD,
    Catalog,
    catalog_url,
    connect,
    explained,
    missing,
    schema_version,
)
from catalog.exceptions import CatalogError, CatalogTooNewError, NotACatalogError

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

    from catalog.schema import upgrade  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        Catalog(f"sqlite:///{folder}/catalog.db", "write") as catalog,
    ):
        upgrade(catalog)
        print("".join(statements(catalog)), end="")  # noqa: T201 (the purpose)


if __name__ == "__main__":
    _print()


def upgrade(catalog: Catalog) -> Path | None:
    """Make or upgrade the catalog; return the copy of the old one, if there is one.

    Raises
    ------
    CatalogTooNewError
        A newer program wrote it.
    CatalogBusyError
        A scan is running on it.
    """
    make_folder(catalog)
    with catalog.scan_lock(WAIT_S):
        found = schema_version(catalog)  # again: another process may have been faster
        if found == HEAD:
            return None
        kept = None
        if found is not None:
            refuse_newer(catalog, found)
            kept = _keep(catalog, found)
        _run(catalog)
    return kept


def upgrade_existing(url: str | None = None) -> tuple[str, Path | None]:
    """Upgrade a catalog that must be there; return its version before, and the copy.

    Raises
    ------
    CatalogMissingError
        There is none.
    """
    with Catalog(catalog_url(url), "write") as catalog:
        found = schema_version(catalog)
        if found is None:
            raise missing(catalog)
        return found, upgrade(catalog)


def refuse_newer(catalog: Catalog, found: str) -> None:
    """Raise :class:`CatalogTooNewError` unless ``found`` is one of our versions."""
    scripts = ScriptDirectory.from_config(config())
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise CatalogTooNewError(
            f"{catalog.name}: written by a newer version of sonicat (schema {found}, "
            f"this program knows up to {HEAD}); update sonicat, "
            "or name another catalog with --db"
        )


def server_version(catalog: Catalog) -> str | None:
    """Return the schema version on a server; ``None`` for an empty database."""
    with explained(catalog):
        tables = set(inspect(catalog.engine).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "tracks"} <= tables:
        raise NotACatalogError(
            f"{catalog.name}: the database holds something else; give an empty one"
        )
    (version,) = catalog.rows("SELECT version_num FROM alembic_version")[0]
    return str(version)


def config() -> Config:
    """Return Alembic's configuration, its scripts those of the installed package."""
    spec = find_spec("migrations")
    if spec is None or spec.origin is None:
        raise CatalogError("the package 'migrations' is missing; install sonicat again")
    result = Config()
    folder = str(Path(spec.origin).parent)
    result.set_main_option("script_location", folder.replace("%", "%%"))
    return result


def _run(catalog: Catalog) -> None:
    settings = config()
    with catalog.writing() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, HEAD)


def _keep(catalog: Catalog, found: str) -> Path | None:
    """Copy a SQLite catalog; a server's backups are its administrator's."""
    if catalog.path is None:
        return None
    return backup(catalog, beside(catalog, f"schema-{found}-"))
