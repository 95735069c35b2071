"""The command `classify`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from catalog.schema import open_catalog, open_existing
from classify.models.registry import select_models
from classify.settings import TrainingSettings
from scanner.signals import explain_interruption, terminations_as_interrupts
from sonicat.errors import SOME_FAILED
from sonicat.options import DB, SETTINGS, parse_duration
from sonicat.summary import summary_lines

if TYPE_CHECKING:  # loads scikit-learn: not for --help
    from classify.write_labels import LabelChange

_UNSTORED = "a run is stored whole or not at all"
_BAR = "classify: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
_HALF_WRITTEN = "files are changed one by one, each wholly; say it again to go on"


@click.command(context_settings=SETTINGS)
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
    default=("hierarchical",),
    show_default=True,
    help="A model by name, or all; may be repeated.",
)
@click.option(
    "--unknown-prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help='How probable "none of them" is before a track is heard. Default: what share '
    "of the albums are the only one of their label.",
)
@click.option(
    "--unknown-below",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Also call a track unknown whose best label is less probable; 0: never. For "
    "models that do not know of none of them this is the only way; their default keeps "
    "four in five tracks of artists that were not learned out.",
)
@click.option(
    "--validation",
    type=click.Choice(["album", "balanced"]),
    default="album",
    show_default=True,
    help="Take out one album at a time, or one of every label at once, where guessing "
    "is right once in as many times as there are labels.",
)
@click.option(
    "--permutations",
    type=click.IntRange(min=0),
    default=99,
    show_default=True,
    help="Deals of the labels to albums that measure chance, if a third of the budget "
    "allows so many.",
)
@click.option(
    "--budget",
    type=click.UNPROCESSED,
    callback=lambda _ctx, _param, text: parse_duration(text) if text else None,
    metavar="DURATION",
    help="CPU time for judging albums exactly and for chance, as 90s or 10m. Default: "
    "by the size of the library, 4 s for a folder, 8 minutes for 100 000 tracks.",
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
def classify(only: tuple[str, ...], **options: Any) -> int:
    """Learn to tell labels apart, and say honestly how well that works.

    Every accuracy is over albums that the model never heard. Exit status: 0 done, 1
    failed or too little to learn from, 2 wrong usage, 3 some files could not be
    written, 130 interrupted.
    """
    if options["remove_tags"]:
        with explain_interruption(_HALF_WRITTEN):
            return _change_tags(options, None)
    with explain_interruption(_UNSTORED):
        run_id = _train(only, options)
    if not options["write_tags"]:
        return 0
    with explain_interruption(_HALF_WRITTEN):
        return _change_tags(options, run_id)


def _train(only: tuple[str, ...], options: dict[str, Any]) -> int:
    """Train and store the models that are asked for; return the last run's number."""
    models = select_models(options["models"])
    # Loads NumPy: not for --help.
    from classify.labels import check_rule  # noqa: PLC0415

    check_rule(options["rule"])
    if not options["everything"] and not only:
        raise click.UsageError(
            "say --all to label every track, or --only NAME to tell some labels apart"
        )
    if options["write_tags"] and len(models) > 1:
        raise click.UsageError(
            "--write-tags takes what one model says: name a single one with --model"
        )
    # Loads scikit-learn: not for --help.
    from classify.reports.models import compare_runs  # noqa: PLC0415
    from classify.training import classify_library  # noqa: PLC0415

    settings = TrainingSettings(
        rule=options["rule"],
        only=only,
        models=models,
        seed=options["seed"],
        everything=options["everything"],
        jobs=options["jobs"],
        unknown_below=options["unknown_below"],
        matched=options["matched"],
        validation=options["validation"],
        permutations=options["permutations"],
        budget_s=options["budget"],
        unknown_prior=options["unknown_prior"],
        codec_robust=options["steady"],
    )
    with (
        terminations_as_interrupts(),
        open_existing(options["db"]) as catalog,
        tqdm(
            total=1.0,
            bar_format=_BAR,
            file=sys.stderr,
            disable=True if options["quiet"] else None,  # None: where no terminal is
            leave=False,
        ) as bar,
    ):

        def show_progress(share: float, what: str) -> None:
            bar.set_postfix_str(what, refresh=False)
            bar.update(share - bar.n)

        result = classify_library(catalog, settings, on_progress=show_progress)
    if not options["quiet"]:
        table = None
        if len(result.runs) > 1:
            table = compare_runs(
                result.runs,
                result.correct,
                result.album_keys,
                described=result.runs[-1],
            )
        for line in summary_lines(
            result, table, shutil.get_terminal_size((120, 24))[0]
        ):
            click.echo(line)
    return result.runs[-1].id


def _change_tags(options: dict[str, Any], run_id: int | None) -> int:
    """Write a run's labels into the files, or take all labels out; or only say so."""
    # Loads SQLAlchemy: not for --help.
    from classify.write_labels import (  # noqa: PLC0415
        labels_to_remove,
        labels_to_write,
        write_labels,
    )

    with open_catalog(options["db"], mode="read") as catalog:
        changes = (
            labels_to_remove(catalog)
            if run_id is None
            else labels_to_write(catalog, run_id)
        )
    if not options["yes"]:
        _print_planned(changes)
        return 0
    return SOME_FAILED if _print_written(write_labels(changes)) else 0


def _print_planned(changes: list[LabelChange]) -> None:
    """Print what would be written into which file."""
    for change in changes:
        click.echo(str(change))
    click.echo(f"{_count_files(len(changes))} would be written; add --yes to do it")


def _print_written(done: Iterator[tuple[LabelChange, bool, str | None]]) -> int:
    """Print each file that cannot be written, and at the end how many were.

    Returns
    -------
    int
        How many could not.
    """
    changed = failed = same = 0
    for change, is_changed, error in done:
        if error is not None:
            failed += 1
            click.echo(f"{change}: {error}", err=True)
        elif is_changed:
            changed += 1
        else:
            same += 1
    click.echo(f"{_count_files(changed)} written, {same} so already, {failed} failed")
    return failed


def _count_files(n: int) -> str:
    return "1 file" if n == 1 else f"{n} files"
