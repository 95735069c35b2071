"""A catalog's schema: its version, and how a catalog is made, upgraded and opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import migrations
from catalog.backup import backup, backup_path
from catalog.database import Catalog, Mode, catalog_url, connect, explained
from catalog.exceptions import (
    CatalogError,
    CatalogMissingError,
    CatalogTooNewError,
    CatalogTooOldError,
    NotACatalogError,
)
from catalog.records import GroupChange

HEAD = "0002"  # the newest migration; a test compares it with the scripts
WAIT_S = 30.0  # for another process that is about to make or upgrade the same catalog
_MAGIC = b"SQLite format 3\x00"


Say = Callable[[str], object]
"""Takes a line for the user, while something takes its time."""


def open_catalog(
    url: str | None = None, *, mode: Mode = "write", say: Say | None = None
) -> Catalog:
    """Open the catalog at ``url``, made or upgraded first if need be.

    Parameters
    ----------
    url : str or None
        As for :func:`catalog.database.catalog_url`.
    mode : {"read", "write"}
        Reading never creates and never upgrades.
    say : callable or None
        Told how far an upgrade is.

    Raises
    ------
    CatalogMissingError
        Reading, and there is no catalog yet.
    NotACatalogError
        There is something else at that place, or a damaged file.
    CatalogTooNewError
        A newer program wrote it.
    CatalogTooOldError
        Reading, and it must be upgraded first.
    """
    catalog = Catalog(catalog_url(url), mode)
    try:
        _make_current(catalog, say)
    except BaseException:
        catalog.close()
        raise
    return catalog


def open_existing(
    url: str | None = None, *, mode: Mode = "write", say: Say | None = None
) -> Catalog:
    """Open a catalog as :func:`open_catalog` does, but never make a new one."""
    with Catalog(catalog_url(url), "read") as catalog:
        if schema_version(catalog) is None:
            raise missing_error(catalog)
    return open_catalog(url, mode=mode, say=say)


def missing_error(catalog: Catalog) -> CatalogMissingError:
    """Return the error for a catalog that is not there."""
    return CatalogMissingError(
        f"{catalog.name}: there is no catalog here; make one with 'scan FOLDER', "
        "or name another with --db"
    )


def _make_current(catalog: Catalog, say: Say | None) -> None:
    found = schema_version(catalog)
    if found == HEAD:
        return
    if catalog.mode == "read":
        if found is None:
            raise missing_error(catalog)
        _refuse_newer(catalog, found)
        raise CatalogTooOldError(
            f"{catalog.name}: the catalog is of an older version ({found}); "
            "bring it up to date with 'sonicat db upgrade'"
        )
    if found is not None or not create(catalog):
        upgrade(catalog, say)


def schema_version(catalog: Catalog) -> str | None:
    """Return the catalog's schema version; ``None`` where there is nothing yet.

    Raises
    ------
    NotACatalogError
        There is something, but no catalog.
    """
    if catalog.file is None:
        return _server_version(catalog)
    if not _begins_as_sqlite(catalog.file):
        return None
    with Catalog(catalog.url, "read") as asked:  # what it is not, is left as it is
        tables = {name for (name,) in asked.rows("SELECT name FROM sqlite_master")}
        found = (
            asked.rows("SELECT version_num FROM alembic_version")
            if "alembic_version" in tables
            else []
        )
    if not tables:
        return None
    if not found or "tracks" not in tables:
        raise NotACatalogError(
            f"{catalog.name}: a SQLite file, but not a catalog of this program; "
            "name another place with --db"
        )
    return str(found[0][0])


def _begins_as_sqlite(file: str) -> bool:
    """Tell a SQLite file from an absent or empty one.

    SQLite itself takes a short file of another kind for an empty database, and would
    write over it.
    """
    try:
        with open(file, "rb") as opened:
            start = opened.read(len(_MAGIC))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CatalogError(
            f"{file}: cannot be opened ({error.strerror}); "
            "check its permissions, or name another place with --db"
        ) from error
    if start and start != _MAGIC:
        raise NotACatalogError(f"{file}: not a database; name another place with --db")
    return bool(start)


def _server_version(catalog: Catalog) -> str | None:
    """Return the schema version on a server; ``None`` for an empty database."""
    rows = catalog.rows(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
    )
    tables = {name for (name,) in rows}
    if not tables:
        return None
    if not {"alembic_version", "tracks"} <= tables:
        raise NotACatalogError(
            f"{catalog.name}: the database holds something else; give an empty one"
        )
    ((version,),) = catalog.rows("SELECT version_num FROM alembic_version")
    return str(version)


def _refuse_newer(catalog: Catalog, found: str) -> None:
    """Raise :class:`CatalogTooNewError` where ``found`` is none of our versions."""
    if found > HEAD:
        raise CatalogTooNewError(
            f"{catalog.name}: written by a newer version of sonicat (schema {found}, "
            f"this program knows up to {HEAD}); update sonicat, "
            "or name another catalog with --db"
        )


def create(catalog: Catalog) -> bool:
    """Make a new SQLite catalog without Alembic, which takes a second to load.

    Returns
    -------
    bool
        False where it is left to :func:`upgrade`: on a server, where another process
        was faster, or where a migration is no SQL.

    Raises
    ------
    CatalogError
        It cannot be made there.
    """
    script = migrations.sqlite_script(HEAD)
    if catalog.file is None or script is None:
        return False
    _make_folder(catalog.file)
    with catalog.scan_lock(WAIT_S):
        if schema_version(catalog) is not None:
            return False
        with (
            explained(catalog.name),
            closing(connect(catalog.file, read_only=False)) as connection,
        ):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    return True


def _make_folder(file: str) -> None:
    folder = os.path.dirname(file)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"{folder}: the catalog's folder cannot be made "
            f"({error.strerror}); choose another place with --db"
        ) from error


class Upgrade(NamedTuple):
    """What an upgrade did.

    Attributes
    ----------
    found : str or None
        The version before; None where there was nothing.
    copy : Path or None
        The catalog as it was.
    changes : sequence of GroupChange
        What has become of artists, albums and groups.
    """

    found: str | None
    copy: Path | None = None
    changes: Sequence[GroupChange] = ()


def upgrade(catalog: Catalog, say: Say | None = None) -> Upgrade:
    """Make or upgrade the catalog, with a copy of the old one beside it.

    Raises
    ------
    CatalogTooNewError
        A newer program wrote it.
    CatalogBusyError
        A scan is running on it.
    """
    if catalog.file is not None:
        _make_folder(catalog.file)
    with catalog.scan_lock(WAIT_S):
        found = schema_version(catalog)  # again: another process may have been faster
        if found == HEAD:
            return Upgrade(found)
        kept = None
        if found is not None:
            _refuse_newer(catalog, found)
            if say is not None:
                say(f"bringing {catalog.name} from schema {found} to {HEAD} ...")
            if catalog.path is not None:  # a server's backups are its administrator's
                kept = backup(catalog, backup_path(catalog, f"schema-{found}-"))
        try:
            return Upgrade(found, kept, migrate(catalog, HEAD, found, say))
        except KeyboardInterrupt:  # nothing was changed: the copy is one too many
            if kept is not None:
                kept.unlink()
            raise


def upgrade_existing(url: str | None = None, say: Say | None = None) -> Upgrade:
    """Upgrade a catalog that must be there.

    Raises
    ------
    CatalogMissingError
        There is none.
    """
    with Catalog(catalog_url(url), "write") as catalog:
        if schema_version(catalog) is None:
            raise missing_error(catalog)
        return upgrade(catalog, say)


def migrate(
    catalog: Catalog,
    version: str,
    before: str | None = None,
    say: Say | None = None,
) -> Sequence[GroupChange]:
    """Run the migrations that lead to ``version``, all in one transaction.

    Parameters
    ----------
    version : str
        Of the schema; ``"base"`` for none: everything is taken down.
    before : str or None
        The version of a catalog that holds something.
    """
    # Alembic takes a second to load; it is needed once in years.
    from alembic import command, config  # noqa: PLC0415

    from catalog.backfill import fill_from_0001  # noqa: PLC0415 - loads SQLAlchemy

    settings = config.Config()
    folder = str(migrations.FOLDER)
    settings.set_main_option("script_location", folder.replace("%", "%%"))
    run = command.downgrade if version == "base" else command.upgrade
    with catalog.writing() as connection:
        settings.attributes["connection"] = connection
        run(settings, version)
        if not before == "0001" < version:
            return ()
        return fill_from_0001(connection, say or _say_nothing)


def _say_nothing(_: str) -> None:
    return
