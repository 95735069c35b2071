"""A table as text that fits a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from classify.reports.table import shown

if TYPE_CHECKING:
    from classify.reports.table import Column, Table

_GAP = "  "
_NARROWEST = 6


def as_text(table: Table, width: int | None) -> str:
    """Return a table for people, at most `width` columns wide, None for any width."""
    rows = [*table.rows, *([table.total] if table.total else [])]
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
    told = ", ".join(f"{key} {value}" for key, value in _source(table))
    notes = [*table.notes, *([f"({told})"] if told else [])]
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
