"""The end of a command that went wrong: one line on stderr, one exit status."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from contextlib import suppress

import click

from catalog.exceptions import SonicatError

FAILED = 1
USAGE = 2
SOME_FAILED = 3
INTERRUPTED = 130
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def report_error(name: str, error: BaseException, command_path: str) -> int:
    """Print the line for the error that ended a command; return the exit status.

    Parameters
    ----------
    name : str
        Of the command, to begin the line with.
    error : BaseException
    command_path : str
        The command whose help to point to, where click does not know it.

    Returns
    -------
    int
        1 for a failure, 2 for wrong usage, 130 for an interruption, or what the error
        itself asks for.

    Raises
    ------
    BaseException
        `error` itself, where it means to end the process as it is.
    """
    if isinstance(error, click.ClickException):
        _print_line(_click_line(name, error, command_path))
        return error.exit_code
    if isinstance(error, SonicatError):
        _print_line(_line(name, error, command_path))
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        _print_line(f"{name}: interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # The reader has seen enough, as in `report | head`: nothing is wrong, and
        # the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if not isinstance(error, Exception):
        raise error
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        _print_line(f"{name}: the output cannot be written: {error.strerror}")
    else:
        _print_line(f"{name}: {_unexpected(error)}")
    return FAILED


def _line(name: str, error: SonicatError, command_path: str) -> str:
    message = " ".join(str(error).split())
    if error.exit_code == INTERRUPTED:
        return message
    if error.exit_code == USAGE:
        return _usage(command_path, message)
    return f"{name}: {message}"


def _click_line(name: str, error: click.ClickException, command_path: str) -> str:
    message = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError):
        return _usage(error.ctx.command_path if error.ctx else command_path, message)
    return f"{name}: {message}"


def _usage(command_path: str, message: str) -> str:
    hint = f"({command_path} --help says more)"
    return f"{command_path}: {message.removesuffix('.')} {hint}"


def _unexpected(error: Exception) -> str:
    """Keep the traceback in a file, for a report; return what to say."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    message = f"this should not have happened: {what}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="sonicat-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return message
    return f"{message} (details for a report: {file.name})"


def _print_line(line: str) -> None:
    with suppress(OSError):  # the exit status says the rest
        click.echo(line.encode("utf-8", "backslashreplace"), err=True)
