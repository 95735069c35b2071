"""The command `sonicat db`: look after the catalog itself."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonicat.options import DB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.database import Catalog, Mode
    from catalog.maintenance import Finding

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


@click.group()
def db() -> None:
    """Look after the catalog: where it is, its backup, its health, its tables."""


@db.command()
@DB
def path(db: str | None) -> None:
    """Print where the catalog is, whether it exists or not."""
    from catalog.database import Catalog, catalog_url  # noqa: PLC0415

    # to be passed on: the very bytes, whatever the terminal's encoding is
    click.echo(os.fsencode(Catalog(catalog_url(db), "read").name))


@db.command()
@DB
def upgrade(db: str | None) -> None:
    """Bring an older catalog up to date, with a copy of it kept beside it."""
    from catalog.schema import HEAD, upgrade_existing  # noqa: PLC0415 - not for --help

    found, kept = upgrade_existing(db)
    if found == HEAD:
        click.echo(f"up to date: schema {HEAD}")
    else:
        click.echo(f"brought from schema {found} to {HEAD}")
    if kept is not None:
        click.echo(f"the catalog as it was: {kept}")


@db.command()
@click.argument("dest", required=False, type=click.Path(path_type=Path))
@DB
def backup(dest: Path | None, db: str | None) -> None:
    """Copy the catalog to DEST, also while a scan is writing to it.

    Without DEST the copy lies beside the catalog, with the time in its name.
    """
    with _opened(db, "read") as catalog:
        click.echo(_backup(catalog, dest))


@db.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended; backup first.")
@DB
def check(db: str | None, *, repair: bool) -> None:
    """Examine the catalog; exit status 1 if something is wrong with it."""
    from catalog.maintenance import check as findings  # noqa: PLC0415
    from catalog.maintenance import repair as mend  # noqa: PLC0415

    with _opened(db, "write" if repair else "read") as catalog:
        if not repair:
            left = list(findings(catalog))
        else:
            with catalog.scan_lock():
                if catalog.path is not None:
                    click.echo(f"backup: {_backup(catalog, None)}")
                mended, left = mend(catalog)
            for finding in mended:
                click.echo(f"mended: {_said(finding)}")
        for finding in left:
            click.echo(f"wrong: {_said(finding)}")
        if left:
            raise click.ClickException(f"{catalog.name}: {_advice(left, repair)}")
        for line in _counts(catalog):
            click.echo(line)
        click.echo(f"{catalog.name}: sound")


@db.command()
@DB
def schema(db: str | None) -> None:
    """Print the catalog's views and tables, column by column."""
    from catalog.maintenance import describe  # noqa: PLC0415

    with _opened(db, "read") as catalog:
        for line in describe(catalog):
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
    from catalog.maintenance import lost_tracks  # noqa: PLC0415
    from catalog.maintenance import prune as delete  # noqa: PLC0415

    with _opened(db, "write") as catalog, catalog.scan_lock():
        lost = lost_tracks(catalog, datetime.now(UTC) - missing_for)
        if not lost:
            click.echo("nothing to delete")
            return
        for track in lost[:_SHOWN]:
            click.echo(f"{track.missing_since:%Y-%m-%d}  {track.path_text}")
        if len(lost) > _SHOWN:
            click.echo(f"... and {len(lost) - _SHOWN} more")
        if not yes:
            click.confirm(f"delete {_tracks(len(lost))} from the catalog?", abort=True)
        if catalog.path is not None:
            click.echo(f"backup: {_backup(catalog, None)}")
        delete(catalog, lost)
        click.echo(f"deleted {_tracks(len(lost))} with their features and predictions")


@contextmanager
def _opened(db: str | None, mode: Mode) -> Iterator[Catalog]:
    """Open a catalog that must be there already."""
    from catalog.schema import open_existing  # noqa: PLC0415

    with open_existing(db, mode=mode) as catalog:
        yield catalog


def _backup(catalog: Catalog, dest: Path | None) -> Path:
    from catalog.backup import backup, beside  # noqa: PLC0415

    return backup(catalog, dest or beside(catalog))


def _said(finding: Finding) -> str:
    return f"{len(finding.ids)} {finding.what}" if finding.table else finding.what


def _advice(left: list[Finding], repair: bool) -> str:  # noqa: FBT001
    if not repair and all(finding.table for finding in left):
        return "run 'sonicat db check --repair', then scan again"
    if not repair:
        return "try 'sonicat db check --repair'; else go back to a backup"
    return "cannot be repaired; go back to a backup, or scan into a new catalog"


def _counts(catalog: Catalog) -> Iterator[str]:
    tables = ("tracks", "albums", "artists", "analyses", "windows", "failures", "runs")
    for table in tables:
        ((rows,),) = catalog.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
        yield f"{table:<10} {rows}"


def _tracks(count: int) -> str:
    return "1 track" if count == 1 else f"{count} tracks"
