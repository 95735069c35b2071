"""Table of a report, and its formats for terminals, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from catalog.predictions import TrackPrediction

Kind = Literal["text", "count", "share", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A named column; its kind says how a terminal shows its values.

    One that is `whole` is not cut short for a narrow terminal.
    """

    name: str
    kind: Kind = "text"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What a report says.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuples
        Text, numbers or None; shares in [0, 1], in full precision.
    notes : tuple of str
        What a reader must know to read the numbers rightly.
    source : mapping
        The run that the numbers come from.
    total : tuple or None
        A last row over all.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...]
    source: dict[str, Any]
    total: tuple[Any, ...] | None = None


def format_csv(table: Table) -> str:
    """Return a table's rows as CSV under a header, the run in the first column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", *(column.name for column in table.columns)])
    for row in table.rows:
        writer.writerow([table.source.get("run"), *row])
    return out.getvalue()


def format_json(table: Table) -> str:
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


def format_cell(value: Any, column: Column) -> str:
    """Return a cell as people read it.

    >>> format_cell(0.834, Column("accuracy", "share"))
    '0.83'
    """
    if value is None:
        return "-"
    if column.kind == "share":
        return f"{value:.2f}"
    return format_number(value) if column.kind == "number" else str(value)


def format_number(value: float) -> str:
    """Return a measured number to three places that count.

    >>> format_number(1234.5), format_number(0.012345), format_number(3.0)
    ('1234', '0.0123', '3')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


_GAP = "  "
_NARROWEST = 6


def format_text(table: Table, width: int | None) -> str:
    """Return a table for people, at most `width` columns wide, None for any width."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    cells = [
        [
            _printable_cell(value, column)
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
    source = ", ".join(f"{key} {value}" for key, value in _source(table))
    notes = [*table.notes, *([f"({source})"] if source else [])]
    lines += ["", *(_wrap(note, width) for note in notes)]
    return "\n".join(lines) + "\n"


def _source(table: Table) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in table.source.items() if value is not None]


def _printable_cell(value: Any, column: Column) -> str:
    text = format_cell(value, column)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _display_width(text: str) -> int:
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
        max(_display_width(row[i]) for row in [header, *cells])
        for i in range(len(header))
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
        while _display_width(cut) > width:
            cut = cut[:-2] + "…" if cut.endswith("…") else cut[:-1] + "…"
        space = " " * (width - _display_width(cut))
        padded.append(cut + space if to_left else space + cut)
    return _GAP.join(padded).rstrip()


def _wrap(note: str, width: int | None) -> str:
    if width is None:
        return note
    lines = [""]
    for word in note.split(" "):
        if lines[-1] and _display_width(lines[-1]) + 1 + _display_width(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


ACCURACY_COLUMNS = (
    Column("tracks", "count"),
    Column("right", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
    Column("p_true", "share"),
    Column("mostly_taken_for"),
)


def most_frequent_mistake(tracks: Iterable[TrackPrediction]) -> str | None:
    """Return the most frequent wrong label, of equals the first by name, or None."""
    wrong = Counter(sorted(track.label for track in tracks if not track.correct))
    return wrong.most_common(1)[0][0] if wrong else None
