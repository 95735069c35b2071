"""What the commands of this package share: an option, and how they end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_FAILED = 3
INTERRUPTED = 130

DB = click.option(
    "--db",
    metavar="PATH|URL",
    help="The catalog. Default: $SONICAT_DB, else one in your data folder "
    "(`sonicat db path` says where).",
)


def existing(option: str | None) -> str:
    """Return the catalog's URL, unless opening it for writing would make a new one.

    Raises
    ------
    CatalogMissingError
        There is none.
    """
    from catalog.exceptions import CatalogMissingError  # noqa: PLC0415
    from catalog.place import catalog_url, sqlite_path  # noqa: PLC0415

    url = catalog_url(option)
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise CatalogMissingError(
            f"{path}: there is no catalog here; make one with 'scan FOLDER', or name "
            "another with --db"
        )
    return url


@contextmanager
def errors_in_one_line(interrupted: str) -> Iterator[None]:
    """Turn what can go wrong into a line and an exit status.

    Parameters
    ----------
    interrupted : str
        What to say of the state in which Ctrl-C leaves things.
    """
    from catalog.exceptions import CatalogError  # noqa: PLC0415
    from classify.exceptions import (  # noqa: PLC0415
        BadLabelRuleError,
        ClassifyError,
        UnknownModelError,
    )

    try:
        yield
    except (BadLabelRuleError, UnknownModelError) as error:
        raise click.UsageError(str(error)) from error
    except (ClassifyError, CatalogError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo(f"interrupted: {interrupted}", err=True)
        sys.exit(INTERRUPTED)
