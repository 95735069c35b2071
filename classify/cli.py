"""The commands `classify` and `report`: options, one call, an exit status."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from classify.reports.every import OF_AN_ARTIST, REPORTS, STUDIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.session import Catalog

SOME_FAILED = 3
INTERRUPTED = 130

_DB = click.option(
    "--db",
    metavar="PATH|URL",
    help="The catalog. Default: $SONICAT_DB, else one in your data folder "
    "(`sonicat db path` says where).",
)


@click.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Label every track; those without a label, too, by the final model.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Tell only these labels apart; may be repeated.",
)
@click.option(
    "--label",
    "rule",
    default="artist",
    show_default=True,
    metavar="RULE",
    help="What to tell apart: artist, genre, decade, tag:NAME, or csv:FILE with a "
    "path, pattern or album and a label on each line.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    default=("voting",),
    show_default=True,
    help="A model by name, or all; may be repeated.",
)
@click.option(
    "--unknown-below",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Call a track unknown whose best label is less probable; 0: never. Default: "
    "what keeps four in five tracks of artists that were not learned out.",
)
@click.option(
    "--matched",
    is_flag=True,
    help="Also judge pairs of tracks with the same codec and bandwidth, where these "
    "cannot tell the labels apart.",
)
@click.option(
    "--steady",
    is_flag=True,
    help="Learn from re-encodings in the catalog (scan --variants) in which directions "
    "coding moves features, and trust these less: labels keep stiller, at the price of "
    "some accuracy.",
)
@click.option(
    "--write-tags",
    is_flag=True,
    help="Show what SONICAT_LABEL would be written into each file; with --yes, do it.",
)
@click.option(
    "--remove-tags",
    is_flag=True,
    help="Train nothing; with --yes, take SONICAT_LABEL out of all files again.",
)
@click.option("--yes", is_flag=True, help="Change the files.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    show_default="one per core",
    help="Worker processes.",
)
@_DB
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no summary.")
@click.version_option(package_name="sonicat")
@click.pass_context
def classify(ctx: click.Context, /, only: tuple[str, ...], **options: Any) -> int:
    """Learn to tell labels apart, and say honestly how well that works.

    Every accuracy is over albums that the model never heard. Exit status: 0 done, 1
    failed or too little to learn from, 2 wrong usage, 3 some files could not be
    written, 130 interrupted.
    """
    if options["remove_tags"]:
        with _errors_in_one_line():
            return _tags(ctx, options, None)
    if not options["everything"] and not only:
        raise click.UsageError(
            "say --all to label every track, or --only NAME to tell some labels apart"
        )
    with _errors_in_one_line():
        from catalog.session import open_catalog  # noqa: PLC0415
        from classify import render  # noqa: PLC0415
        from classify.estimators import chosen  # noqa: PLC0415
        from classify.reports.models import models  # noqa: PLC0415
        from classify.training import Request, classify_library  # noqa: PLC0415
        from classify.workers import ended_by_signals  # noqa: PLC0415

        request = Request(
            rule=options["rule"],
            only=only,
            models=chosen(options["models"]),
            seed=options["seed"],
            everything=options["everything"],
            jobs=options["jobs"],
            unknown_below=options["unknown_below"],
            matched=options["matched"],
            steady=options["steady"],
        )
        with (
            ended_by_signals(),
            open_catalog(_existing(options["db"])) as catalog,
            render.progress(quiet=options["quiet"]) as started,
        ):
            found = classify_library(catalog, request, started=started)
            several = len(found.runs) > 1
            ranking = models(catalog, found.runs[-1].id) if several else None
        if not options["quiet"]:
            render.summary(found, ranking)
        if options["write_tags"]:
            return _tags(ctx, options, found.runs[-1].id)
    return 0


def _tags(ctx: click.Context, options: dict[str, Any], run_id: int | None) -> int:
    """Write a run's labels into the files, or take all labels out; or only say so."""
    from catalog.session import open_catalog  # noqa: PLC0415
    from classify import render, tagging  # noqa: PLC0415

    with open_catalog(options["db"], mode="read") as catalog:
        writings = (
            tagging.labels_to_remove(catalog)
            if run_id is None
            else tagging.labels_to_write(catalog, run_id)
        )
    if not options["yes"]:
        render.planned(writings)
        return 0
    if ctx.obj is None:
        raise click.UsageError("files can be changed by the installed command only")
    failed = render.written(tagging.written(writings, ctx.obj.set_label))
    return SOME_FAILED if failed else 0


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


@click.command()
@_a_flag_each
@click.option(
    "--artist",
    default="Metallica",
    show_default=True,
    metavar="NAME",
    help="For --by-era and --across-eras.",
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
@_DB
@click.version_option(package_name="sonicat")
def report(kind: str | None, run_id: int | None, **options: Any) -> None:
    """Show what a run of `classify` found, from its stored predictions."""
    with _errors_in_one_line():
        from catalog.session import open_catalog  # noqa: PLC0415
        from classify import render  # noqa: PLC0415

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
        render.report(table, options["form"], options["output"])


def _all_pictures(
    catalog: Catalog, run_id: int | None, options: dict[str, Any]
) -> None:
    """Write the page of all reports, or the files of all pictures."""
    from classify import render  # noqa: PLC0415

    of_artist = {"artist": options["artist"], "through": options["through"]}
    train, png = options["train"], options["png"]
    if options["plots"]:
        render.pictures(
            catalog, run_id, options["plots"], of_artist=of_artist, train=train, png=png
        )
    else:
        output = options["output"]
        render.page(catalog, run_id, of_artist=of_artist, train=train, output=output)


def _existing(option: str | None) -> str:
    """Return the catalog's URL, unless opening it for writing would make a new one."""
    from catalog.errors import CatalogMissingError  # noqa: PLC0415
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
def _errors_in_one_line() -> Iterator[None]:
    """Turn what can go wrong into a line and an exit status."""
    from catalog.errors import CatalogError  # noqa: PLC0415
    from classify.errors import (  # noqa: PLC0415
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
        click.echo("interrupted: a run is stored whole or not at all", err=True)
        sys.exit(INTERRUPTED)
