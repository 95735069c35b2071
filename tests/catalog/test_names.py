"""Names that are one, names that are none, and who is one artist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.names import (
    Artist,
    Credit,
    MusicBrainzIds,
    artists_of_credits,
    credits_of,
    fold,
    is_nobody,
    is_placeholder,
    most_frequent_spelling,
    musicbrainz_ids,
    name_key,
    without_guests,
)

ONE = "11111111-2222-4333-8444-555555555555"
TWO = "66666666-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Guns N' Roses", "Guns N\u2019 Roses"),
        ("Guns N' Roses", "Guns N\u00b4 Roses"),
        ("Guns N' Roses", "guns n` roses"),
        ("Grant-Lee Phillips", "Grant\u2010Lee Phillips"),
        ("Grant-Lee Phillips", "Grant\u2011Lee\u00a0Phillips"),
        ("Grant-Lee Phillips", "Grant\u2013Lee  Phillips"),
        ("AC/DC", "AC\u2044DC"),
        ("AC/DC", "\uff21\uff23\uff0f\uff24\uff23"),
        ('"Weird Al" Yankovic', "\u201cWeird Al\u201d Yankovic"),
        ("Mot\u00f6rhead", "Moto\u0308rhead"),
        ("Rush", "R\u200bush\ufeff"),
        ("Rush", "\u200eRush\u200f"),
        ("Bj\u00f6rk", "Bj\u00ad\u00f6rk"),
        ("...And Justice", "\u2026And Justice"),
        (
            "\u30f4\u30a1\u30f3\u30fb\u30d8\u30a4\u30ec\u30f3",
            "\uff73\uff9e\uff67\uff9d\uff65\uff8d\uff72\uff9a\uff9d",
        ),
        ("STRASSE", "Stra\u00dfe"),
        ("\u2764", "\u2764\ufe0f"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mot\u00f6rhead", "Motorhead"),
        ("Queen", "Queens"),
        ("Nena", "NENA 99"),
        ("A-ha", "Aha"),
    ],
)
def test_names_that_differ(one, other):
    assert fold(one) != fold(other)


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(name):
    assert fold(fold(name)) == fold(name)


@given(st.text(min_size=1, max_size=10))
def test_no_name_is_without_a_key(name):
    assert name_key(name)


@pytest.mark.parametrize(
    "name",
    [
        "Various Artists",
        "VARIOUS",
        "V.A.",
        "va",
        "V/A",
        "Verschiedene Interpreten",
        "Artistes divers",
        "Varios Artistas",
        "V\u00e1rios Artistas",
        "AA.VV.",
        "Diverse Artister",
        "R\u00f3\u017cni Wykonawcy",
        "Разные исполнители",
        "\u7fa4\u661f",
        "Original Soundtrack",
    ],
)
def test_nobody(name):
    assert is_nobody(name)


def test_somebody():
    assert not is_nobody("Various Cruelties")
    assert not is_nobody("Vara")
    assert is_nobody("X", "89ad4ac3-39f7-470e-963a-56509c546377")


@pytest.mark.parametrize(
    "name",
    ["", " ", "?", "-", "\u2013", "None", "\u2026", "Unknown Artist", "<unknown>"],
)
def test_placeholders(name):
    assert is_placeholder(name)


@pytest.mark.parametrize(
    "name", ["Nobody", "The The", "Unknown Pleasures", "!!!", "Nirvana"]
)
def test_names_that_only_look_empty(name):
    assert not is_placeholder(name)


@pytest.mark.parametrize(
    "name", ["A feat. B", "A (feat. B)", "A [ft. B]", "A Featuring B & C"]
)
def test_guests_are_left_out(name):
    assert without_guests(name) == "A"


def test_the_most_frequent_spelling_is_shown():
    typed, printed = Credit("Guns N' Roses"), Credit("Guns N\u2019 Roses")
    for count, name in ((3, printed.name), (1, typed.name), (2, typed.name)):
        found = artists_of_credits({typed: 2, printed: count})
        assert found[typed] == found[printed] == Artist(name, "guns n' roses")


def test_one_id_is_one_artist_however_it_is_spelled():
    found = artists_of_credits(
        {Credit("Prince", ONE): 3, Credit("The Artist", ONE): 1, Credit("Prince"): 2}
    )
    assert set(found.values()) == {Artist("Prince", "prince", ONE)}


def test_two_ids_are_two_artists_of_one_name():
    credits = {
        Credit("Nirvana", ONE): 9,
        Credit("Nirvana", TWO): 2,
        Credit("nirvana"): 1,
    }
    found = artists_of_credits(credits)
    assert found[Credit("Nirvana", ONE)] == Artist("Nirvana", "nirvana", ONE)
    assert found[Credit("Nirvana", TWO)].name == "Nirvana [66666666]"
    assert found[Credit("nirvana")] == found[Credit("Nirvana", ONE)]


def test_nobody_is_one_in_all_languages():
    credits = {Credit("VA"): 1, Credit("Artistes divers", ONE): 5, Credit("Rush"): 1}
    found = artists_of_credits(credits)
    assert found[Credit("VA")] == found[Credit("Artistes divers", ONE)]
    assert found[Credit("VA")].name == "Various Artists"


_CREDITS = st.dictionaries(
    st.builds(
        Credit,
        st.sampled_from(["A", "a", "\uff21", "B", "VA"]),
        st.sampled_from([None, ONE, TWO]),
    ),
    st.integers(1, 3),
)


@given(_CREDITS, st.randoms(use_true_random=False))
def test_who_is_who_does_not_depend_on_the_order(credits, random):
    found = artists_of_credits(credits)
    names = list(credits)
    random.shuffle(names)
    assert artists_of_credits({name: credits[name] for name in names}) == found
    assert len({a.key for a in found.values()}) == len(set(found.values()))
    for credit, artist in found.items():
        if credit.musicbrainz_id and artist.name != "Various Artists":
            assert artist.musicbrainz_id == credit.musicbrainz_id


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 3), min_size=1))
def test_the_spelling_shown_is_one_of_those_tagged(counts):
    assert most_frequent_spelling(counts) in counts


@pytest.mark.parametrize(
    ("artist", "albumartist", "release", "group"),
    [
        (
            "TXXX:MusicBrainz Artist Id",
            "TXXX:MusicBrainz Album Artist Id",
            "TXXX:MusicBrainz Album Id",
            "TXXX:MusicBrainz Release Group Id",
        ),
        (
            "MUSICBRAINZ_ARTISTID",
            "MUSICBRAINZ_ALBUMARTISTID",
            "MUSICBRAINZ_ALBUMID",
            "MUSICBRAINZ_RELEASEGROUPID",
        ),
        (
            "----:com.apple.iTunes:MusicBrainz Artist Id",
            "----:com.apple.iTunes:MusicBrainz Album Artist Id",
            "----:com.apple.iTunes:MusicBrainz Album Id",
            "----:com.apple.iTunes:MusicBrainz Release Group Id",
        ),
        (
            "MusicBrainz/Artist Id",
            "MusicBrainz/Album Artist Id",
            "MusicBrainz/Album Id",
            "MusicBrainz/Release Group Id",
        ),
    ],
)
def test_ids_in_every_format(artist, albumartist, release, group):
    raw = [
        ("TIT2", "x"),
        (artist, ONE),
        (artist, TWO.upper()),
        (albumartist, f"{ONE}/{TWO}"),
        (release, ONE),
        (group, TWO),
        ("MUSICBRAINZ_TRACKID", ONE),
    ]
    assert musicbrainz_ids(raw) == MusicBrainzIds((ONE, TWO), (ONE, TWO), ONE, TWO)


def test_a_second_tag_of_the_file_adds_no_ids():
    raw = [("TXXX:MusicBrainz Artist Id", ONE), ("APEv2:MUSICBRAINZ_ARTISTID", ONE)]
    assert musicbrainz_ids(raw).artists == (ONE,)


def test_what_is_no_id():
    raw = [
        ("MUSICBRAINZ_ARTISTID", "none"),
        ("MUSIC", ONE),
        ("MUSICBRAINZ_ALBUMID", ONE + "0"),
    ]
    assert musicbrainz_ids(raw) == MusicBrainzIds()


def test_ids_belong_to_names_only_if_there_are_as_many():
    assert credits_of(("A feat. B",), (ONE, TWO)) == (Credit("A feat. B"),)
    assert credits_of(("A", "B"), (ONE, TWO)) == (Credit("A", ONE), Credit("B", TWO))
