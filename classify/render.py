"""The only place of this package that prints."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classify.reports.table import as_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.session import Catalog
    from classify.reports.table import Column, Table
    from classify.tagging import Writing
    from classify.training import Summary

_GAP = "  "
_NARROWEST = 6
_NAMED = 10
_FLATTERING = """\
  a random split of windows would have said {:.2f}: higher, because windows of the same
  song then stand on both sides, so that the song is recognised, not the label"""


def as_json(table: Table) -> str:
    """Return a table as one JSON object: title, run, rows, total, notes."""
    names = [column.name for column in table.columns]
    document = {
        "title": table.title,
        **table.source,
        "rows": [dict(zip(names, row, strict=True)) for row in table.rows],
        "total": dict(zip(names, table.total, strict=True)) if table.total else None,
        "notes": list(table.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_text(table: Table, width: int | None) -> str:
    """Return a table for people, at most `width` columns wide, None for any width."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    cells = [
        [
            _shown(value, column)
            for value, column in zip(row, table.columns, strict=True)
        ]
        for row in rows
    ]
    header = [column.name.replace("_", " ") for column in table.columns]
    widths = _widths(header, cells, table.columns, width)
    left = [column.kind == "text" for column in table.columns]
    lines = [table.title, "", _line(header, widths, left)]
    lines.append(_GAP.join("-" * w for w in widths))
    lines += [_line(row, widths, left) for row in cells]
    if table.total:
        lines.insert(-1, _GAP.join("-" * w for w in widths))
    told = ", ".join(f"{key} {value}" for key, value in table.source.items() if value)
    notes = [*table.notes, *([f"({told})"] if told else [])]
    lines += ["", *(_wrapped(note, width) for note in notes)]
    return "\n".join(lines) + "\n"


def _shown(value: Any, column: Column) -> str:
    if value is None:
        return "-"
    if column.kind == "share":
        return f"{value:.2f}"
    if column.kind == "number":
        return f"{value:.3g}"
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _columns_of(text: str) -> int:
    """Return how many terminal columns `text` takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _widths(
    header: list[str],
    cells: list[list[str]],
    columns: tuple[Column, ...],
    width: int | None,
) -> list[int]:
    """Return column widths; the widest text columns give way until all fit."""
    widths = [
        max(_columns_of(row[i]) for row in [header, *cells]) for i in range(len(header))
    ]
    if width is None:
        return widths
    room = width - len(_GAP) * (len(widths) - 1)
    texts = [i for i, c in enumerate(columns) if c.kind == "text" and not c.whole]
    while sum(widths) > room and texts:
        widest = max(texts, key=lambda i: widths[i])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _line(row: list[str], widths: list[int], left: list[bool]) -> str:
    padded = []
    for text, width, to_left in zip(row, widths, left, strict=True):
        cut = text
        while _columns_of(cut) > width:
            cut = cut[:-2] + "…" if cut.endswith("…") else cut[:-1] + "…"
        space = " " * (width - _columns_of(cut))
        padded.append(cut + space if to_left else space + cut)
    return _GAP.join(padded).rstrip()


def _wrapped(note: str, width: int | None) -> str:
    if width is None:
        return note
    lines = [""]
    for word in note.split(" "):
        if lines[-1] and _columns_of(lines[-1]) + 1 + _columns_of(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


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
    from classify.picture_report import html_report  # noqa: PLC0415

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
    from classify.picture_report import write_pictures  # noqa: PLC0415

    try:
        for path in write_pictures(
            catalog, Path(plots), run_id, of_artist=of_artist, train=train, png=png
        ):
            click.echo(str(path))
    except OSError as error:
        raise click.ClickException(
            f"--plots {plots}: cannot be written ({error.strerror}); "
            "name another folder"
        ) from error


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
    click.echo(f"{len(writings)} files would be written; add --yes to do it")


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
    click.echo(f"{changed} files written, {same} were so already, {failed} failed")
    return failed


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
    """Print what a training found, and what it left out.

    Parameters
    ----------
    found : Summary
    ranking : Table or None
        Of several models, to be printed in place of a paragraph each.
    """
    first = found.runs[0].metrics
    click.echo(
        f"{first['tracks']} tracks of {first['albums']} albums, "
        f"{first['labels']} labels ({found.runs[0].label_kind}), "
        f"{first['windows']} windows"
    )
    for line in _warnings(found):
        click.echo(line)
    steadied = found.runs[0].parameters["steadied"]
    if steadied:
        known = ", ".join(f"{name} ({n} tracks)" for name, n in steadied.items())
        click.echo(f"steadied against lossy coding: {known}")
    if ranking is None:
        for run in found.runs:
            _model(run.id, run.model, run.metrics)
    else:
        wide = shutil.get_terminal_size((120, 24)).columns
        click.echo("\n" + as_text(ranking, wide), nl=False)
    click.echo(
        f"\nAlways the most frequent label would be right for {found.baseline:.2f}."
    )
    _without_music(found)
    if found.rest:
        click.echo(
            f"{found.rest} further tracks were judged by the final model, which says "
            "unknown below the threshold of each run."
        )
    click.echo("`report` shows the albums, `report --confusion` what is mixed up.")


def _warnings(found: Summary) -> Iterator[str]:
    """Yield what a reader must know of what was left out, or replaced."""
    for line in found.unmatched:
        yield f"warning: no track matches {line}"
    for note in dict.fromkeys(n for r in found.runs for n in r.parameters["notes"]):
        yield f"note: {note}"
    yield from _scant(found)
    for count, why in (
        (found.unheard, "have no window that a model may hear (silent or too short)"),
        (found.elsewhere, "were analysed with other features; scan them again"),
    ):
        if count:
            yield f"left out: {count} tracks {why}"


def _scant(found: Summary) -> Iterator[str]:
    """Yield which labels have too few albums, or barely enough: some by name."""
    for name, tracks in list(found.left_out.items())[:_NAMED]:
        yield f"left out: {name} ({tracks} tracks), which has fewer than 2 albums"
    if len(found.left_out) > _NAMED:
        yield f"left out: {len(found.left_out) - _NAMED} further labels like these"
    for name in found.scarce[:_NAMED]:
        yield f"warning: {name} has 2 albums only; each fold learns it from one album"
    if len(found.scarce) > _NAMED:
        yield f"warning: so have {len(found.scarce) - _NAMED} further labels"


def _without_music(found: Summary) -> None:
    """Print what the files alone give away, and where that comes near."""
    from classify.confounds import warning  # noqa: PLC0415 (loads scikit-learn)

    reached = found.confounds
    click.echo(
        "Facts about the files (codec, bandwidth, loudness and the like), without the "
        f"music: accuracy {reached['accuracy']:.2f}, "
        f"balanced {reached['balanced_accuracy']:.2f}."
    )
    best = max(found.runs, key=lambda run: float(run.metrics["balanced_accuracy"]))
    said = warning(reached, best.metrics["accuracy"], found.baseline)
    if said and best.model != "majority":
        click.echo(f"warning: {best.model}: {said}; see `report --confounds`")
    for name, pairs in found.matched.items():
        if pairs.accuracy is None or pairs.unmatched is None:
            click.echo(f"{name}: no two tracks of different labels are coded alike")
            continue
        click.echo(
            f"{name}: of two labels the right one in {pairs.accuracy:.2f} over "
            f"{pairs.pairs} pairs with the same codec and bandwidth, in "
            f"{pairs.unmatched:.2f} over any pairs (chance 0.50)"
        )


def _model(run: int, name: str, m: Any) -> None:
    interval = m["interval"]
    spread = f" (95 % {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    click.echo(
        f"\n{name} (run {run}): accuracy {m['accuracy']:.2f}{spread}, "
        f"balanced {m['balanced_accuracy']:.2f}, macro F1 {m['macro_f1']:.2f}"
    )
    if m["flattering"] is not None:
        click.echo(_FLATTERING.format(m["flattering"]))
    if m["unknown"] is not None:
        said = m["unknown"]
        click.echo(
            f"  unknown below {said['threshold']:.2f}: rejects "
            f"{1 - said['false_accept_rate']:.0%} of tracks of labels that were not "
            f"learned,\n  and keeps {said['known_kept']:.0%} of those that were"
        )
