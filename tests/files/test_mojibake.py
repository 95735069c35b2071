"""Text of a file and of its folder in an encoding that its tags do not name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import library
from catalog.mojibake import UNDECIDED, Latin1, decode_like, judge_texts
from catalog.records import ENCODING, TagFacts
from catalog.regroup import regroup
from catalog.schema import open_catalog
from catalog.store_scan import store_batch
from scanner.tags.interpret import TagBlock, interpret
from tests.catalog.conftest import Make


def read(text: str, encoding: str) -> str:
    """Return text as a reader has it who believes that it is Latin-1."""
    return text.encode(encoding).decode("latin-1")


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("cp1251", ["Би-2", "Феллини"]),
        ("cp1251", ["ДДТ", "Что такое осень", "Я"]),
        ("cp1251", ["Би-2", "Мой рок-н-ролл", "plain"]),
        ("cp1251", ["Ёлка", "Лето"]),
        ("cp932", ["サカナクション", "新宝島", "怪獣"]),
    ],
)
def test_a_short_name_goes_with_the_others_of_its_file(encoding, texts):
    judged = judge_texts([read(text, encoding) for text in texts])
    assert judged == (texts, encoding)


def test_each_text_of_a_file_may_be_utf8_by_itself():
    assert judge_texts([read("Björk", "utf-8"), "Björk"]).texts == ["Björk", "Björk"]


@pytest.mark.parametrize(
    "texts",
    [
        ["Þáttaskil", "ÞÆÖÐ"],
        ["À la mode", "Été"],
        ["Motörhead", "ÀÉÎÔ"],
        ["Ø"],
        ["Ágætis byrjun", "Sigur Rós", "Ný batterí", "Ö"],
    ],
)
def test_right_text_is_left_alone(texts):
    assert judge_texts(texts).texts == texts


def test_what_cannot_be_told_is_marked_unless_the_file_tells_that_it_is_right():
    assert judge_texts(["Ø"]).encoding == UNDECIDED
    assert judge_texts(["Ø", "Sigur Rós"]).encoding == ""
    assert judge_texts([read("Я", "cp1251")]).encoding == UNDECIDED


def test_a_long_text_speaks_for_itself_beside_others():
    texts = ["Motörhead", read("Группа крови", "cp1251")]
    assert judge_texts(texts).texts == ["Motörhead", "Группа крови"]


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=12), max_size=4))
def test_judging_never_fails_and_keeps_ascii(texts):
    judged = judge_texts(texts)
    assert len(judged.texts) == len(texts)
    for text, meant in zip(texts, judged.texts, strict=True):
        assert meant == text or not text.isascii()
    assert all(type(meant) is str for meant in judged.texts)


def test_only_what_is_declared_latin1_is_judged():
    right = TagBlock.of("ID3v2", [("TIT2", read("Кино", "cp1251"))])
    assert interpret([right]).title == read("Кино", "cp1251")
    pairs = [("TIT2", Latin1(read("Кино", "cp1251"))), ("TPE1", Latin1("Áè-2"))]
    facts = interpret([TagBlock.of("ID3v2", pairs)])
    assert (facts.title, facts.artists) == ("Кино", ("Би-2",))
    assert (ENCODING, "cp1251") in facts.sources
    assert facts.raw == (("TIT2", "Кино"), ("TPE1", "Би-2"))


@pytest.mark.parametrize(
    ("neighbours", "title"),
    [
        ({"1": "cp1251", "2": "cp1251"}, "Я"),
        ({"1": "cp1251"}, "Я"),
        ({}, "ß"),
        ({"1": "cp932", "2": "cp1251"}, "ß"),
        ({"1": "cp1251", "2": "", "3": ""}, "ß"),
    ],
)
def test_neighbours_in_the_folder_tell_what_a_short_name_is(
    tmp_path, neighbours, title
):
    make = Make()
    with open_catalog(str(tmp_path / "catalog.db")) as catalog:
        root = library.ensure_root(catalog, b"/music")
        short = {"title": "ß", "artists": ("Áè-2",), "album": "ß"}
        tags = {"x/0": TagFacts(**short, sources=((ENCODING, UNDECIDED),))}
        for name, encoding in neighbours.items():
            sources = ((ENCODING, encoding),) if encoding else ()
            tags[f"x/{name}"] = TagFacts(artists=("Кино",), sources=sources)
        store_batch(
            catalog,
            [make.scanned(root.id, p.encode(), tags=t) for p, t in tags.items()],
        )
        regroup(catalog)
        shown = "SELECT title, artist, album FROM v_tracks WHERE path = 'x/0'"
        artist = "Би-2" if title == "Я" else "Áè-2"
        assert catalog.rows(shown) == [(title, artist, title)]
        assert regroup(catalog) == []


def test_what_is_not_in_the_encoding_of_the_neighbours_stays():
    assert decode_like("Björk", "cp1251") is None
    assert decode_like("plain", "cp1251") is None
