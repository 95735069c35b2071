"""The command `classify`: options, one call, an exit status."""

from __future__ import annotations

from typing import Any

import click

from classify.shell import DB, SOME_FAILED, errors_in_one_line, existing

_UNSTORED = "a run is stored whole or not at all"
_HALF_WRITTEN = "files are changed one by one, each wholly; say it again to go on"


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
    "--steady/--no-steady",
    default=None,
    help="Learn from the catalog's re-encodings (scan --variants) in which directions "
    "coding moves features, and trust these less, so that labels keep still. Without "
    "either option: where three codecs or more were used, as MP3, AAC and Opus; with "
    "fewer it costs accuracy.",
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
@DB
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
        with errors_in_one_line(_HALF_WRITTEN):
            return _tags(ctx, options, None)
    with errors_in_one_line(_UNSTORED):
        run_id = _learned(only, options)
    if not options["write_tags"]:
        return 0
    with errors_in_one_line(_HALF_WRITTEN):
        return _tags(ctx, options, run_id)


def _learned(only: tuple[str, ...], options: dict[str, Any]) -> int:
    """Train and store what was asked for; return the number of the last run."""
    from classify.labels import check_rule  # noqa: PLC0415
    from classify.models.registry import chosen  # noqa: PLC0415

    models = chosen(options["models"])
    check_rule(options["rule"])
    if not options["everything"] and not only:
        raise click.UsageError(
            "say --all to label every track, or --only NAME to tell some labels apart"
        )
    if options["write_tags"] and len(models) > 1:
        raise click.UsageError(
            "--write-tags takes what one model says: name a single one with --model"
        )
    from catalog.database import open_catalog  # noqa: PLC0415
    from classify import render  # noqa: PLC0415
    from classify.reports import models as ranking  # noqa: PLC0415
    from classify.settings import Request  # noqa: PLC0415
    from classify.training import classify_library  # noqa: PLC0415
    from classify.workers import ended_by_signals  # noqa: PLC0415

    request = Request(
        rule=options["rule"],
        only=only,
        models=models,
        seed=options["seed"],
        everything=options["everything"],
        jobs=options["jobs"],
        unknown_below=options["unknown_below"],
        matched=options["matched"],
        steady=options["steady"],
    )
    with (
        ended_by_signals(),
        open_catalog(existing(options["db"])) as catalog,
        render.progress(quiet=options["quiet"]) as started,
    ):
        found = classify_library(catalog, request, started=started)
        last = found.runs[-1].id
        table = ranking.models(catalog, last) if len(found.runs) > 1 else None
    if not options["quiet"]:
        render.summary(found, table)
    return last


def _tags(ctx: click.Context, options: dict[str, Any], run_id: int | None) -> int:
    """Write a run's labels into the files, or take all labels out; or only say so."""
    from catalog.database import open_catalog  # noqa: PLC0415
    from classify import render  # noqa: PLC0415
    from classify import write_labels as tagging  # noqa: PLC0415

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
