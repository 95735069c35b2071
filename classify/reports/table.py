"""A report's result: rows under named columns, with notes, ready for any format."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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
    most : int or None
        How many of the rows people are shown, who are told so; CSV and JSON hold all.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...]
    source: dict[str, Any]
    total: tuple[Any, ...] | None = None
    most: int | None = None

    @property
    def shown_rows(self) -> tuple[tuple[Any, ...], ...]:
        """The rows that people are shown."""
        return self.rows[: self.most]

    @property
    def shown_notes(self) -> tuple[str, ...]:
        """The notes, and one about rows that are not shown, if there are any."""
        if len(self.shown_rows) == len(self.rows):
            return self.notes
        return (
            f"The first {self.most} of {len(self.rows)} rows; CSV and JSON hold all "
            "(`--format csv`).",
            *self.notes,
        )


def as_csv(table: Table) -> str:
    """Return a table's rows as CSV under a header, the run in the first column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", *(column.name for column in table.columns)])
    for row in table.rows:
        writer.writerow([table.source.get("run"), *row])
    return out.getvalue()


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


def shown(value: Any, column: Column) -> str:
    """Return a cell as people read it.

    >>> shown(0.834, Column("accuracy", "share")), shown(None, Column("album"))
    ('0.83', '-')
    """
    if value is None:
        return "-"
    if column.kind == "share":
        return f"{value:.2f}"
    return number(value) if column.kind == "number" else str(value)


def number(value: float) -> str:
    """Return a measured number to three places that count.

    >>> number(1234.5), number(0.012345), number(3.0)
    ('1234', '0.0123', '3')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


_GAP = "  "
_NARROWEST = 6


def as_text(table: Table, width: int | None) -> str:
    """Return a table for people, at most `width` columns wide, None for any width."""
    rows = [*table.shown_rows, *([table.total] if table.total else [])]
    cells = [
        [
            _printed(value, column)
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
    notes = [*table.shown_notes, *([f"({source})"] if source else [])]
    lines += ["", *(_wrapped(note, width) for note in notes)]
    return "\n".join(lines) + "\n"


def _source(table: Table) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in table.source.items() if value is not None]


def _printed(value: Any, column: Column) -> str:
    text = shown(value, column)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _columns_of(text: str) -> int:
    """Return how many terminal columns `text` takes."""
    if text.isascii():
        return len(text)
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


JUDGED = (
    Column("tracks", "count"),
    Column("right", "count"),
    Column("accuracy", "share"),
    Column("low", "share"),
    Column("high", "share"),
    Column("p_true", "share"),
    Column("mostly_taken_for"),
)


class Judged(Protocol):
    """A track with the label that it was given, and whether that is right."""

    @property
    def label(self) -> str:
        """What it was taken for."""

    @property
    def correct(self) -> bool | None:
        """Whether that is its own label; None where it has none."""


def mostly_taken_for(tracks: Iterable[Judged]) -> str | None:
    """Return the most frequent wrong label, of equals the first by name, or None."""
    wrong = Counter(sorted(track.label for track in tracks if not track.correct))
    return wrong.most_common(1)[0][0] if wrong else None
