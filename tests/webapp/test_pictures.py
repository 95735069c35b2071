"""Tests of the charts as SVG and PNG."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.exceptions import CannotDrawError
from classify.reports.charts.choose import MOST_LABELS, MOST_ROWS, draw_table
from classify.reports.charts.lines import Frame, Line, draw_lines, draw_scatter, ticks
from classify.reports.charts.matrix import draw_matrix
from classify.reports.charts.rows import Bar, draw_bars
from classify.reports.charts.svg import standalone_svg
from classify.reports.html import SCALE, write_png
from classify.reports.table import Column, Table

SVG = "{http://www.w3.org/2000/svg}"
text = st.text(st.characters(codec=None), max_size=30)


def table(columns: tuple[Column, ...], *rows: tuple[object, ...]) -> Table:
    return Table("A title", columns, rows, (), {})


@given(names=st.lists(text, min_size=1, max_size=4), value=st.floats(0, 1))
def test_whatever_a_tag_holds_the_picture_is_well_formed(
    names: list[str], value: float
) -> None:
    drawn = draw_bars("t", [Bar(name, value) for name in names], measure="share")
    assert len(ET.fromstring(drawn).findall(f"{SVG}rect")) == len(names)
    ET.fromstring(draw_matrix(names[0], names, [[1] * len(names)] * len(names)))
    ET.fromstring(
        draw_scatter("t", np.zeros((len(names), 2)), names, [n or None for n in names])
    )
    ET.fromstring(
        draw_lines("t", [Line(n, [0, 1], [value, None]) for n in names], Frame())
    )


def test_a_bar_is_as_long_as_its_share() -> None:
    drawn = ET.fromstring(draw_bars("t", [Bar("a", 0.5), Bar("b", 1.0)], measure="x"))
    first, second = (float(one.attrib["width"]) for one in drawn.findall(f"{SVG}rect"))
    assert second == 2 * first


def test_an_accuracy_becomes_bars_and_counts_a_matrix() -> None:
    columns = (Column("artist"), Column("accuracy", "share"))
    assert "<rect" in (draw_table(table(columns, ("A", 0.5), ("B", None))) or "")
    square = (
        Column("label"),
        Column("A", "count"),
        Column("B", "count"),
        Column("found", "share"),
    )
    drawn = draw_table(table(square, ("A", 3, 1, 0.75), ("B", 0, 2, 1.0)))
    assert drawn is not None
    assert "A taken for B: 1 of 4" in drawn


def test_accuracy_against_albums_becomes_a_line() -> None:
    columns = (
        Column("albums_each", "count"),
        Column("accuracy", "share"),
        Column("balanced", "share"),
    )
    drawn = draw_table(table(columns, (2, 0.5, 0.4), (4, 0.7, 0.6)))
    assert drawn is not None
    assert drawn.count('class="l') == 2


def test_what_codecs_do_becomes_a_bar_for_each_variant_and_measure() -> None:
    columns = (
        Column("variant"),
        Column("model"),
        Column("accuracy_original", "share"),
        Column("accuracy", "share"),
        Column("tracks_flipped", "number"),
    )
    rows = ("mp3:64k", "svm", 0.8, 0.6, 0.2), ("yt", "svm", 0.8, 0.8, 0)
    drawn = draw_table(table(columns, *rows))
    assert drawn is not None
    assert drawn.count("<rect") == 6
    assert ">mp3:64k, tracks flipped: 0.2" in drawn
    other = ("yt", "knn", 0.8, 0.8, 0)
    assert ">knn, yt, tracks flipped: 0" in (
        draw_table(table(columns, *rows, other)) or ""
    )


def test_drift_becomes_a_row_of_dots_for_each_feature_that_moves_most() -> None:
    columns = (
        Column("feature"),
        Column("mp3:64k", "number"),
        Column("yt", "number"),
        Column("bias", "number"),
    )
    rows = [(f"f{i}", 2.0 - i / 50, 0.5, -1.0) for i in range(MOST_ROWS + 5)]
    drawn = draw_table(table(columns, *rows))
    assert drawn is not None
    assert "f0, mp3:64k: 2" in drawn
    assert f"f{MOST_ROWS - 1}, yt: 0.5" in drawn
    assert f"f{MOST_ROWS}, yt" not in drawn
    assert f"the {MOST_ROWS} of {MOST_ROWS + 5} features" in drawn
    marks = re.findall(r'class="s[01] edge"', drawn)
    assert len(marks) == 2 * MOST_ROWS + 2  # the legend's, too


def test_a_wrong_track_shows_what_it_is_taken_for_beside_its_own_label() -> None:
    columns = (
        Column("label"),
        Column("p_label", "share"),
        Column("p_true", "share"),
        Column("title"),
    )
    drawn = draw_table(table(columns, ("A", 0.9, 0.05, "Song")))
    assert "Song (A), its own label: 0.05" in (drawn or "")


def test_more_rows_than_can_be_named_become_a_distribution() -> None:
    columns = (Column("album"), Column("accuracy", "share"))
    rows = [(f"album {i}", (i % 4) / 3) for i in range(MOST_ROWS + 20)]
    drawn = ET.fromstring(draw_table(table(columns, *rows)) or "")
    titles = [one.text or "" for one in drawn.findall(f"{SVG}rect/{SVG}title")]
    counts = [int(text.rpartition(": ")[2]) for text in titles]
    assert sum(counts) == len(rows)
    assert len(counts) == 10


def test_a_matrix_of_many_labels_shows_those_that_are_mixed_up() -> None:
    n = MOST_LABELS + 2
    names = [f"L{i:02}" for i in range(n)]
    columns = (
        Column("label"),
        *(Column(name, "count") for name in names),
        Column("found", "share"),
    )
    counts = [[9 * (i == j) for j in range(n)] for i in range(n)]
    counts[n - 1][0] = 3
    rows = [(name, *row, 1.0) for name, row in zip(names, counts, strict=True)]
    drawn = draw_table(table(columns, *rows)) or ""
    assert f"{names[-1]} taken for L00: 3 of 12" in drawn
    assert f"the {MOST_LABELS} of {n} labels" in drawn
    assert drawn.count("<rect") == MOST_LABELS**2


def test_lines_that_end_together_have_names_apart() -> None:
    drawn = draw_lines("t", [Line(n, [0, 1], [0, 0.5]) for n in ("ab", "cd")], Frame())
    ends = [
        float(one.attrib["y"])
        for one in ET.fromstring(drawn).iter(f"{SVG}text")
        if one.text in {"ab", "cd"}
    ]
    assert abs(ends[0] - ends[1]) >= 12


@pytest.mark.parametrize(
    "rows", [(), tuple((f"path {i}", "decode", "no audio") for i in range(3))]
)
def test_what_no_picture_says_better_stays_a_table(
    rows: tuple[tuple[str, ...], ...],
) -> None:
    columns = (Column("path"), Column("stage"), Column("reason"))
    assert draw_table(table(columns, *rows)) is None


def test_a_standalone_picture_brings_its_colours_and_asks_for_nothing() -> None:
    drawn = standalone_svg(draw_bars("t", [Bar("a", 0.5)], measure="x"))
    ET.fromstring(drawn.encode())
    assert ".s0{" in drawn
    assert re.findall(r"(?:href|src|url)\s*[=(]|@import|<script", drawn) == []
    assert "var(" not in drawn  # which librsvg and Inkscape do not know


def test_a_png_is_as_wide_as_its_picture_asks(tmp_path: Path) -> None:
    path = tmp_path / "-a picture.svg"
    path.write_text(standalone_svg(draw_bars("t", [Bar("a", 0.5)], measure="x")))
    try:
        made = write_png(path)
    except CannotDrawError:
        pytest.skip("neither rsvg-convert nor an ffmpeg that reads SVG is installed")
    data = made.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[i : i + 4]) for i in (16, 20))
    assert width == 600 * SCALE  # the narrowest room for names, 480 and 60
    assert height == pytest.approx(80 * SCALE, abs=1)


def test_without_a_program_that_draws_a_png_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.svg"
    path.write_text(standalone_svg(draw_bars("t", [Bar("a", 0.5)], measure="x")))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotDrawError, match="install one"):
        write_png(path)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_lie_inside_and_are_few(low: float, span: float) -> None:
    found = ticks(low, low + span)
    slack = span * 1e-6 + abs(low) * 1e-9
    assert all(low - slack <= tick <= low + span + slack for tick in found)
    assert len(found) <= 7
