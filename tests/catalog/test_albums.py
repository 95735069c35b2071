"""Which tracks are one album, and which albums must not be divided by a split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.albums import (
    album_group,
    album_of,
    fold,
    label_artist,
    original_title,
    year_of,
)
from catalog.records import TagFacts


def key(**tags: object) -> str:
    album = album_of(TagFacts(**tags))
    assert album is not None
    return album.key


@pytest.mark.parametrize(
    "title",
    [
        "Exit Stage Left",
        "exit  stage left ",
        "EXIT STAGE LEFT (Disc 1)",
        "Exit Stage Left [CD2]",
        "Exit Stage Left, Disc 2 of 3",
        "Exit Stage Left - CD 1",
        "Exit Stage Left CD 02",
        "Exit Stage Left (Disk Two)",
        "\uff25xit Stage Left",
    ],
)
def test_discs_case_and_space_are_joined(title):
    assert key(albumartist="Rush", album=title) == key(
        albumartist=" RUSH", album="Exit Stage Left"
    )


@pytest.mark.parametrize(
    "title",
    ["1984", "Led Zeppelin II", "Disc-Overy", "Vol. 4", "LP1", "CD", "Disc 1", "Live"],
)
def test_titles_that_only_look_like_a_disc_stay(title):
    album = album_of(TagFacts(artists=("X",), album=title))
    assert album is not None
    assert album.title == title
    assert album.group_key == f"x | {fold(title)}"


@pytest.mark.parametrize(
    "edition",
    [
        "Moving Pictures (Remastered)",
        "Moving Pictures (2011 Remaster)",
        "Moving Pictures [Deluxe Edition]",
        "Moving Pictures (40th Anniversary Super Deluxe)",
        "Moving Pictures - Live",
        "Moving Pictures: Live 2011",
        "Moving Pictures (Live in Cleveland)",
        "Moving Pictures (Expanded) [CD 2]",
        "Moving Pictures (Bonus Tracks) (Remastered)",
        "Moving Pictures (Mono)",
    ],
)
def test_editions_are_albums_of_their_own_in_the_same_group(edition):
    original = album_of(TagFacts(artists=("Rush",), album="Moving Pictures"))
    other = album_of(TagFacts(artists=("Rush",), album=edition))
    assert original is not None
    assert other is not None
    assert other.group_key == original.group_key
    assert other.key != original.key


@pytest.mark.parametrize(
    "title",
    [
        "Live After Death",
        "Live Shit: Binge & Purge",
        "S&M",
        "(Live)",
        "Alive",
        "Deliverance",
        "Special Edition",
        "Stereo",
    ],
)
def test_titles_that_are_nothing_but_such_words_stay(title):
    assert original_title(title) == title


def test_artists_keep_albums_of_the_same_name_apart():
    assert key(artists=("Queen",), album="Greatest Hits") != key(
        artists=("Abba",), album="Greatest Hits"
    )


def test_the_album_artist_joins_an_album_with_guests():
    one = key(artists=("A", "B"), albumartist="A", album="X")
    other = key(artists=("A feat. C",), albumartist="A", album="X")
    assert one == other


def test_a_compilation_is_one_album_whoever_plays():
    one = TagFacts(artists=("A",), album="Hits", compilation=True)
    other = TagFacts(artists=("B",), album="Hits", compilation=True)
    assert album_of(one) == album_of(other)
    assert label_artist(one) == "Various Artists"


@pytest.mark.parametrize("album", [None, "", "  ", "\u3000"])
def test_without_an_album_a_track_is_its_own_group(album):
    tags = TagFacts(artists=("A",), album=album)
    assert album_of(tags) is None
    assert album_group(tags, "h1") == album_group(tags, "h1") != album_group(tags, "h2")


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(name):
    assert fold(fold(name)) == fold(name)


@given(st.text(min_size=1, max_size=30).filter(str.strip), st.text(max_size=30))
def test_every_album_has_a_title_and_keys(title, artist):
    album = album_of(TagFacts(albumartist=artist, album=title))
    if album is not None:
        assert album.title.strip()
        assert album.key.count(" | ") >= 1
        assert original_title(original_title(title)) == original_title(title)


@pytest.mark.parametrize(
    ("original", "date", "year"),
    [
        ("1986-03-03", "2017-11-10", 1986),
        (None, "1988", 1988),
        ("", "1988-08", 1988),
        ("0000", "1991", 1991),
        (None, "0000", None),
        (None, None, None),
        (None, "12345", None),
        (None, "Aug 1988", 1988),
        (None, "25/08/1988", 1988),
        (None, "88", None),
    ],
)
def test_the_year_is_that_of_the_first_release(original, date, year):
    assert year_of(original, date) == year
