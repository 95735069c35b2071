"""Whose album it is, where the tags do not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog import library as tracks
from catalog.album_artists import FolderTrack, albumartist_of, derive_album_artists
from catalog.records import TagFacts
from catalog.store_scan import store_batch


@pytest.mark.parametrize(
    ("album", "whose"),
    [
        ([("", "A"), ("", "A")], "A"),
        ([("", "A"), ("", "a "), ("", "A")], "A"),
        ([("", "A"), ("", "A feat. B"), ("", "A (ft. C)")], "A"),
        ([("", "A feat. B")], "A"),
        ([("", "A"), ("", "B")], "Various Artists"),
        ([("A", "A"), ("", "B")], "A"),
        ([("A", "A"), ("B", "B"), ("", "A")], "Various Artists"),
        ([("", "AC/DC"), ("", "AC/DC")], "AC/DC"),
        ([("", "Feature"), ("", "Feature")], "Feature"),
        ([("", ""), ("", "A")], "A"),
        ([("", "")], None),
    ],
)
def test_rule(album, whose):
    found = [FolderTrack(named or None, artist or None) for named, artist in album]
    assert albumartist_of(found) == whose


@pytest.fixture
def scan(catalog, make):
    """Store files given by path and artist, derive, and show whose they are."""
    root = tracks.ensure_root(catalog, b"/music")

    def run(files: dict[str, str], album: str = "Hits", **more: object):
        store_batch(
            catalog,
            [
                make.scanned(
                    root.id,
                    path.encode(),
                    tags=TagFacts(artists=(artist,), album=album, **more),
                )
                for path, artist in files.items()
            ],
        )
        count = derive_album_artists(catalog, root.id)
        shown = catalog.rows("SELECT path, artist, group_key FROM v_tracks")
        return count, {path: (artist, group) for path, artist, group in shown}

    return run


def test_one_artist_in_the_folder(catalog, scan):
    count, shown = scan({"x/1": "Rush", "x/2": "Rush feat. Ben"})
    assert count == 2
    assert set(shown.values()) == {("Rush", "rush | hits")}
    assert catalog.rows("SELECT DISTINCT fact, source FROM tag_sources") == [
        ("albumartist", "folder")
    ]


def test_a_compilation_is_one_group_and_folders_are_apart(scan):
    _, shown = scan({"x/1": "A", "x/2": "B", "y/1": "C", "y/2": "C"})
    assert shown["x/1"] == shown["x/2"] == ("Various Artists", "various artists | hits")
    assert shown["y/1"] == shown["y/2"] == ("C", "c | hits")


def test_what_the_tags_say_stays(catalog, scan):
    _, shown = scan({"x/1": "A", "x/2": "B"}, albumartist="Z")
    assert {artist for artist, _ in shown.values()} == {"Z"}
    assert catalog.rows("SELECT * FROM tag_sources") == []


def test_a_track_that_comes_later_changes_the_answer(scan):
    scan({"x/1": "A", "x/2": "A"})
    count, shown = scan({"x/3": "B"})
    assert count == 3
    assert {artist for artist, _ in shown.values()} == {"Various Artists"}
    assert scan({}) == (0, shown)


def test_album_artists_of_edited_tags_are_derived_again(catalog, scan):
    scan({"x/1": "A", "x/2": "A"})
    count, shown = scan({"x/1": "B", "x/2": "B"})
    assert count == 2
    assert {artist for artist, _ in shown.values()} == {"B"}


def test_tracks_without_artist_or_album_are_left_alone(catalog, make):
    root = tracks.ensure_root(catalog, b"/music")
    nobody = make.scanned(root.id, b"x/1", tags=TagFacts(album="Hits"))
    loose = make.scanned(root.id, b"x/2", tags=TagFacts(artists=("A",)))
    store_batch(catalog, [nobody, loose])
    assert derive_album_artists(catalog, root.id) == 0
    assert catalog.rows("SELECT albumartist FROM tracks") == [(None,), (None,)]


def test_a_compilation_without_any_artist_is_derived_once(catalog, make):
    root = tracks.ensure_root(catalog, b"/music")
    tags = TagFacts(album="Hits", compilation=True)
    store_batch(catalog, [make.scanned(root.id, b"x/1", tags=tags)])
    assert derive_album_artists(catalog, root.id) == 1
    assert derive_album_artists(catalog, root.id) == 0


def test_it_is_stable_over_scans(catalog, make, dump):
    root = tracks.ensure_root(catalog, b"/music")
    scanned = make.scanned(root.id, b"x/1", tags=TagFacts(artists=("A",), album="Hits"))
    store_batch(catalog, [scanned, replace(scanned, path=b"x/2")])
    derive_album_artists(catalog, root.id)
    before = dump(catalog)
    assert derive_album_artists(catalog, root.id) == 0
    assert dump(catalog) == before
