"""How a command ends that did not simply end: the line that is said, and the status."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


FAILED = 1
INTERRUPTED = 130
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def told(name: str, error: BaseException, asked: str) -> int:
    """Say what ended the command `name`; return its exit status.

    Parameters
    ----------
    name : str
    error : BaseException
    asked : str
        The command whose help to point to, where click does not know it.

    Raises
    ------
    BaseException
        `error` itself, where it means to end the process as it is.
    """
    if isinstance(error, click.ClickException):
        _say(_line(name, error, asked))
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        _say(f"{name}: interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # The reader has seen enough, as in `report | head`: nothing is wrong, and
        # the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if not isinstance(error, Exception):
        raise error
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        _say(f"{name}: the output cannot be written: {error.strerror}")
    else:
        _say(f"{name}: {_unexpected(error)}")
    return FAILED


def _line(name: str, error: click.ClickException, asked: str) -> str:
    """Return an error as one line: what, which, what to do next."""
    message = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else asked
        return f"{path}: {message.removesuffix('.')} ({path} --help says more)"
    return f"{name}: {message}"


def _unexpected(error: Exception) -> str:
    """Keep the traceback in a file, for a report; return what to say."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    said = f"this should not have happened: {what}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="sonicat-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return said
    return f"{said} (details for a report: {file.name})"


def _say(line: str) -> None:
    with suppress(OSError):  # the exit status says the rest
        click.echo(line.encode("utf-8", "backslashreplace"), err=True)


SOME_FAILED = 3

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
    from catalog.database import catalog_url, sqlite_path  # noqa: PLC0415
    from catalog.exceptions import CatalogMissingError  # noqa: PLC0415

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
