"""How a command ends that did not simply end: the line that is said, and the status."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from contextlib import suppress

import click

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
