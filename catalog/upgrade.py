"""Make a catalog, or bring an older one up to date with a copy kept beside it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from catalog.backup import backup, beside
from catalog.database import HEAD, Catalog, catalog_url, missing, schema_version
from catalog.exceptions import CatalogError, CatalogTooNewError, NotACatalogError
from catalog.failing import explained
from catalog.schema import WAIT_S, make_folder


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
