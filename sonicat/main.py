"""The entry points of all commands: `sonicat`, `scan`, `classify`, `report`."""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import click

from sonicat.errors import report_error
from sonicat.options import SETTINGS


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sonicat`."""
    run("sonicat", arguments)


def scan() -> None:
    """Run `scan`."""
    run("scan")


def classify() -> None:
    """Run `classify`."""
    run("classify")


def report() -> None:
    """Run `report`."""
    run("report")


def run(name: str, arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process: a line at most, and an exit status.

    0: done; 1: failed; 2: wrong usage; 3: done, but some files failed; 130:
    interrupted.
    """
    _open_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _run(name, given)
        sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last line of defence
        path = f"sonicat {given[0]}" if name == "sonicat" and given else name
        status = report_error(name, error, path)
    sys.exit(status)


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


COMMANDS = {
    "scan": "sonicat.scan:scan",
    "classify": "sonicat.classify:classify",
    "report": "sonicat.report:report",
    "predict": "sonicat.predict:predict",
    "serve": "sonicat.serve:serve",
    "db": "sonicat.db:db",
    "demo": "sonicat.demo:demo",
}


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
    context_settings=SETTINGS,
)
@click.version_option(package_name="sonicat", prog_name="sonicat")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Scan a music library into one SQLite file; learn to tell its artists apart."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _run(name: str, arguments: Sequence[str]) -> int:
    """Run `sonicat` or one of its commands; return the exit status."""
    command = group if name == "sonicat" else load(name)
    result = command.main(list(arguments), prog_name=name, standalone_mode=False)
    return result if isinstance(result, int) else 0
