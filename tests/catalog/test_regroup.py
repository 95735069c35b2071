"""Albums, groups and artists of a stored library, told anew from its tags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from catalog import library as tracks
from catalog.analyses import effective_number
from catalog.datasets import load_library
from catalog.predictions import held_out_windows
from catalog.records import GroupChange, TagFacts, TrackMissing, TrackMoved
from catalog.regroup import regroup
from catalog.runs import Changes, FoldFacts, RunFacts, changes_since
from catalog.statistics import load_track_statistics
from catalog.store_run import Predictions, store_run
from catalog.store_scan import store_batch
from classify.reports.registry import REPORTS
from sonicat.db import db

ONE = "11111111-2222-4333-8444-555555555555"
TWO = "66666666-2222-4333-8444-555555555555"


@pytest.fixture
def scan(catalog, make):
    """Store files given by path and artist, group all, and show whose they are."""
    root = tracks.ensure_root(catalog, b"/music")

    def run(files: dict[str, str], album: str | None = "Hits", **more: object):
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
        assert tracks.has_ungrouped_tracks(catalog) == bool(files)
        regroup(catalog)
        assert not tracks.has_ungrouped_tracks(catalog)
        shown = catalog.rows("SELECT path, artist, group_key FROM v_tracks")
        return {path: (artist, group) for path, artist, group in shown}

    return run


def test_one_artist_in_the_folder(catalog, scan):
    shown = scan({"x/1": "Rush", "x/2": "Rush feat. Ben"})
    assert set(shown.values()) == {("Rush", "rush | hits")}
    assert catalog.rows("SELECT DISTINCT fact, source FROM tag_sources") == [
        ("albumartist", "folder")
    ]


def test_a_compilation_is_one_group_and_folders_are_apart(scan):
    shown = scan({"x/1": "A", "x/2": "B", "y/1": "C", "y/2": "C"})
    assert shown["x/1"] == shown["x/2"] == ("Various Artists", "various artists | hits")
    assert shown["y/1"] == shown["y/2"] == ("C", "c | hits")


def test_what_the_tags_say_stays(catalog, scan):
    shown = scan({"x/1": "A", "x/2": "B"}, albumartist="Z")
    assert {artist for artist, _ in shown.values()} == {"Z"}
    assert catalog.rows("SELECT * FROM tag_sources") == []


def test_a_track_that_comes_later_changes_the_answer(catalog, scan):
    scan({"x/1": "A", "x/2": "A"})
    shown = scan({"x/3": "B"})
    assert {artist for artist, _ in shown.values()} == {"Various Artists"}
    assert scan({}) == shown
    assert catalog.rows("SELECT title FROM albums") == [("Hits",)]  # and no other


def test_edited_tags_are_grouped_again(catalog, scan):
    scan({"x/1": "A", "x/2": "A"})
    shown = scan({"x/1": "B", "x/2": "B"})
    assert {artist for artist, _ in shown.values()} == {"B"}
    assert catalog.rows("SELECT name FROM artists") == [("B",)]


def test_the_scan_asks_when_a_track_goes_comes_back_or_moves(catalog, scan, make):
    scan({"x/1": "A", "x/2": "A", "y/1": "B"})
    (root,) = tracks.roots(catalog)
    known = {track.path: track for track in tracks.known_tracks(catalog, root.id)}
    store_batch(catalog, [TrackMissing(known[b"x/2"].id)])
    assert tracks.has_ungrouped_tracks(catalog)
    regroup(catalog)
    moved = TrackMoved(known[b"y/1"].id, root.id, b"x/3", make.scanned(1).stamp)
    store_batch(catalog, [moved])
    assert tracks.has_ungrouped_tracks(catalog)
    regroup(catalog)
    shown = scan({})
    assert shown["x/1"][0] == shown["x/3"][0] == "Various Artists"
    assert shown["x/2"][0] == "A"  # as it was when it went


def test_tracks_without_artist_or_album_have_no_album_artist(catalog, make):
    root = tracks.ensure_root(catalog, b"/music")
    nobody = make.scanned(root.id, b"x/1", tags=TagFacts(album="Hits"))
    loose = make.scanned(root.id, b"y/2", tags=TagFacts(artists=("A",)))
    store_batch(catalog, [nobody, loose])
    regroup(catalog)
    assert catalog.rows("SELECT albumartist FROM tracks") == [(None,), (None,)]


@pytest.mark.parametrize("more", [{}, {"compilation": True}])
def test_twice_is_once(catalog, make, dump, more):
    root = tracks.ensure_root(catalog, b"/music")
    tags = TagFacts(artists=("A",), album="Hits CD2", **more)
    scanned = make.scanned(root.id, b"x/1", tags=tags)
    store_batch(catalog, [scanned, replace(scanned, path=b"x/2")])
    assert regroup(catalog) == []
    before = dump(catalog)
    assert regroup(catalog) == []
    assert dump(catalog) == before


def test_spellings_are_one_artist_shown_as_mostly_spelled(catalog, scan):
    scan({"x/1": "Guns N' Roses", "x/2": "Guns N\u2019 Roses", "x/3": "Guns N' Roses"})
    assert catalog.rows("SELECT name FROM artists") == [("Guns N' Roses",)]
    scan({"y/4": "Guns N\u2019 Roses", "y/5": "Guns N\u2019 Roses"})
    assert catalog.rows("SELECT name FROM artists") == [("Guns N\u2019 Roses",)]
    names = catalog.rows("SELECT DISTINCT credit FROM track_artists ORDER BY credit")
    assert names == [("Guns N' Roses",), ("Guns N\u2019 Roses",)]  # as tagged


def test_musicbrainz_tells_namesakes_apart(catalog, scan):
    scan({"x/1": "Nirvana", "x/2": "Nirvana"}, raw=(("MUSICBRAINZ_ARTISTID", ONE),))
    shown = scan({"y/1": "Nirvana"}, raw=(("MUSICBRAINZ_ARTISTID", TWO),), album="B")
    assert shown["x/1"][0] == "Nirvana"
    assert shown["y/1"] == ("Nirvana [66666666]", "nirvana [66666666] | b")


def test_a_dry_run_lists_and_changes_nothing(catalog, make, scan, dump):
    scan({"x/1": "A", "x/2": "A"})
    root = tracks.roots(catalog)[0]
    tags = TagFacts(artists=("B",), album="Hits")
    store_batch(catalog, [make.scanned(root.id, b"x/3", tags=tags)])
    before = dump(catalog)
    changes = regroup(catalog, dry_run=True)
    assert dump(catalog) == before
    assert changes == [
        GroupChange("artist", "A", "Various Artists", 2),
        GroupChange("artist", "B", "Various Artists", 1),
        GroupChange("album", "Hits (A)", "Hits (Various Artists)", 2),
        GroupChange("album", "Hits (B)", "Hits (Various Artists)", 1),
        GroupChange("group", "a | hits", "various artists | hits", 2),
        GroupChange("group", "b | hits", "various artists | hits", 1),
    ]
    assert regroup(catalog) == changes
    assert regroup(catalog, dry_run=True) == []


def test_the_command(sqlite_catalog, make):
    root = tracks.ensure_root(sqlite_catalog, b"/music")
    for path, artist in ((b"x/1", "A"), (b"x/2", "B")):
        tags = TagFacts(artists=(artist,), album="Hits")
        store_batch(sqlite_catalog, [make.scanned(root.id, path, tags=tags)])
    where = ["--db", str(sqlite_catalog.path)]
    sqlite_catalog.close()
    planned = CliRunner().invoke(db, ["regroup", "--dry-run", *where]).output
    assert "album   Hits (A) -> Hits (Various Artists)  (1 track)\n" in planned
    done = CliRunner().invoke(db, ["regroup", *where]).output
    assert planned == done + "this would change; leave out --dry-run to do it\n"
    again = CliRunner().invoke(db, ["regroup", *where])
    assert (again.output, again.exit_code) == ("nothing changes\n", 0)


@pytest.fixture
def judged(catalog, make):
    """Store a library of three albums and a run over it; return its scanned tracks."""
    root = tracks.ensure_root(catalog, b"/music")
    scanned = [
        make.scanned(
            root.id,
            f"{album}/1".encode(),
            tags=TagFacts(artists=("A",), album=album, title="One", date="1988"),
            analysis=make.analysis(),
        )
        for album in ("X", "Y", "Z")
    ]
    store_batch(catalog, scanned)
    regroup(catalog)
    library = load_library(catalog)
    assert library is not None
    zero = np.zeros(3, np.intp)
    ids = np.array([track.id for track in library.tracks])
    said = Predictions.from_matrix(
        ids, zero, zero, np.array([[0.9, 0.1]] * 3), ("A", "B")
    )
    store_run(
        catalog,
        RunFacts("artist", "m", 0, 1, "hash", ("A", "B"), {}, {}, {}),
        folds=[FoldFacts(0, 3, 3, 1.0, 1.0, 1.0, {}, 1.0, 0.1)],
        tracks=[said],
        windows=[replace(said, ids=library.windows.window_id[[0, 3, 6]])],
        models=[],
        known=library.tracks,
    )
    return scanned


def test_a_run_keeps_what_it_was_judged_with(catalog, judged):
    asked = "SELECT artist, album, year, title, group_key FROM v_predictions"
    before = catalog.rows(asked)
    assert before[0] == ("A", "X", 1988, "One", "a | x")
    other = TagFacts(artists=("B",), album="Other", title="Two", date="1999")
    edited = [replace(one, tags=other, analysis=None) for one in judged]
    store_batch(catalog, edited)
    regroup(catalog)
    assert catalog.rows(asked) == before
    accuracy = "SELECT artist, album, year FROM v_album_accuracy ORDER BY album"
    assert catalog.rows(accuracy) == [("A", name, 1988) for name in "XYZ"]
    assert catalog.rows("SELECT DISTINCT artist, album FROM v_tracks") == [
        ("B", "Other")
    ]


def test_a_report_says_what_has_changed_since(catalog, judged, make):
    assert str(changes_since(catalog, 1)) == ""
    edited = replace(judged[0].tags, title="Two")
    new = replace(judged[0], path=b"X/2")
    store_batch(catalog, [replace(judged[0], tags=edited, analysis=None), new])
    root = tracks.roots(catalog)[0]
    known = {track.path: track.id for track in tracks.known_tracks(catalog, root.id)}
    store_batch(catalog, [TrackMissing(known[b"Y/1"])])
    catalog.execute(f"DELETE FROM tracks WHERE id = {known[b'Z/1']}")
    assert changes_since(catalog, 1) == Changes(1, 1, 0, 1, 1, 1)
    by_album = next(report for report in REPORTS if report.name == "by-artist")
    assert by_album.make(catalog).notes[-1] == (
        "Told as run 1 knew the library; tracks since: 1 with other tags, 1 added, "
        "1 missing, 1 deleted. `classify --all` learns it as it is now."
    )


def test_other_groups_are_told_apart_from_other_tags(catalog, judged):
    catalog.execute("UPDATE track_predictions SET group_key = 'older rules'")
    assert changes_since(catalog, 1) == Changes(1, 0, 3, 0, 0, 0)


def test_windows_of_audio_that_the_run_did_not_know_are_passed_over(catalog, judged):
    other = replace(judged[0], path=b"copy", analysis=None)
    store_batch(catalog, [other])  # keeps the windows of the first in the catalog
    anew = replace(judged[0], payload_hash="anew")
    store_batch(catalog, [anew])
    catalog.execute("DELETE FROM track_predictions WHERE track_id = 1")
    assert len(held_out_windows(catalog, 1).track_id) == 2


def test_statistics_of_tracks_stand_beside_their_windows(catalog, make):
    root = tracks.ensure_root(catalog, b"/music")
    analysis = make.analysis(windows=5)
    silent = np.array([False, False, True, False, False])
    windows = replace(analysis.windows, silent=silent)
    dumb = replace(windows, silent=np.ones(5, bool))
    scanned = [
        make.scanned(root.id, b"a", analysis=replace(analysis, windows=windows)),
        make.scanned(root.id, b"b", analysis=replace(analysis, windows=dumb)),
    ]
    twin = replace(scanned[0], path=b"c", analysis=None)
    store_batch(catalog, [*scanned, twin])
    found = load_track_statistics(catalog, 1)
    library = load_library(catalog)
    assert library is not None
    assert found.track_id.tolist() == [library.tracks[0].id, library.tracks[2].id]
    heard = windows.vectors[~silent].astype(np.float64)
    np.testing.assert_allclose(found.mean, [heard.mean(axis=0)] * 2, rtol=1e-6)
    scatter = ((heard - heard.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.scatter, [scatter] * 2, rtol=1e-6)
    assert found.windows.tolist() == [4, 4]
    # windows at 0, 10, 30 and 40 s share 2/3, 0 and 1/3, 2/3 of their 30 s
    expected = 16 / (4 + 2 * (2 / 3 + 1 / 3 + 2 / 3))
    np.testing.assert_allclose(found.effective_windows, expected)
    assert len(load_track_statistics(catalog, 1, variant="mp3:64k").track_id) == 0


@given(st.integers(1, 40), st.floats(1.0, 60.0), st.floats(1.0, 60.0))
def test_the_effective_number_of_windows(n, hop, length):
    start = np.arange(n) * hop
    found = effective_number(start, np.full(n, length))
    assert 1.0 <= found <= n + 1e-9
    if hop >= length:
        assert found == pytest.approx(n)
    assert effective_number(start[::-1], np.full(n, length)) == pytest.approx(found)
