"""The command `report`: tables and pictures of a stored run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from catalog.database import Catalog
from catalog.schema import open_catalog
from classify.reports.registry import OF_AN_ARTIST, REPORTS, STUDIES
from classify.reports.table import Table, as_csv, as_json, as_text
from scanner.signals import explain_interruption
from sonicat.options import DB, SETTINGS

_DEFAULT_REPORT = "by-album"

_R = TypeVar("_R", bound="Callable[..., Any]")


def _a_flag_each(command: _R) -> _R:
    """Give `report` a flag for every report there is."""
    for found in reversed((*REPORTS, *STUDIES, *OF_AN_ARTIST)):
        default = "  [default]" if found.name == _DEFAULT_REPORT else ""
        command = click.option(
            f"--{found.name}",
            "kind",
            flag_value=found.name,
            help=found.question + default,
        )(command)
    return command


@click.command(context_settings=SETTINGS)
@_a_flag_each
@click.option(
    "--artist",
    default="Metallica",
    show_default=True,
    metavar="NAME",
    help="For --by-era and --across-eras, also among all reports.",
)
@click.option(
    "--through",
    type=int,
    default=1988,
    show_default=True,
    metavar="YEAR",
    help="For the same: the last year of the first era.",
)
@click.option(
    "--run", "run_id", type=int, metavar="ID", help="A run. Default: the newest."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "html"]),
    default="table",
    show_default=True,
    help="html: every report with its picture, as one file to send.",
)
@click.option("--plots", metavar="DIR", help="Write every report's picture there: SVG.")
@click.option("--png", is_flag=True, help="With --plots: PNG beside each SVG.")
@click.option(
    "--train",
    is_flag=True,
    help="With html or --plots: also the reports that train models again (minutes).",
)
@click.option("-o", "--output", metavar="FILE", help="Write there instead of printing.")
@DB
@click.version_option(package_name="sonicat")
@click.pass_context
def report(
    ctx: click.Context, /, kind: str | None, run_id: int | None, **options: Any
) -> None:
    """Show what a run of `classify` found, from its stored predictions."""
    _refuse_idle(ctx, kind, options)
    with explain_interruption("nothing was changed"):
        with open_catalog(options["db"], mode="read") as catalog:
            if options["plots"] or options["form"] == "html":
                _all_pictures(catalog, run_id, options)
                return
            # Not a default of the option: click lets the last flag's decide for all.
            kind = kind or _DEFAULT_REPORT
            named = {found.name: found for found in (*REPORTS, *STUDIES)}
            if kind in named:
                table = named[kind].make(catalog, run_id)
            else:
                (of_artist,) = (r for r in OF_AN_ARTIST if r.name == kind)
                table = of_artist.make(
                    catalog,
                    run_id,
                    artist=options["artist"],
                    through=options["through"],
                )
        _print_table(table, options["form"], options["output"])


def _refuse_idle(ctx: click.Context, kind: str | None, options: dict[str, Any]) -> None:
    """Refuse options that would do nothing beside the others."""
    plots = options["plots"]
    every = plots or options["form"] == "html"
    if kind not in {one.name for one in OF_AN_ARTIST} and not every:
        for name in ("artist", "through"):
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(
                    f"--{name} goes with --by-era or --across-eras, and with all "
                    "reports at once (--format html, --plots DIR)"
                )
    if options["png"] and not plots:
        raise click.UsageError("--png goes with --plots DIR, which writes the pictures")
    if options["train"] and not every:
        raise click.UsageError(
            "--train goes with --format html or --plots DIR; one report that trains "
            "models is asked for by its name"
        )
    if plots and options["output"]:
        raise click.UsageError("--plots DIR writes files of its own: leave -o out")


def _all_pictures(
    catalog: Catalog, run_id: int | None, options: dict[str, Any]
) -> None:
    """Write the page of all reports, or the files of all pictures."""
    from classify.stored_runs import select_run  # noqa: PLC0415

    if run_id is not None:
        select_run(catalog, run_id)  # there must be one: reports without it are skipped
    of_artist = {"artist": options["artist"], "through": options["through"]}
    train, png = options["train"], options["png"]
    if options["plots"]:
        _write_pictures(
            catalog, run_id, options["plots"], of_artist=of_artist, train=train, png=png
        )
    else:
        output = options["output"]
        _write_page(catalog, run_id, of_artist=of_artist, train=train, output=output)


def _print_table(table: Table, form: str, output: str | None) -> None:
    """Print a table, or write it to a file."""
    if form == "json":
        text = as_json(table)
    elif form == "csv":
        text = as_csv(table)
    else:
        wide = None if output else shutil.get_terminal_size((100, 24)).columns
        text = as_text(table, wide)
    _write(text, output)


def _write_page(
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


def _write_pictures(
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
