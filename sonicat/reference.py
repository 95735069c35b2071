"""The reference page of the commands, made from their own help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from sonicat.main import group
from sonicat.options import SETTINGS

_WIDTH = 88
_HEAD = """\
# The commands

Made from `--help` by `python -m sonicat.reference`; a test compares them.

`scan`, `classify` and `report` are commands of their own, too. Every command ends with
0 when it is done, 1 when it failed, 2 when it was used wrongly, 3 when it is done but
some files failed, 130 when it was interrupted; what went wrong is said in one line.
"""


def page() -> str:
    """Return the reference page, as Markdown."""
    parts = [_HEAD]
    for path, command in walk(group, "sonicat"):
        # With the program's settings: click keeps the first help option that it makes
        # for a command, and a page without them would depend on what ran before.
        context = click.Context(
            command,
            info_name=path,
            max_content_width=_WIDTH,
            terminal_width=_WIDTH,
            **SETTINGS,
        )
        parts.append(f"## {path}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and, below a group, every one of its commands, with paths."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from walk(inner, f"{path} {name}")


if __name__ == "__main__":
    click.echo(page(), nl=False)
