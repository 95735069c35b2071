"""The only place of this package that prints."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classify.reports.layout import as_text
from classify.reports.table import as_csv, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.database import Catalog
    from classify.reports.table import Table
    from classify.settings import Summary
    from classify.write_labels import Writing


def report(table: Table, form: str, output: str | None) -> None:
    """Print a table, or write it to a file."""
    if form == "json":
        text = as_json(table)
    elif form == "csv":
        text = as_csv(table)
    else:
        wide = None if output else shutil.get_terminal_size((100, 24)).columns
        text = as_text(table, wide)
    _write(text, output)


def page(
    catalog: Catalog,
    run_id: int | None,
    *,
    of_artist: dict[str, Any],
    train: bool,
    output: str | None,
) -> None:
    """Print every report as one HTML page, or write it to a file."""
    from classify.reports.html import html_report  # noqa: PLC0415

    text = html_report(catalog, run_id, of_artist=of_artist, train=train)
    _write(text, output)


def pictures(
    catalog: Catalog,
    run_id: int | None,
    plots: str,
    *,
    of_artist: dict[str, Any],
    train: bool,
    png: bool,
) -> None:
    """Write every report's picture into the folder `plots`."""
    from classify.reports.html import write_pictures  # noqa: PLC0415

    made = write_pictures(
        catalog, Path(plots), run_id, of_artist=of_artist, train=train, png=png
    )
    while True:
        try:
            path = next(made, None)
        except OSError as error:
            raise click.ClickException(
                f"--plots {plots}: cannot be written ({error.strerror}); "
                "name another folder"
            ) from error
        if path is None:
            return
        click.echo(str(path))  # what fails here is not the folder's fault


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        return
    try:
        Path(output).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise click.ClickException(
            f"-o {output}: cannot be written ({error.strerror}); name another file"
        ) from error


def planned(writings: list[Writing]) -> None:
    """Print what would be written into which file."""
    for writing in writings:
        click.echo(str(writing))
    click.echo(f"{_files(len(writings))} would be written; add --yes to do it")


def written(done: Iterator[tuple[Writing, bool, str | None]]) -> int:
    """Print each file that cannot be written, and at the end how many were.

    Returns
    -------
    int
        How many could not.
    """
    changed = failed = same = 0
    for writing, new, error in done:
        if error is not None:
            failed += 1
            click.echo(f"{writing}: {error}", err=True)
        elif new:
            changed += 1
        else:
            same += 1
    click.echo(f"{_files(changed)} written, {same} so already, {failed} failed")
    return failed


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n} files"


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[int], Callable[[str], None]]]:
    """Give a function that starts a bar on stderr; no terminal, no bar."""
    from tqdm import tqdm  # noqa: PLC0415 (only where there is work)

    bars: list[Any] = []

    def start(total: int) -> Callable[[str], None]:
        bar = tqdm(
            total=total,
            unit="fit",
            desc="classify",
            file=sys.stderr,
            disable=True if quiet else None,
            leave=False,
        )
        bars.append(bar)

        def step(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        return step

    try:
        yield start
    finally:
        for bar in bars:
            bar.close()


def summary(found: Summary, ranking: Table | None) -> None:
    """Print what a training found; several models as one table."""
    from classify import told  # noqa: PLC0415 (loads scikit-learn)

    wide = shutil.get_terminal_size((120, 24)).columns
    for line in told.summary(found, ranking, wide):
        click.echo(line)
