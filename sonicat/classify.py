"""The command `classify`, and the text that it prints."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from catalog.schema import open_catalog, open_existing
from classify.models.registry import select_models
from classify.reports.table import Table, as_text
from classify.settings import TrainingSettings
from scanner.signals import explain_interruption, terminations_as_interrupts
from sonicat.errors import SOME_FAILED
from sonicat.options import DB, SETTINGS

if TYPE_CHECKING:  # loads scikit-learn: not for --help
    from classify.training import TrainingResult
    from classify.write_labels import LabelChange

_UNSTORED = "a run is stored whole or not at all"
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
        codec_robust=options["steady"],
    )
    with (
        terminations_as_interrupts(),
        open_existing(options["db"]) as catalog,
        tqdm(
            unit="fit",
            desc="classify",
            file=sys.stderr,
            disable=True if options["quiet"] else None,  # None: where no terminal is
            leave=False,
            delay=1e-3,  # not before there is something to count
        ) as bar,
    ):

        def show_progress(done: int, total: int, name: str) -> None:
            if done == 0:
                bar.reset(total)
            bar.set_postfix_str(name, refresh=False)
            bar.update(done - bar.n)

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


_NAMED = 10
_FLATTERING = """\
  a random split of windows would have said {:.2f}: higher, because windows of the same
  song then stand on both sides, so that the song is recognised, not the label"""
_NOT_FLATTERING = "  a random split of windows would have said {:.2f}"


def summary_lines(
    result: TrainingResult, ranking: Table | None, width: int
) -> Iterator[str]:
    """Yield the lines that say what a training found, and what it left out.

    Parameters
    ----------
    result : TrainingResult
    ranking : Table or None
        Of several models, to be shown in place of a paragraph each.
    width : int
        Of the terminal.
    """
    first = result.runs[0].metrics
    yield (
        f"{first['tracks']} tracks of {first['albums']} albums, "
        f"{first['labels']} labels ({result.runs[0].label_kind}), "
        f"{first['windows']} windows"
    )
    yield from _left_out(result)
    steadied = result.runs[0].parameters["steadied"]
    if steadied:
        known = ", ".join(f"{name} ({n} tracks)" for name, n in steadied.items())
        yield f"steadied against lossy coding: {known}"
    if ranking is None:
        for run in result.runs:
            yield from _model(run.id, run.model, run.metrics)
    else:
        yield "\n" + as_text(ranking, width).rstrip("\n")
    yield f"\nAlways the most frequent label would be right for {result.baseline:.2f}."
    yield from _without_music(result)
    yield from _rest(result)
    yield "`report` shows the albums, `report --confusion` what is mixed up."


def _left_out(result: TrainingResult) -> Iterator[str]:
    """Yield what a reader must know of what was left out, or replaced."""
    for line in result.unmatched:
        yield f"warning: no track matches {line}"
    for note in dict.fromkeys(n for r in result.runs for n in r.parameters["notes"]):
        yield f"note: {note}"
    yield from _scarce(result)
    for count, why in (
        (result.unusable, "have no window that a model may hear (silent or too short)"),
        (result.elsewhere, "were analysed with other features; scan them again"),
    ):
        if count:
            yield f"left out: {count} tracks {why}"


def _scarce(result: TrainingResult) -> Iterator[str]:
    """Yield which labels have too few albums, or barely enough: some by name."""
    for name, tracks in list(result.left_out.items())[:_NAMED]:
        yield f"left out: {name} ({tracks} tracks), which has fewer than 2 albums"
    if len(result.left_out) > _NAMED:
        yield f"left out: {len(result.left_out) - _NAMED} further labels like these"
    for name in result.scarce[:_NAMED]:
        yield f"warning: {name} has 2 albums only; each fold learns it from one album"
    if len(result.scarce) > _NAMED:
        yield f"warning: so have {len(result.scarce) - _NAMED} further labels"


def _without_music(result: TrainingResult) -> Iterator[str]:
    """Yield what the files alone give away, and where that comes near."""
    reached = result.confounds
    yield (
        "Facts about the files (codec, bandwidth, loudness and the like), without the "
        f"music: accuracy {reached['accuracy']:.2f}, "
        f"balanced {reached['balanced_accuracy']:.2f}."
    )
    if result.warning:
        yield f"warning: {result.warning}; see `report --confounds`"
    for name, pairs in result.matched.items():
        if pairs.accuracy is None or pairs.unmatched is None:
            yield f"{name}: no two tracks of different labels are coded alike"
            continue
        yield (
            f"{name}: of two labels the right one in {pairs.accuracy:.2f} over "
            f"{pairs.pairs} pairs with the same codec and bandwidth, in "
            f"{pairs.unmatched:.2f} over any pairs (chance 0.50)"
        )


def _rest(result: TrainingResult) -> Iterator[str]:
    if not result.rest:
        return
    judged = f"{result.rest} further tracks were judged by the final model"
    if any(run.parameters["unknown_below"] for run in result.runs):
        yield f"{judged}, which says unknown below the threshold of each run."
    else:
        yield f"{judged}, which never says unknown: no threshold was set."


def _model(run: int, name: str, m: Any) -> Iterator[str]:
    interval = m["interval"]
    spread = f" (95 % {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    yield (
        f"\n{name} (run {run}): accuracy {m['accuracy']:.2f}{spread}, "
        f"balanced {m['balanced_accuracy']:.2f}, macro F1 {m['macro_f1']:.2f}"
    )
    if m["flattering"] is not None:
        higher = m["flattering"] > m["accuracy"]
        words = _FLATTERING if higher else _NOT_FLATTERING
        yield words.format(m["flattering"])
    unknown = m["unknown"]
    if unknown is not None:
        yield (
            f"  unknown below {unknown['threshold']:.2f}: rejects "
            f"{1 - unknown['false_accept_rate']:.0%} of tracks of labels that were not "
            f"learned,\n  and keeps {unknown['known_kept']:.0%} of those that were"
        )
