"""Labels from facts, tags and tables."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from catalog.datasets import TrackRow, load_library
from catalog.schema import open_catalog
from classify.exceptions import BadLabelRuleError
from classify.labels import apply_rule, load_labels, match_lines
from sonicat.classify import classify
from tests.runner import Runner


def track(number, path, album=None, year=None):
    facts = {
        "title": None,
        "artist": None,
        "artists": (),
        "genres": (),
        "album_id": None,
    }
    return TrackRow(
        id=number,
        path_text=path,
        payload_hash=str(number),
        group_key=path,
        album=album,
        year=year,
        **facts,
    )


TRACKS = [
    track(0, "rock/a.mp3", "One", 1979),
    track(1, "rock/b.mp3", "Two", 1980),
    track(2, "jazz/c.mp3", "Two"),
]


@pytest.mark.parametrize(
    ("filed_under", "artists", "label"),
    [
        ("Rush", ("Rush", "Aimee Mann"), "Rush"),
        ("Various Artists", ("A", "B"), "A"),
        ("Various Artists", ("Artistes divers", "B"), "B"),
        ("Verschiedene Interpreten", (), None),
        (None, ("A",), "A"),
        (None, (), None),
    ],
)
def test_nobody_is_no_label(filed_under, artists, label):
    one = replace(TRACKS[0], artist=filed_under, artists=artists)
    assert apply_rule("artist", [one]) == [label]


def test_a_decade_is_a_label():
    assert apply_rule("decade", TRACKS) == ["1970s", "1980s", None]


def test_a_table_names_paths_patterns_and_albums():
    lines = [
        ["what", "label"],
        ["rock/*", "Loud"],
        [" two ", "Second"],
        ["rock/b.mp3", "loud"],
        [],
        ["no such thing", "X"],
    ]
    labels, unmatched = match_lines(lines, TRACKS)
    assert labels == ["Loud", "Loud", "Second"]
    assert unmatched == ["line 6: no such thing"]


def test_a_line_without_a_label_is_refused_with_its_number():
    with pytest.raises(BadLabelRuleError, match="line 2"):
        match_lines([["rock/*", "Loud"], ["jazz/*"]], TRACKS)


def test_tags_in_any_case_and_behind_any_prefix(make_catalog, make_dataset, tagged):
    raw = (("TXXX:Mood", "calm"),)
    path = make_catalog(tagged(make_dataset(), raw=raw))
    with open_catalog(str(path), mode="read") as catalog:
        library = load_library(catalog)
        labels, unmatched = load_labels(catalog, library, "tag:MOOD")
        assert set(labels) == {"calm"}
        assert unmatched == []
        with pytest.raises(BadLabelRuleError, match="no track has a tag"):
            load_labels(catalog, library, "tag:KEY")
        with pytest.raises(BadLabelRuleError, match="cannot be read"):
            load_labels(catalog, library, f"csv:{path.parent / 'none.csv'}")


def test_a_table_is_learned_from_and_what_it_misses_is_named(bands, tmp_path):
    table = tmp_path / "labels.csv"
    rows = [f"Album {g},{'odd' if g % 2 else 'even'}" for g in range(12)]
    table.write_text("\n".join([*rows, "Nowhere,odd"]), encoding="utf-8-sig")
    result = Runner().invoke(
        classify,
        [
            "--all",
            "--model",
            "logistic",
            "--label",
            f"csv:{table}",
            "-j",
            "1",
            "--db",
            str(bands),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "Nowhere" in result.output
    with sqlite3.connect(bands) as connection:
        (labels,) = connection.execute("SELECT labels FROM runs").fetchone()
    assert labels == '["even", "odd"]'
