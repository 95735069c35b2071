"""Dates, names, genres, numbers and broken encodings, without any file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.album_facts import disc_in_title
from catalog.mojibake import repair
from catalog.records import TagFacts
from scanner.tags.from_path import fill_from_path, guess_from_path
from scanner.tags.interpret import SEPARATORS, TagBlock, interpret
from scanner.tags.text import (
    albumartist,
    genre_names,
    parse_date,
    real_name,
    real_title,
    split_names,
)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1988-08-25", "1988-08-25"),
        ("1988-08-25T07:00:00Z", "1988-08-25"),
        ("1988-08-25 07:00", "1988-08-25"),
        ("1988/8/25", "1988-08-25"),
        ("1988.08", "1988-08"),
        ("1988-08", "1988-08"),
        ("1988", "1988"),
        (" 1988 ", "1988"),
        ("19880825", "1988-08-25"),
        ("25/08/1988", "1988-08-25"),
        ("08/25/1988", "1988-08-25"),
        ("08.08.1988", "1988-08-08"),
        ("07/08/1988", "1988"),
        ("Aug 1988", "1988-08"),
        ("August 25, 1988", "1988-08-25"),
        ("25th August 1988", "1988-08-25"),
        ("25 Aug 1988", "1988-08-25"),
        ("88", "1988"),
        ("'88", "1988"),
        ("05", "2005"),
        ("00", None),
        ("0000", None),
        ("0000-00-00", None),
        ("1988-00-00", "1988"),
        ("1988-13-45", "1988"),
        ("1988-02-31", "1988-02"),
        ("9999", None),
        ("12345", None),
        ("(c) 1988 Elektra", "1988"),
        ("1988?", "1988"),
        ("c. 1988", "1988"),
        ("unknown", None),
        ("", None),
        ("²⁰⁰⁴", None),
    ],
)
def test_dates_as_people_write_them(text: str, date: str | None) -> None:
    assert parse_date(text) == date


@given(st.dates())
def test_every_iso_date_since_sound_was_recorded_is_itself(date: object) -> None:
    text = str(date)
    sensible = "1860" <= text[:4] <= "2100"
    assert parse_date(text) == (text if sensible else None)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    date = parse_date(text)
    assert date is None or 1860 <= int(date[:4]) <= 2100


@pytest.mark.parametrize(
    "name",
    ["AC/DC", "Earth, Wind & Fire", "A feat. B", "Nine Inch Nails", "!!!", "?uestlove"],
)
def test_names_stay_whole(name: str) -> None:
    assert split_names([name], SEPARATORS) == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "<Unknown>",
        "[unknown]",
        "Unknown Artist",
        "None",
        "N/A",
        "-",
        "www.x.org",
        "https://example.org/a",
        "\0\0",
        "null",
    ],
)
def test_placeholders_are_no_names(name: str) -> None:
    assert real_name(name) is None


def test_titles_may_be_called_none_or_unknown() -> None:
    assert real_title("None") == "None"
    assert real_title("Unknown") == "Unknown"
    assert real_title("<unknown>") is None
    assert real_title("Unknown Title") is None
    assert real_title("?") == "?"


@pytest.mark.parametrize("name", ["Various Artists", "VARIOUS", "V.A.", "VA", "va"])
def test_various_artists_have_one_name(name: str) -> None:
    assert albumartist(name) == "Various Artists"


def test_decomposed_names_are_composed() -> None:
    assert real_name("Moto\u0308rhead ") == "Motörhead"


def test_separators_in_words_need_words() -> None:
    rules = ("feat.", "vs", ";")
    assert split_names(["A feat. B vs C; Devsound"], rules) == (
        "A",
        "B",
        "C",
        "Devsound",
    )


@pytest.mark.parametrize(
    ("album", "disc"),
    [
        ("Garage Inc. (CD 2)", (2, None)),
        ("Garage Inc. CD2", (2, None)),
        ("Live Shit [Disc 1 of 3]", (1, 3)),
        ("Live, Disk 3", (3, None)),
        ("Anthology - Disc 2: Later", (2, None)),
        ("Hits (disc 1: The Best)", (1, None)),
        ("2112", None),
        ("Discovery", None),
        ("CD", None),
        ("ABCD 2", None),
    ],
)
def test_discs_in_album_titles(album: str, disc: tuple[int, int | None] | None) -> None:
    assert disc_in_title(album) == disc


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(17)", ["Rock"]),
        ("(RX)(CR)", ["Remix", "Cover"]),
        ("((Odd) Name", ["(Odd) Name"]),
        ("255", []),
        ("Rock", ["Rock"]),
        ("(255)Own", ["Own"]),
        ("80s", ["80s"]),
    ],
)
def test_genres_by_number(text: str, names: list[str]) -> None:
    assert genre_names(text) == names


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Björk"),
        ("utf-8", "椎名林檎"),
        ("utf-8", "Кино"),
        ("cp932", "ゆらゆら帝国"),
        ("cp932", "サカナクション - 新宝島"),
        ("cp1251", "Земфира"),
        ("cp1251", "Гражданская Оборона"),
        ("cp1251", "КИНО - Группа крови"),
        ("cp1252", "Don\u2019t Stop \u2013 Believin\u2019"),
    ],
)
def test_text_in_another_encoding_is_repaired(encoding: str, text: str) -> None:
    assert repair(text.encode(encoding).decode("latin-1")) == text


@pytest.mark.parametrize(
    "text",
    [
        *("Motörhead", "Sigur Rós", "Mötley Crüe", "Blue Öyster Cult", "Queensrÿche"),
        *("Ágætis byrjun", "São Paulo", "Für Elise", "Ænima", "¿Qué?", "Señor", "Ü"),
        *("Françoise Hardy", "Æther", "Øø", "Café Tacvba", "naïve", "ÀÉÎ", "50 ¢"),
        *("Þursaflokkurinn", "Hljómsveitin Ég", "Öxnadalsheiði", "© 1988", "½ Life"),
    ],
)
def test_text_that_is_latin1_is_left_alone(text: str) -> None:
    assert repair(text) == text


@given(st.text())
def test_repair_never_fails_and_never_repairs_twice_what_is_ascii(text: str) -> None:
    assert isinstance(repair(text), str)
    if text.isascii():
        assert repair(text) == text


def block(**pairs: str) -> TagBlock:
    return TagBlock.of("Vorbis", pairs.items())


@pytest.mark.parametrize(
    ("text", "number", "total"),
    [
        ("3", 3, None),
        ("3/12", 3, 12),
        ("03/12", 3, 12),
        (" 3 of 12 ", 3, 12),
        ("3.0", 3, None),
        ("/12", None, 12),
        ("0", None, None),
        ("0/0", None, None),
        ("A3", None, None),
        ("-1", None, None),
        ("99999", None, None),
        ("3/0", 3, None),
        ("٣", None, None),
    ],
)
def test_track_numbers(text: str, number: int | None, total: int | None) -> None:
    facts = interpret([block(tracknumber=text)])
    assert (facts.track_number, facts.track_total) == (number, total)
    sources = dict(facts.sources)
    assert ("track_number" in sources) == (number is not None)
    assert ("track_total" in sources) == (total is not None)


def test_totals_of_their_own() -> None:
    facts = interpret([block(tracknumber="3", tracktotal="12")])
    assert (facts.track_number, facts.track_total) == (3, 12)
    assert dict(facts.sources)["track_total"] == "Vorbis:tracktotal"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["title", "artist", "date", "tracknumber", "genre", "x"]),
            st.text(),
        )
    )
)
def test_any_text_in_any_key_is_taken(pairs: list[tuple[str, str]]) -> None:
    facts = interpret([TagBlock.of("Vorbis", pairs)])
    for value in (facts.title, *facts.artists, *facts.genres):
        assert value is None or (value.strip() and "\0" not in value)
    for _, value in facts.raw:
        value.encode()  # no half of a surrogate pair is left


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("YYZ.mp3", {"title": "YYZ"}),
        ("Rush - YYZ.mp3", {"albumartist": "Rush", "title": "YYZ"}),
        (
            "Rush - 2112 (1976)/01. 2112.mp3",
            {"albumartist": "Rush", "album": "2112", "date": "1976", "track_number": 1},
        ),
        (
            "Metallica/Garage Inc. (1998)/CD 2/1-04 Helpless.ogg",
            {"disc_number": 2, "album": "Garage Inc.", "track_number": 4},
        ),
        (
            "Various Artists/Now 3/07 Abba - Waterloo.mp3",
            {"albumartist": "Various Artists", "artists": ("Abba",)},
        ),
        ("Rush/Exit/02 - Xanadu - Live.mp3", {"title": "Xanadu - Live"}),
        ("Artist_Name/Album_Name/01_a_song.mp3", {"album": "Album Name"}),
        ("Van Halen/1984/02 Jump.mp3", {"album": "1984", "title": "Jump"}),
        ("Rush - 2112/Rush - 02 - Tears.mp3", {"track_number": 2, "title": "Tears"}),
    ],
)
def test_paths_suggest_facts(path: str, facts: dict[str, object]) -> None:
    guessed = guess_from_path(path.encode())
    assert {fact: guessed.get(fact) for fact in facts} == facts


def test_the_path_fills_only_what_is_open_and_is_named_as_source() -> None:
    tags = TagFacts(title="Told", sources=(("title", "ID3v2:TIT2"),))
    filled = fill_from_path(tags, b"Rush/2112/01 Overture.mp3")
    assert (filled.title, filled.album, filled.track_number) == ("Told", "2112", 1)
    assert dict(filled.sources)["title"] == "ID3v2:TIT2"
    assert dict(filled.sources)["album"] == "path"


@given(st.binary(min_size=1).filter(lambda path: path.strip(b"/")))
def test_any_path_can_be_guessed_from(path: bytes) -> None:
    assert isinstance(guess_from_path(path), dict)
