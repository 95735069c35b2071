"""The command group `sonicat`, and the one place where a command's end is decided."""

from __future__ import annotations

import difflib
import errno
import io
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
INTERRUPTED = 130
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
COMMANDS = {
    "scan": "scanner.cli:scan",
    "classify": "classify.cli:classify",
    "report": "classify.report_cli:report",
    "predict": "sonicat.predict:predict",
    "serve": "webapp.cli:serve",
    "db": "catalog.cli:db",
    "demo": "scanner.demo_cli:demo",
}


class Tools:
    """What one package can do for a command of another that it does not know."""

    def set_label(
        self, path: bytes, label: str | None, probability: float | None
    ) -> bool:
        """Write a label into a file, or take it out; tell whether the file changed.

        Raises
        ------
        TagWriteError
            The file cannot be read or written, or takes no tags.
        """
        from classify.errors import TagWriteError  # noqa: PLC0415 (when needed)
        from scanner.errors import ScannerError  # noqa: PLC0415
        from scanner.relabel import set_label  # noqa: PLC0415 (loads mutagen)

        try:
            return set_label(path, label, probability)
        except ScannerError as error:
            raise TagWriteError(str(error)) from error


class LazyGroup(click.Group):
    """A group whose commands are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands that are installed."""
        return [name for name in COMMANDS if _is_there(name)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Load a command; None if there is none of that name."""
        return load(cmd_name) if _is_there(cmd_name) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for, or name those that are meant, perhaps."""
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            close = difflib.get_close_matches(name, known, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else ", ".join(known)
            raise click.UsageError(f"no command {name!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


def load(name: str) -> click.Command:
    """Return the command called `name`."""
    module, _, attribute = COMMANDS[name].partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    return command


def _is_there(name: str) -> bool:
    module = COMMANDS.get(name, "").partition(":")[0]
    return bool(module) and find_spec(module) is not None


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="sonicat", prog_name="sonicat")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Scan a music library into one SQLite file; learn to tell its artists apart."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sonicat`."""
    run(group, "sonicat", arguments)


def scan() -> None:
    """Run `scan`."""
    run(load("scan"), "scan")


def classify() -> None:
    """Run `classify`."""
    run(load("classify"), "classify")


def report() -> None:
    """Run `report`."""
    run(load("report"), "report")


def run(
    command: click.Command, name: str, arguments: Sequence[str] | None = None
) -> None:
    """Run a command and end the process: a line at most, and an exit status.

    0: done; 1: failed; 2: wrong usage; 3: done, but some files failed; 130:
    interrupted.
    """
    _open_streams()
    try:
        result = command.main(
            arguments, prog_name=name, standalone_mode=False, obj=Tools()
        )
        sys.stdout.flush()
    except click.ClickException as error:
        _say(_line(name, error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say(f"{name}: interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader has seen enough, as in `report | head`: nothing is wrong, and
        # the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            _say(f"{name}: the output cannot be written: {error.strerror}")
            sys.exit(FAILED)
        _say(f"{name}: {_unexpected(error)}")
        sys.exit(FAILED)
    sys.exit(result if isinstance(result, int) else 0)


def _open_streams() -> None:
    """Make up for streams that were closed, as by ``2>&-``, or cannot show it all.

    The next file that is opened would be taken for them, and workers want them too.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # Opening gives the lowest number that is free, which is this one.
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)  # noqa: FBT003  (takes no keyword)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal's encoding lacks is written as \uXXXX, as on stderr.
        sys.stdout.reconfigure(errors="backslashreplace")


def _line(name: str, error: click.ClickException) -> str:
    """Return an error as one line: what, which, what to do next."""
    message = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else name
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
