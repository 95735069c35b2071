"""Which tracks are one album, whose it is, and what no split may divide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.album_facts import TrackFacts
from catalog.album_groups import Grouping, group_tracks
from catalog.names import Credit

Shown = set[tuple[str | None, str | None]]


def track(path: str, **more: Any) -> TrackFacts:
    """Make a track; artists and the album artist may be given as plain names."""
    artist = more.pop("artist", "A")
    named = more.pop("albumartist", None)
    facts: dict[str, Any] = {
        "id": more.pop("id", abs(hash(path))),
        "root_id": 1,
        "path": path,
        "payload_hash": path,
        "artists": (Credit(artist),) if isinstance(artist, str) else artist or (),
        "albumartist": Credit(named) if isinstance(named, str) else named,
    }
    return TrackFacts(**facts, **more)


def album(
    folder: str, title: str | None, count: int = 3, **more: Any
) -> list[TrackFacts]:
    """Make the tracks of an album, numbered and with titles of their own."""
    titles = more.pop("titles", None) or [f"{folder} {n}" for n in range(1, count + 1)]
    return [
        track(f"{folder}/{n:02}.mp3", album=title, title=name, track_number=n, **more)
        for n, name in enumerate(titles, start=1)
    ]


def grouped(tracks: list[TrackFacts]) -> dict[str, Grouping]:
    found = group_tracks(tracks)
    return {one.path: found[one.id] for one in tracks}


def shown(tracks: list[TrackFacts]) -> Shown:
    """Return artist and title of the albums."""
    albums = {one.album for one in grouped(tracks).values()}
    return {(a.albumartist, a.title) if a else (None, None) for a in albums}


def count_albums(tracks: list[TrackFacts]) -> int:
    return len({one.album and one.album.key for one in grouped(tracks).values()})


def count_groups(tracks: list[TrackFacts]) -> int:
    return len({one.group_key for one in grouped(tracks).values()})


SONGS = ["Airbag", "Paranoid Android", "Let Down", "Lucky"]
OTHERS = ["15 Step", "Bodysnatchers", "Nude", "Reckoner"]


# Words that may mean a disc


def test_lp2_and_lp3_are_albums_of_their_own():
    tracks = [
        *album("AF/1999", "American Football", artist="American Football", year=1999),
        *album(
            "AF/2016", "American Football (LP2)", artist="American Football", year=2016
        ),
        *album(
            "AF/2019", "American Football (LP3)", artist="American Football", year=2019
        ),
    ]
    assert shown(tracks) == {
        ("American Football", "American Football"),
        ("American Football", "American Football (LP2)"),
        ("American Football", "American Football (LP3)"),
    }
    assert count_groups(tracks) == 3


def test_lp2_stays_a_title_in_one_folder_with_lp1s_years_apart():
    tracks = [
        *album("AF", "American Football", 2, year=1999),
        *(
            one._replace(path=f"AF/x{one.path[3:]}", id=one.id + 1)
            for one in album("AF", "American Football (LP2)", 2, year=2016)
        ),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2


@pytest.mark.parametrize(
    "title", ["The Marshall Mathers LP 2", "Kid Vinyl 2", "Disco 2"]
)
def test_a_title_keeps_its_number(title):
    tracks = album("x", title, disc_number=1, disc_total=1)
    assert shown(tracks) == {("A", title)}
    assert {one.disc for one in grouped(tracks).values()} == {1}


def test_lp2_is_a_disc_where_the_disc_is_tagged():
    tracks = [
        *album("x", "Exile LP1", disc_number=1, disc_total=2),
        *album("y", "Exile LP2", disc_number=2, disc_total=2),
    ]
    assert shown(tracks) == {("A", "Exile")}
    assert count_groups(tracks) == 1


def test_lp2_is_a_disc_where_the_folder_says_so():
    tracks = [*album("Exile/LP1", "Exile (LP 1)"), *album("Exile/LP2", "Exile (LP 2)")]
    assert shown(tracks) == {("A", "Exile")}
    assert {one.disc for one in grouped(tracks).values()} == {1, 2}


def test_vinyl_1_and_2_are_discs_where_numbers_begin_anew_in_one_folder():
    tracks = [
        track(
            f"x/{disc}{n}.flac",
            album=f"Exile (Vinyl {disc})",
            track_number=n,
            title=f"{disc}{n}",
        )
        for disc in (1, 2)
        for n in (1, 2, 3)
    ]
    assert shown(tracks) == {("A", "Exile")}
    assert {one.disc for one in grouped(tracks).values()} == {1, 2}


def test_without_numbers_they_are_shown_apart_and_kept_together():
    tracks = [
        track(f"x/{disc}{title}.flac", album=f"Kid Vinyl {disc}", title=title)
        for disc in (1, 2)
        for title in "ab"
    ]
    assert shown(tracks) == {("A", "Kid Vinyl 1"), ("A", "Kid Vinyl 2")}
    assert count_groups(tracks) == 1


def test_folders_side_by_side_of_one_year_are_kept_together():
    tracks = [
        *album("A/1", "Kid Vinyl 1", year=1990),
        *album("A/2", "Kid Vinyl 2", year=1990),
    ]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1


@pytest.mark.parametrize(
    "title",
    [
        "Set CD2",
        "Set (Disc 2)",
        "Set [Disc II]",
        "Set (CD 2: Encore)",
        "Set - Disc 2 - The Encore",
        "Set, Disc Two",
    ],
)
def test_discs_are_one_album(title):
    tracks = [*album("x", "Set", 2), *album("y", title, 2)]
    assert shown(tracks) == {("A", "Set")}
    assert grouped(tracks)["y/01.mp3"].disc == 2


def test_roman_numbers_of_volumes_are_titles():
    tracks = [*album("x", "Illusion I", 2), *album("y", "Illusion II", 2)]
    assert count_albums(tracks) == count_groups(tracks) == 2


def test_discs_with_titles_of_their_own_are_kept_together():
    tracks = [
        *album("Set/CD1", "Set: The Concert", 2, disc_number=1),
        *album("Set/CD2", "Set: The Encore", 2, disc_number=2),
    ]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1


# Whose album it is


def test_discs_in_folders_are_one_album_whoever_plays():
    tracks = [
        *album("Set/CD1", "Set", 4, artist="Main Act", disc_number=1),
        *album("Set/CD2", "Set", 3, artist="Main Act", disc_number=2),
        track(
            "Set/CD2/04.mp3",
            album="Set",
            artist="Remixer",
            disc_number=2,
            track_number=4,
        ),
    ]
    assert shown(tracks) == {("Main Act", "Set")}
    assert count_groups(tracks) == 1


def test_discs_in_folders_of_quite_other_artists_are_one_album_too():
    tracks = [
        *album("Set/CD1", "Set", 2, artist="Main Act", disc_number=1),
        *album("Set/CD2", "Set", 1, artist="Remixer", disc_number=2),
    ]
    assert shown(tracks) == {("Various Artists", "Set")}
    assert count_groups(tracks) == 1


@pytest.mark.parametrize("names", [("ZZ Top", "Guns N' Roses"), ("A", "B")])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_two_albums_of_one_title_in_one_folder(names, count):
    tracks = [
        track(
            f"x/{name} {n}.mp3",
            album="Greatest Hits",
            artist=name,
            year=year,
            track_number=n,
            title=f"{name} {n}",
        )
        for name, year in zip(names, (1992, 2004), strict=True)
        for n in range(1, count + 1)
    ]
    assert shown(tracks) == {(name, "Greatest Hits") for name in names}
    assert count_groups(tracks) == 2


def test_two_albums_of_one_title_in_one_folder_by_their_dates():
    tracks = [
        track(
            f"x/{name}{n}.mp3",
            album="Greatest Hits",
            artist=name,
            year=year,
            title=f"{name}{n}",
        )
        for name, year in (("ZZ Top", 1992), ("Guns N' Roses", 2004))
        for n in "ab"
    ]
    assert shown(tracks) == {
        ("ZZ Top", "Greatest Hits"),
        ("Guns N' Roses", "Greatest Hits"),
    }
    assert count_groups(tracks) == 2


def test_a_compilation_is_one_album_though_each_track_has_its_year():
    tracks = [
        track(f"x/{n}.mp3", album="Hits", artist=name, year=1980 + n, track_number=n)
        for n, name in enumerate("ABCABDEF", start=1)
    ]
    assert shown(tracks) == {("Various Artists", "Hits")}
    assert count_groups(tracks) == 1


def test_a_split_record_is_one_album():
    tracks = [
        track(f"x/{n}.mp3", album="Split", artist="A" if n < 4 else "B", track_number=n)
        for n in range(1, 7)
    ]
    assert shown(tracks) == {("Various Artists", "Split")}


def test_album_artists_that_change_from_track_to_track_stay_one_group():
    tracks = [
        track(f"x/{n}.mp3", album="Hits", artist=name, albumartist=name, track_number=n)
        for n, name in enumerate("ABCD", start=1)
    ]
    assert count_albums(tracks) == 4
    assert count_groups(tracks) == 1


def test_album_artists_keep_albums_of_one_title_in_one_folder_apart():
    tracks = [
        track(
            f"x/{name}{n}.mp3",
            album="Hits",
            artist=name,
            albumartist=name,
            track_number=n,
        )
        for name in "AB"
        for n in (1, 2, 3)
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2


@pytest.mark.parametrize(
    "guest",
    ["A feat. B", "A (ft. B)", "A & B", "A with B", "A, B", "A vs. B", "A featuring B"],
)
def test_a_guest_on_one_track_changes_nothing(guest):
    tracks = [
        *album("x", "X", 2),
        track("x/03.mp3", album="X", artist=guest, track_number=3),
    ]
    assert shown(tracks) == {("A", "X")}


def test_one_track_of_somebody_else_among_many_is_a_guests():
    tracks = [
        *album("x", "X", 3),
        track("x/04.mp3", album="X", artist="B", track_number=4),
    ]
    assert shown(tracks) == {("A", "X")}


@pytest.mark.parametrize(
    ("files", "whose"),
    [
        ([("", "A"), ("", "A")], "A"),
        ([("", "A"), ("", "a "), ("", "A")], "A"),
        ([("", "A feat. B")], "A"),
        ([("", "A"), ("", "B")], "Various Artists"),
        ([("", "A"), ("", "A"), ("", "B")], "Various Artists"),
        ([("A", "A"), ("", "B")], "A"),
        ([("A", "A"), ("B", "B"), ("", "C")], "Various Artists"),
        ([("A", "A"), ("B", "B"), ("", "A")], "A"),
        ([("", "AC/DC"), ("", "AC/DC")], "AC/DC"),
        ([("", "Simon & Garfunkel")], "Simon & Garfunkel"),
        ([("", "Feature"), ("", "Feature")], "Feature"),
        ([("", ""), ("", "A")], "A"),
        ([("", "")], None),
        ([("", "Various"), ("", "A")], "A"),
        ([("Verschiedene Interpreten", "A"), ("", "B")], "Various Artists"),
    ],
)
def test_whose_album_the_last_track_is_on(files, whose):
    tracks = [
        track(f"x/{n}", album="X", artist=artist or (), albumartist=named or None)
        for n, (named, artist) in enumerate(files)
    ]
    last = grouped(tracks)[tracks[-1].path].album
    assert last is not None
    assert last.albumartist == whose


def test_a_compilation_by_its_flag():
    tracks = album("x", "X", 3, compilation=True)
    assert shown(tracks) == {("Various Artists", "X")}


def test_compilations_in_two_folders_are_one():
    tracks = [
        *album("x", "Hits", 2, albumartist="VA"),
        *album("y", "Hits", 2, albumartist="Vari artisti"),
    ]
    assert shown(tracks) == {("Various Artists", "Hits")}


# Placeholders


@pytest.mark.parametrize("title", ["?", "-", "None", "...", "\u2026", "NULL"])
def test_a_placeholder_that_all_tracks_carry_is_a_title(title):
    tracks = album("x", title)
    assert shown(tracks) == {("A", title)}
    assert count_groups(tracks) == 1


@pytest.mark.parametrize("title", ["?", "-", "None", "..."])
def test_a_placeholder_on_some_tracks_is_none(title):
    tracks = [
        track("x/a", album=title),
        track("x/b", album="Real"),
        track("y/c", album=title),
    ]
    assert shown(tracks) == {(None, None), ("A", "Real")}


@pytest.mark.parametrize(
    "title", ["Unknown Album", "<unknown>", "[Unknown]", "", None, "\u3000"]
)
def test_what_is_never_a_title(title):
    tracks = [track(f"x/{name}", album=title) for name in ("a", "b")]
    assert shown(tracks) == {(None, None)}
    assert count_groups(tracks) == 2


def test_tracks_without_an_album_that_are_numbered_like_one_are_a_group():
    tracks = album("x", None, 3)
    assert shown(tracks) == {(None, None)}
    assert count_groups(tracks) == 1
    assert (
        count_groups(
            [
                one._replace(track_number=None, path=f"x/{name}")
                for one, name in zip(tracks, "abc", strict=True)
            ]
        )
        == 3
    )


def test_the_number_may_stand_in_the_files_name():
    tracks = [track(f"x/{n:02} Song {n}.mp3", title=f"Song {n}") for n in (1, 2, 3)]
    assert count_groups(tracks) == 1


def test_a_track_without_an_album_goes_with_the_only_one_in_its_folder():
    tracks = [*album("x", "X"), track("x/bonus"), track("x/other", artist="B")]
    found = grouped(tracks)
    assert found["x/bonus"].group_key == found["x/01.mp3"].group_key
    assert found["x/bonus"].album is None
    assert found["x/other"].group_key != found["x/01.mp3"].group_key


def test_the_same_audio_without_an_album_is_one_group():
    one, other = track("x/a"), track("y/b")
    assert count_groups([one, other]) == 2
    assert count_groups([one, other._replace(payload_hash=one.payload_hash)]) == 1


# Editions


@pytest.mark.parametrize(
    "edition",
    [
        " (2019 Mix)",
        " (Clean)",
        " [24-96]",
        " (MFSL)",
        " (Japan)",
        " (Jubil\u00e4umsedition)",
        " Deluxe Edition",
        " (Remastered)",
        " - Remastered 2009",
        " [FLAC]",
        " (2009)",
        " (Mono)",
        " (Super Deluxe) [CD 2]",
        " (Live)",
        ": Live",
        " - EP",
    ],
)
def test_editions_are_shown_as_tagged_in_one_group(edition):
    tracks = [
        *album("x", "Abbey Road", year=1969, titles=SONGS),
        *album("y", "Abbey Road" + edition, year=2019, titles=OTHERS),
    ]
    title = "Abbey Road" + edition.removesuffix(" [CD 2]")
    assert shown(tracks) == {("A", "Abbey Road"), ("A", title)}
    assert {one.group_key for one in grouped(tracks).values()} == {"a | abbey road"}


@pytest.mark.parametrize(
    "edition", ["Limitierte Sonderausgabe", "\u521d\u56de\u9650\u5b9a\u76e4", "Xyz"]
)
def test_words_in_brackets_that_nobody_knows_are_an_edition_if_the_tracks_are(edition):
    titles = ["Mutter", f"Mutter ({edition})"]
    same = [album(title, title, titles=SONGS) for title in titles]
    assert shown([*same[0], *same[1]]) == {("A", title) for title in titles}
    assert count_groups([*same[0], *same[1]]) == 1
    other = album(titles[1], titles[1], titles=OTHERS)
    assert count_groups([*same[0], *other]) == 2


def test_other_titles_are_other_groups():
    tracks = [
        *album("x", "Weezer (Blue Album)", 2),
        *album("y", "Weezer (Green Album)", 2),
    ]
    assert count_groups(tracks) == 2


def test_same_title_and_artist_but_other_year_folder_and_tracks():
    tracks = [
        *album("x", "Weezer", year=1994, titles=SONGS),
        *album("y", "Weezer", year=2001, titles=OTHERS),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2
    keys = {one.group_key for one in grouped(tracks).values()}
    assert keys == {"a | weezer | 1994", "a | weezer | 2001"}


def test_same_title_and_artist_and_a_track_of_the_other_year():
    tracks = [
        *album("x", "Weezer", year=1994, titles=SONGS),
        *album("y", "Weezer", year=2001, titles=[SONGS[0], *OTHERS]),
    ]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1


def test_same_title_and_artist_but_other_year_without_titles():
    tracks = [
        *album("x", "Weezer", year=1994, titles=["Track 1", "Track 2"]),
        *album("y", "Weezer", year=2001, titles=["Track 1", "Track 2"]),
    ]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1


def test_a_reissue_is_the_same_album():
    tracks = [
        *album("x", "X", year=1969, titles=SONGS),
        *album("y", "X", year=2009, titles=[f"{song} (Remastered)" for song in SONGS]),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 1


def test_without_a_year_two_folders_are_one_album():
    tracks = [
        *album("x", "X", titles=SONGS),
        *album("y", "X", year=2001, titles=OTHERS),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 1


def test_two_albums_of_one_title_and_artist_in_one_folder():
    tracks = [
        track(
            f"Weezer/{year} {n}.mp3",
            album="Weezer",
            title=title,
            track_number=n,
            year=year,
        )
        for year, titles in ((1994, SONGS), (2001, OTHERS))
        for n, title in enumerate(titles, start=1)
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2


def test_the_best_of_one_artist_with_the_years_of_its_songs_is_one_album():
    tracks = [
        track(f"x/{n}.mp3", album="Best", track_number=n, year=1970 + n // 3)
        for n in range(1, 10)
    ]
    assert count_albums(tracks) == 1


@pytest.mark.parametrize(
    "folders", [("x/FLAC", "x/MP3"), ("x [FLAC]", "x [MP3]"), ("x", "x")]
)
def test_two_formats_side_by_side_are_one_album(folders):
    tracks = [
        track(
            f"{folder}/{n:02}.{suffix}",
            album="X",
            title=title,
            track_number=n,
            year=year,
        )
        for folder, suffix, year in zip(
            folders, ("flac", "mp3"), (1988, 1989), strict=True
        )
        for n, title in enumerate(SONGS, start=1)
    ]
    assert count_albums(tracks) == count_groups(tracks) == 1


def test_one_copy_names_the_album_artist_and_the_other_is_a_compilation():
    tracks = [
        *album("x", "X", albumartist="A", titles=SONGS),
        *album("y", "X", albumartist="Various Artists", titles=SONGS),
        *album("z", "X", albumartist="A & C", titles=SONGS),
        *album("w", "X", albumartist="B", titles=SONGS),
    ]
    found = grouped(tracks)
    assert count_albums(tracks) == 4
    keys = [found[f"{folder}/01.mp3"].group_key for folder in "xyzw"]
    assert keys[0] == keys[1] == keys[2]


def test_albums_of_one_title_by_two_artists_are_two():
    tracks = [
        *album("x", "Greatest Hits", artist="Queen"),
        *album("y", "Greatest Hits", artist="Abba"),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2


# MusicBrainz and fingerprints


def test_one_release_is_one_group_under_two_titles():
    tracks = [*album("x", "One", release_id="r"), *album("y", "Two", release_id="r")]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1


def test_two_release_groups_are_two_albums():
    tracks = [
        *album("x", "X", release_group_id="g", titles=SONGS),
        *album("y", "X", release_group_id="h", titles=OTHERS),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 2
    tracks = [
        *album("x", "X", release_group_id="g", titles=SONGS),
        *album("y", "X", release_group_id="h", titles=SONGS[:2]),
    ]
    assert count_albums(tracks) == 2
    assert count_groups(tracks) == 1  # a single of the album's name


def test_tracks_that_are_one_recording_join_their_groups():
    tracks = [*album("x", "One"), *album("y", "Two"), track("z/a")]
    by_path = {one.path: one.id for one in tracks}
    pairs = [
        (by_path["x/01.mp3"], by_path["y/02.mp3"]),
        (by_path["z/a"], by_path["x/03.mp3"]),
        (by_path["x/01.mp3"], -1),
    ]
    found = group_tracks(tracks, pairs)
    assert {one.group_key for one in found.values()} == {"a | one"}


def test_roots_are_apart_but_the_same_album_is_one_in_both():
    tracks = [
        *album("x", "X"),
        *(one._replace(root_id=2, id=one.id + 1) for one in album("x", "X")),
    ]
    assert count_albums(tracks) == count_groups(tracks) == 1


# What holds whatever the library


_WORDS = st.sampled_from(
    [
        "X",
        "X (Live)",
        "X LP2",
        "X (LP 1)",
        "X CD1",
        "x",
        "-",
        "Weezer",
        None,
        "X (Disc 2: Y)",
    ]
)
_TRACKS = st.lists(
    st.builds(
        track,
        st.builds(
            "{}/{}".format,
            st.sampled_from(["a", "a/CD1", "a/CD2", "b", "b (CD 2)"]),
            st.integers(0, 99),
        ),
        album=_WORDS,
        artist=st.sampled_from(["A", "B", "A feat. B", "VA", ()]),
        albumartist=st.sampled_from([None, None, "A", "B", "VA"]),
        title=st.sampled_from([*SONGS, *OTHERS, None]),
        track_number=st.sampled_from([None, 1, 2, 3, 4]),
        disc_number=st.sampled_from([None, 1, 2]),
        year=st.sampled_from([None, 1994, 2001]),
        compilation=st.booleans(),
        release_group_id=st.sampled_from([None, None, "g", "h"]),
    ),
    max_size=14,
).map(
    lambda tracks: [
        one._replace(id=n, path=f"{one.path} {n}") for n, one in enumerate(tracks)
    ]
)


@settings(max_examples=100, deadline=None)
@given(_TRACKS, st.randoms(use_true_random=False))
def test_grouping_does_not_depend_on_the_order_of_the_tracks(tracks, random):
    shuffled = random.sample(tracks, len(tracks))
    assert group_tracks(shuffled) == group_tracks(tracks)


@settings(max_examples=100, deadline=None)
@given(_TRACKS)
def test_every_track_has_a_place_and_no_album_is_in_two_groups(tracks):
    found = group_tracks(tracks)
    assert set(found) == {one.id for one in tracks}
    groups: dict[str, set[str]] = {}
    for one in found.values():
        assert one.group_key
        if one.album is not None:
            assert one.album.title
            assert one.album.group_key == one.group_key
            groups.setdefault(one.album.key, set()).add(one.group_key)
    assert all(len(keys) == 1 for keys in groups.values())
