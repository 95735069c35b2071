"""The command `sonicat db`: look after the catalog itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from catalog.backup import backup as copy_catalog
from catalog.backup import backup_path
from catalog.database import Catalog, catalog_url, readable
from catalog.library import is_large
from catalog.records import GroupChange
from catalog.schema import HEAD, open_existing, upgrade_existing
from sonicat.options import DB, SETTINGS

_UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365.25 * 86400.0}
_SHOWN = 20  # tracks that prune names before it asks


def period(text: str) -> timedelta:
    """Return the length of time that is written like ``30d``.

    Examples
    --------
    >>> period("36h")
    datetime.timedelta(days=1, seconds=43200)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdwy])", text.strip().lower())
    if found is None:
        raise click.BadParameter(f"{text!r}: give a number and h, d, w or y: 30d")
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError as error:
        raise click.BadParameter(f"{text!r}: longer than any calendar") from error


@click.group(context_settings=SETTINGS)
def db() -> None:
    """Look after the catalog: where it is, its backup, its health, its tables."""


@db.command()
@DB
def path(db: str | None) -> None:
    """Print where the catalog is, whether it exists or not."""
    # to be passed on: the very bytes, whatever the terminal's encoding is
    click.echo(os.fsencode(Catalog(catalog_url(db), "read").name))


@db.command()
@DB
def upgrade(db: str | None) -> None:
    """Bring an older catalog up to date, with a copy of it kept beside it."""
    done = upgrade_existing(db, _say)
    if done.found == HEAD:
        click.echo(f"up to date: schema {HEAD}")
    else:
        click.echo(f"brought from schema {done.found} to {HEAD}")
    if done.copy is not None:
        click.echo(f"the catalog as it was: {done.copy}")
    for line in _regrouped(done.changes):
        click.echo(line)


@db.command()
@click.option("--dry-run", is_flag=True, help="List what would change; change nothing.")
@DB
def regroup(db: str | None, *, dry_run: bool) -> None:
    """Tell artists, albums and groups anew from the stored tags; list what changes.

    No file is read. A scan does the same when something has changed. Runs of `classify`
    keep the groups that they were judged with.
    """
    from catalog.regroup import regroup as tell_anew  # noqa: PLC0415 - loads SQLAlchemy

    with open_existing(db, mode="read" if dry_run else "write", say=_say) as catalog:
        if is_large(catalog):
            _say("telling the albums of a large library ...")
        if dry_run:
            changes = tell_anew(catalog, dry_run=True)
        else:
            with catalog.scan_lock():
                changes = tell_anew(catalog)
    for line in _regrouped(changes):
        click.echo(line)
    if not changes:
        click.echo("nothing changes")
    elif dry_run:
        click.echo("this would change; leave out --dry-run to do it")


@db.command()
@click.argument("dest", required=False, type=click.Path(path_type=Path))
@DB
def backup(dest: Path | None, db: str | None) -> None:
    """Copy the catalog to DEST, also while a scan is writing to it.

    Without DEST the copy lies beside the catalog, with the time in its name.
    """
    with open_existing(db, mode="read") as catalog:
        click.echo(_backup(catalog, dest))


@db.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended; backup first.")
@DB
def check(db: str | None, *, repair: bool) -> None:
    """Examine the catalog; exit status 1 if something is wrong with it."""
    from catalog import maintenance  # noqa: PLC0415 - loads NumPy: not for --help

    with open_existing(db, mode="write" if repair else "read") as catalog:
        if not repair:
            left = list(maintenance.check(catalog))
        else:
            with catalog.scan_lock():
                if catalog.path is not None:
                    click.echo(f"backup: {_backup(catalog, None)}")
                mended, left = maintenance.repair(catalog)
            for finding in mended:
                click.echo(f"mended: {finding}")
        for finding in left:
            click.echo(f"wrong: {finding}")
        if left:
            damaged = any(not finding.table for finding in left)
            advice = _advice(file_damaged=damaged, repaired=repair)
            raise click.ClickException(f"{catalog.name}: {advice}")
        for line in _counts(catalog):
            click.echo(line)
        click.echo(f"{catalog.name}: sound")


@db.command()
@DB
def schema(db: str | None) -> None:
    """Print the catalog's views and tables, column by column."""
    from catalog import maintenance  # noqa: PLC0415 - loads NumPy: not for --help

    with open_existing(db, mode="read") as catalog:
        for line in maintenance.describe(catalog):
            click.echo(line)


@db.command()
@click.option(
    "--missing-for",
    type=period,
    required=True,
    metavar="PERIOD",
    help="Only tracks whose files have been gone for so long, such as 30d.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@DB
def prune(db: str | None, missing_for: timedelta, *, yes: bool) -> None:
    """Delete tracks whose files have long been missing; a backup is made first.

    This is the only command that deletes: a scan marks what is gone and keeps it.
    """
    from catalog import maintenance  # noqa: PLC0415 - loads NumPy: not for --help

    with open_existing(db) as catalog, catalog.scan_lock():
        gone = maintenance.missing_tracks(catalog, datetime.now(UTC) - missing_for)
        if not gone:
            click.echo("nothing to delete")
            return
        for track in gone[:_SHOWN]:
            click.echo(f"{track.missing_since:%Y-%m-%d}  {track.path_text}")
        if len(gone) > _SHOWN:
            click.echo(f"... and {len(gone) - _SHOWN} more")
        if not yes:
            click.confirm(f"delete {_tracks(len(gone))} from the catalog?", abort=True)
        if catalog.path is not None:
            click.echo(f"backup: {_backup(catalog, None)}")
        maintenance.prune(catalog, gone)
        click.echo(f"deleted {_tracks(len(gone))} with their features and predictions")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _backup(catalog: Catalog, dest: Path | None) -> Path:
    return copy_catalog(catalog, dest or backup_path(catalog))


def _advice(*, file_damaged: bool, repaired: bool) -> str:
    if repaired:
        return "cannot be repaired; go back to a backup, or scan into a new catalog"
    if file_damaged:
        return "try 'sonicat db check --repair'; else go back to a backup"
    return "run 'sonicat db check --repair', then scan again"


def _counts(catalog: Catalog) -> Iterator[str]:
    tables = ("tracks", "albums", "artists", "analyses", "windows", "failures", "runs")
    for table in tables:
        ((rows,),) = catalog.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
        yield f"{table:<10} {rows}"


def _regrouped(changes: Iterable[GroupChange]) -> Iterator[str]:
    for kind, before, after, count in changes:
        change = f"{before or '(none)'} -> {after or '(none)'}"
        yield f"{kind:<6}  {readable(change.encode())}  ({_tracks(count)})"


def _tracks(count: int) -> str:
    return "1 track" if count == 1 else f"{count} tracks"
