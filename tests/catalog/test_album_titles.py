"""Which words of an album's title mean a disc or an edition, and its year."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.album_facts import (
    disc_in_title,
    original_title,
    split_disc,
    split_disc_folder,
    year_of,
)
from catalog.names import fold


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
        "Exit Stage Left Disc III",
        "Exit Stage Left (CD 2: Bonus)",
        "\uff25xit Stage Left",
    ],
)
def test_discs_case_and_space_are_joined(title):
    assert fold(split_disc(title)[0]) == "exit stage left"


@pytest.mark.parametrize(
    "title",
    [
        *("1984", "Led Zeppelin II", "Disc-Overy", "Vol. 4", "LP1", "CD", "Disc 1"),
        *("Live", "Use Your Illusion II", "Discovery", "ABCD 2"),
    ],
)
def test_titles_that_only_look_like_a_disc_stay(title):
    assert split_disc(title) == (title, None)
    assert original_title(title) == title


@pytest.mark.parametrize(
    "title", ["American Football (LP2)", "The Marshall Mathers LP 2", "Kid Vinyl 2"]
)
def test_words_that_may_belong_to_the_title_are_no_disc_by_themselves(title):
    _, mark = split_disc(title)
    assert mark is not None
    assert not mark.is_sure
    assert disc_in_title(title) is None
    assert original_title(title) == title


@pytest.mark.parametrize(
    ("name", "rest", "disc"),
    [
        ("CD1", "", 1),
        ("cd 02", "", 2),
        ("Disc 2 - Live", "", 2),
        ("LP2", "", 2),
        ("Vinyl 1", "", 1),
        ("Set (CD 2)", "Set", 2),
        ("1988 - Set CD2", "1988 - Set", 2),
        ("American Football LP2", "American Football LP2", None),
        ("CDs", "CDs", None),
        ("Discovery", "Discovery", None),
        ("Disc 1812 Overture", "Disc 1812 Overture", None),
    ],
)
def test_folders_of_discs(name, rest, disc):
    found, mark = split_disc_folder(name)
    assert (found, mark and mark.number) == (rest, disc)


@pytest.mark.parametrize(
    "edition",
    [
        *(" (Remastered)", " (2011 Remaster)", " [Deluxe Edition]", " - Live"),
        *(" (40th Anniversary Super Deluxe)", ": Live 2011", " (Live in Cleveland)"),
        *(" (Expanded) [CD 2]", " (Bonus Tracks) (Remastered)", " (Mono)", " [FLAC]"),
        *(" (2019 Mix)", " (Clean)", " [24-96]", " (MFSL)", " (Japan)", " (US/1981)"),
        *(" (Jubil\u00e4umsedition)", " Deluxe Edition", " 40th Anniversary Edition"),
        *(" Remastered", " Super Deluxe", " (\u00c9dition Deluxe)", " (3CD)", " - EP"),
        *(" {Japan, 1987}", " (SHM-CD)", " [24bit-96kHz]", " (Explicit)", " [MP3 320]"),
    ],
)
def test_words_of_an_edition(edition):
    assert original_title("Moving Pictures" + edition) == "Moving Pictures"


@pytest.mark.parametrize(
    "title",
    [
        *("Live After Death", "Live Shit: Binge & Purge", "S&M", "(Live)", "Alive"),
        *("Deliverance", "Special Edition", "Stereo", "Weezer (Blue Album)"),
        *("Made in Japan", "The Deluxe Edition", "40th Anniversary Edition", "The Mix"),
    ],
)
def test_titles_that_are_nothing_but_such_words_stay(title):
    assert original_title(title) == title


@pytest.mark.parametrize(
    "unit", ["(", " - ", "a ", ":", "cd 1 - ", "deluxe ", "(live "]
)
def test_long_titles_take_no_time(unit):
    title = (unit * 4096)[:4096]
    original_title(title)
    split_disc_folder(title)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_original_titles_have_none_and_none_is_lost(title):
    assert original_title(original_title(title)) == original_title(title)
    assert bool(original_title(title)) == bool(title.strip())


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
