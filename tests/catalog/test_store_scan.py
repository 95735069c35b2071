"""Batches of changes are stored, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catalog import library as tracks
from catalog.analyses import unpack_sequence, unpack_vectors
from catalog.database import Catalog
from catalog.exceptions import NotFiniteError
from catalog.records import (
    FileFailed,
    Stamp,
    TagFacts,
)
from catalog.store_scan import store_batch


def test_a_track_comes_back_as_it_was_stored(catalog, root_id, make):
    analysis = make.analysis(seed=5)
    tags = TagFacts(
        title="One",
        artists=("Metallica", "Michael Kamen"),
        albumartist="Metallica",
        album="Justice CD 2",
        track_number=4,
        date="2018-11-02",
        original_date="1988-08-25",
        genres=("Thrash", "Metal"),
        raw=(("TIT2", "One"), ("TPE1", "Metallica")),
        sources=(("title", "id3:TIT2"), ("year", "id3:TDOR")),
    )
    change = make.scanned(root_id, b"j/\xff one.mp3", tags=tags, analysis=analysis)
    store_batch(catalog, [change])

    (known,) = tracks.known_tracks(catalog, root_id)
    assert (known.path, known.size) == (change.path, change.stamp.size)
    assert known.mtime_ns == change.stamp.mtime_ns
    assert known.payload_hash == change.payload_hash
    assert known.missing_since is None
    assert known.feature_set_id == tracks.ensure_feature_set(
        catalog, analysis.feature_set
    )
    shown = "artist, albumartist, album, group_key, year, genre, status, analysis"
    assert catalog.rows(f"SELECT {shown} FROM v_tracks") == [
        (
            "Metallica",
            "Metallica",
            "Justice",
            "metallica | justice",
            1988,
            "Thrash",
            "present",
            "ok",
        )
    ]
    names = "SELECT name FROM track_artists JOIN artists ON artists.id = artist_id"
    assert catalog.rows(f"{names} ORDER BY position") == [
        ("Metallica",),
        ("Michael Kamen",),
    ]
    assert catalog.rows("SELECT key, value FROM raw_tags ORDER BY position") == list(
        tags.raw
    )
    assert set(catalog.rows("SELECT fact, source FROM tag_sources")) == set(
        tags.sources
    )


def test_numbers_come_back_bit_for_bit(catalog, root_id, make):
    analysis = make.analysis(seed=3, windows=4)
    store_batch(catalog, [make.scanned(root_id, analysis=analysis)])

    windows = analysis.windows
    packed = catalog.rows("SELECT vector FROM windows ORDER BY position")
    vectors = unpack_vectors([bytes(row[0]) for row in packed], len(make.names))
    np.testing.assert_array_equal(vectors, windows.vectors)
    for name, values in windows.columns.items():
        stored = catalog.rows(f"SELECT {name} FROM windows ORDER BY position")
        assert [row[0] for row in stored] == values.tolist()
    for one in analysis.sequences:
        ((steps, dims, data),) = catalog.rows(
            "SELECT steps, dims, data FROM sequences WHERE kind = :kind", kind=one.kind
        )
        restored = unpack_sequence(bytes(data), steps, dims)
        np.testing.assert_array_equal(restored, one.values)
    assert sorted(catalog.rows("SELECT stage, cpu_s, wall_s FROM stage_costs")) == [
        ("decode", 0.25, 0.5),
        ("hpss", 1.0, 1.5),
    ]


def test_edited_tags_keep_the_row_and_the_features(catalog, root_id, make):
    first = make.scanned(root_id, analysis=make.analysis())
    store_batch(catalog, [first])
    windows = catalog.rows("SELECT id FROM windows ORDER BY id")
    edited = replace(
        first,
        tags=TagFacts(title="Two", artists=("Rush",), album="Hemispheres", date="1978"),
        stamp=Stamp(999, 5),
        analysis=None,
    )
    store_batch(catalog, [edited])

    assert catalog.rows("SELECT id FROM windows ORDER BY id") == windows
    assert catalog.rows("SELECT title, artist, album, year, size FROM v_tracks") == [
        ("Two", "Rush", "Hemispheres", 1978, 999)
    ]
    assert len(catalog.rows("SELECT * FROM track_artists")) == 1


def test_changed_audio_replaces_the_old_analysis(catalog, root_id, make):
    first = make.scanned(root_id, analysis=make.analysis(seed=1))
    store_batch(catalog, [first])
    store_batch(
        catalog,
        [replace(first, payload_hash="other", analysis=make.analysis(2, windows=5))],
    )

    assert catalog.rows("SELECT hash FROM payloads") == [("other",)]
    assert catalog.rows("SELECT count(*) FROM windows") == [(5,)]
    assert len(tracks.known_tracks(catalog, root_id)) == 1


def test_audio_changed_but_not_analysed_keeps_the_old_analysis(catalog, root_id, make):
    first = make.scanned(root_id, analysis=make.analysis())
    store_batch(catalog, [first])
    store_batch(catalog, [replace(first, payload_hash="other", analysis=None)])

    (known,) = tracks.known_tracks(catalog, root_id)
    assert known.feature_set_id is None  # so that the next scan analyses it
    assert catalog.rows("SELECT count(*) FROM windows") == [(3,)]

    store_batch(
        catalog, [replace(first, payload_hash="other", analysis=make.analysis())]
    )
    assert catalog.rows("SELECT count(*) FROM analyses") == [(1,)]
    assert catalog.rows("SELECT hash FROM payloads") == [("other",)]


def test_a_newer_feature_set_replaces_the_older_track_by_track(catalog, root_id, make):
    both = [
        make.scanned(root_id, name, payload_hash=name.hex(), analysis=make.analysis())
        for name in (b"a", b"b")
    ]
    store_batch(catalog, both)
    store_batch(catalog, [replace(both[0], analysis=make.analysis(version=2))])

    old = tracks.ensure_feature_set(catalog, make.feature_set(1))
    new = tracks.ensure_feature_set(catalog, make.feature_set(2))
    assert old != new
    assert tracks.analysed_payloads(catalog, old) == {b"b".hex()}
    assert tracks.analysed_payloads(catalog, new) == {b"a".hex()}
    known = {
        one.path: one.feature_set_id for one in tracks.known_tracks(catalog, root_id)
    }
    assert known == {b"a": new, b"b": old}


def test_variants_stand_beside_the_original(catalog, root_id, make):
    first = make.scanned(root_id, analysis=make.analysis())
    worse = replace(first, analysis=make.analysis(variant="mp3:64k"))
    store_batch(catalog, [first])
    store_batch(catalog, [worse])
    store_batch(catalog, [worse])

    found = catalog.rows("SELECT variant FROM analyses ORDER BY variant")
    assert found == [("mp3:64k",), ("original",)]
    assert catalog.rows("SELECT count(*) FROM v_windows") == [(3,)]


def test_duplicates_share_one_analysis(catalog, root_id, make):
    twins = [
        make.scanned(root_id, name, payload_hash="same", analysis=make.analysis())
        for name in (b"a", b"b")
    ]
    store_batch(catalog, twins)

    assert catalog.rows("SELECT count(*) FROM analyses") == [(1,)]
    assert catalog.rows("SELECT count(*) FROM v_windows") == [(6,)]
    fs = tracks.ensure_feature_set(catalog, make.feature_set())
    assert [t.feature_set_id for t in tracks.known_tracks(catalog, root_id)] == [fs, fs]


def test_duplicates_without_an_album_share_a_group(catalog, root_id, make):
    loose = TagFacts(title="One")
    changes = [
        make.scanned(root_id, name, payload_hash=payload, tags=loose)
        for name, payload in ((b"a", "same"), (b"b", "same"), (b"c", "other"))
    ]
    store_batch(catalog, changes)
    groups = catalog.rows("SELECT group_key FROM tracks ORDER BY path")
    assert groups[0] == groups[1] != groups[2]


def test_the_last_of_two_records_of_one_file_wins(catalog, root_id, make):
    first = make.scanned(root_id, payload_hash="old")
    store_batch(catalog, [first, replace(first, payload_hash="new")])
    (known,) = tracks.known_tracks(catalog, root_id)
    assert known.payload_hash == "new"


def test_a_failure_replaces_no_good_row_and_counts_attempts(catalog, root_id, make):
    change = make.scanned(root_id, analysis=make.analysis())
    store_batch(catalog, [change])
    failed = FileFailed(root_id, change.path, Stamp(7, 7), "decode", "no frame found")
    store_batch(catalog, [failed])
    store_batch(catalog, [failed])

    (known,) = tracks.known_tracks(catalog, root_id)
    assert (known.size, known.mtime_ns) == (change.stamp.size, change.stamp.mtime_ns)
    assert catalog.rows("SELECT count(*) FROM windows") == [(3,)]
    failure = tracks.known_failures(catalog, root_id)[change.path]
    assert (failure.size, failure.stage) == (7, "decode")
    assert catalog.rows("SELECT attempts, path FROM v_failures") == [(2, "a.mp3")]

    store_batch(catalog, [replace(failed, stamp=Stamp(8, 8))])
    assert catalog.rows("SELECT attempts FROM failures") == [(1,)]


def test_a_success_removes_the_failure(catalog, root_id, make):
    change = make.scanned(root_id)
    store_batch(
        catalog, [FileFailed(root_id, change.path, change.stamp, "tags", "broken")]
    )
    store_batch(catalog, [change])
    assert tracks.known_failures(catalog, root_id) == {}


def test_failures_of_files_that_are_gone_can_be_deleted(catalog, root_id):
    paths = [b"%d" % number for number in range(1200)]
    failed = [FileFailed(root_id, path, Stamp(1, 1), "tags", "x") for path in paths]
    store_batch(catalog, failed)
    tracks.delete_failures(catalog, root_id, paths[1:])
    assert set(tracks.known_failures(catalog, root_id)) == {paths[0]}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["column", "vector", "sequence", "fact", "loudness"])
def test_nothing_that_is_not_finite_is_stored(sqlite_catalog, make, bad, where):
    catalog = sqlite_catalog
    root_id = tracks.ensure_root(catalog, b"/music").id
    analysis = make.analysis()
    if where == "column":
        analysis.windows.columns["rms_mean"][1] = bad
    elif where == "vector":
        analysis.windows.vectors[2, 0] = bad
    elif where == "sequence":
        analysis.sequences[1].values[0, 0] = bad
    elif where == "fact":
        analysis = replace(analysis, audio_facts={"upper_edge_hz": bad})
    else:
        analysis = replace(analysis, loudness_lufs=bad)
    good = make.scanned(root_id, b"good", analysis=make.analysis())
    with pytest.raises(NotFiniteError, match=r"bad\.mp3"):
        store_batch(
            catalog, [good, make.scanned(root_id, b"bad.mp3", analysis=analysis)]
        )
    assert tracks.known_tracks(catalog, root_id) == []


def test_text_that_a_database_refuses_is_mended(catalog, root_id, make):
    tags = TagFacts(
        title="nul \x00 and \udcff",
        artists=("a\x00",),
        album="b\x00",
        genres=("\x00",),
        raw=(("TIT2", "\ud800"),),
    )
    store_batch(catalog, [make.scanned(root_id, tags=tags)])
    store_batch(catalog, [make.scanned(root_id, tags=tags)])
    ((title,),) = catalog.rows("SELECT title FROM tracks")
    assert title == "nul \ufffd and ?"


def test_spellings_of_one_name_are_one_artist(catalog, root_id, make):
    names = ["Motörhead", "MOTÖRHEAD", " Moto\u0308rhead "]
    store_batch(
        catalog,
        [
            make.scanned(
                root_id, b"%d" % i, tags=TagFacts(artists=(name,), album=" X ")
            )
            for i, name in enumerate(names)
        ],
    )
    assert catalog.rows("SELECT DISTINCT artist FROM v_tracks") == [("Motörhead",)]
    assert catalog.rows("SELECT count(*) FROM albums") == [(1,)]


def test_a_batch_is_stored_whole_or_not_at_all(catalog, root_id, make, dump):
    store_batch(catalog, [make.scanned(root_id, b"a")])
    before = dump(catalog)
    unknown_root = root_id + 99
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        store_batch(
            catalog, [make.scanned(root_id, b"b"), make.scanned(unknown_root, b"c")]
        )
    assert dump(catalog) == before


def test_no_changes_are_no_work(catalog: Catalog, dump: Any):
    before = dump(catalog)
    store_batch(catalog, [])
    assert dump(catalog) == before


def test_tags_alone_leave_the_facts_of_the_stream(
    catalog: Catalog, root_id: int, make: Any
) -> None:
    first = make.scanned(root_id, b"a")
    store_batch(catalog, [first])
    tags = TagFacts(title="Two")
    batch = [
        make.scanned(root_id, name, tags=tags, stream=None) for name in (b"a", b"c")
    ]
    store_batch(catalog, [*batch, make.scanned(root_id, b"b")])
    query = "SELECT path_text, title, codec, bitrate FROM tracks ORDER BY 1"
    assert catalog.rows(query) == [
        ("a", "Two", "mp3", 192000),
        ("b", "One", "mp3", 192000),
        ("c", "Two", None, None),
    ]
