from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.pictures import picture, standalone
from classify.pictures.bars import Bar, bars
from classify.pictures.heat import heat
from classify.pictures.lines import Frame, Line, lines
from classify.pictures.scatter import scatter
from classify.pictures.ticks import ticks
from classify.reports.table import Column, Table

SVG = "{http://www.w3.org/2000/svg}"
text = st.text(st.characters(codec=None), max_size=30)


def table(columns: tuple[Column, ...], *rows: tuple[object, ...]) -> Table:
    return Table("A title", columns, rows, (), {})


@given(names=st.lists(text, min_size=1, max_size=4), value=st.floats(0, 1))
def test_whatever_a_tag_holds_the_picture_is_well_formed(
    names: list[str], value: float
) -> None:
    drawn = bars("t", [Bar(name, value) for name in names], axis="share")
    assert len(ET.fromstring(drawn).findall(f"{SVG}rect")) == len(names)
    ET.fromstring(heat(names[0], names, [[1] * len(names)] * len(names)))
    ET.fromstring(
        scatter("t", np.zeros((len(names), 2)), names, [n or None for n in names])
    )
    ET.fromstring(lines("t", [Line(n, [0, 1], [value, None]) for n in names], Frame()))


def test_a_bar_is_as_long_as_its_share() -> None:
    drawn = ET.fromstring(bars("t", [Bar("a", 0.5), Bar("b", 1.0)], axis="x"))
    first, second = (float(one.attrib["width"]) for one in drawn.findall(f"{SVG}rect"))
    assert second == 2 * first


def test_an_accuracy_becomes_bars_and_counts_a_matrix() -> None:
    columns = (Column("artist"), Column("accuracy", "share"))
    assert "<rect" in (picture(table(columns, ("A", 0.5), ("B", None))) or "")
    square = (
        Column("label"),
        Column("A", "count"),
        Column("B", "count"),
        Column("found", "share"),
    )
    drawn = picture(table(square, ("A", 3, 1, 0.75), ("B", 0, 2, 1.0)))
    assert drawn is not None
    assert "A taken for B: 1 of 4" in drawn


def test_accuracy_against_albums_becomes_a_line() -> None:
    columns = (
        Column("albums_each", "count"),
        Column("accuracy", "share"),
        Column("balanced", "share"),
    )
    drawn = picture(table(columns, (2, 0.5, 0.4), (4, 0.7, 0.6)))
    assert drawn is not None
    assert drawn.count('class="l') == 2


@pytest.mark.parametrize(
    "rows", [(), tuple((f"path {i}", "decode", "no audio") for i in range(3))]
)
def test_what_no_picture_says_better_stays_a_table(
    rows: tuple[tuple[str, ...], ...],
) -> None:
    columns = (Column("path"), Column("stage"), Column("reason"))
    assert picture(table(columns, *rows)) is None


def test_a_standalone_picture_brings_its_colours_and_asks_for_nothing() -> None:
    drawn = standalone(bars("t", [Bar("a", 0.5)], axis="x"))
    ET.fromstring(drawn.encode())
    assert ".s0{" in drawn
    assert re.findall(r"(?:href|src|url)\s*[=(]|@import|<script", drawn) == []


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_lie_inside_and_are_few(low: float, span: float) -> None:
    found = ticks(low, low + span)
    slack = span * 1e-6 + abs(low) * 1e-9
    assert all(low - slack <= tick <= low + span + slack for tick in found)
    assert len(found) <= 7
