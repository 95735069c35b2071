"""The command group `sonicat`, whose commands are loaded when they are asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "scan": "sonicat.scan:scan",
    "classify": "sonicat.classify:classify",
    "report": "sonicat.report:report",
    "predict": "sonicat.predict:predict",
    "serve": "sonicat.serve:serve",
    "db": "sonicat.db:db",
    "demo": "sonicat.demo:demo",
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
        from classify.exceptions import TagWriteError  # noqa: PLC0415 (when needed)
        from scanner.exceptions import ScannerError  # noqa: PLC0415
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


def run(name: str, arguments: Sequence[str]) -> int:
    """Run `sonicat` or one of its commands; return the exit status."""
    command = group if name == "sonicat" else load(name)
    result = command.main(
        list(arguments), prog_name=name, standalone_mode=False, obj=Tools()
    )
    return result if isinstance(result, int) else 0
