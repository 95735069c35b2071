"""Tracks keep who they are when their files move, swap names, vanish and come back."""

from __future__ import annotations

from catalog import library as tracks
from catalog.database import Catalog
from catalog.records import (
    Stamp,
    TrackMissing,
    TrackMoved,
    TrackReturned,
)
from catalog.store_scan import store_batch


def places(catalog: Catalog, root_id: int) -> dict[int, tuple[bytes, bool]]:
    known = tracks.known_tracks(catalog, root_id)
    return {one.id: (one.path, one.missing_since is not None) for one in known}


def test_tracks_that_swap_their_names_keep_their_ids(catalog, root_id, make):
    store_batch(catalog, [make.scanned(root_id, name) for name in (b"a", b"b", b"c")])
    a, b, c = sorted(
        places(catalog, root_id), key=lambda i: places(catalog, root_id)[i]
    )
    store_batch(
        catalog,
        [
            TrackMoved(a, root_id, b"b", Stamp(1, 1)),
            TrackMoved(b, root_id, b"a", Stamp(2, 2)),
            TrackMoved(c, root_id, b"d", Stamp(3, 3)),
        ],
    )
    assert places(catalog, root_id) == {
        a: (b"b", False),
        b: (b"a", False),
        c: (b"d", False),
    }


def test_a_chain_of_renames_and_a_new_file_at_its_start(catalog, root_id, make):
    store_batch(catalog, [make.scanned(root_id, name) for name in (b"a", b"b")])
    a, b = sorted(places(catalog, root_id), key=lambda i: places(catalog, root_id)[i])
    store_batch(
        catalog,
        [
            make.scanned(root_id, b"a", payload_hash="new here"),
            TrackMoved(a, root_id, b"b", Stamp(1, 1)),
            TrackMoved(b, root_id, b"c", Stamp(2, 2)),
        ],
    )
    now = places(catalog, root_id)
    assert (now[a], now[b]) == ((b"b", False), (b"c", False))
    (new,) = set(now) - {a, b}
    assert now[new] == (b"a", False)


def test_a_file_moved_over_another_leaves_the_other_missing(catalog, root_id, make):
    store_batch(catalog, [make.scanned(root_id, name) for name in (b"a", b"b")])
    a, b = sorted(places(catalog, root_id), key=lambda i: places(catalog, root_id)[i])
    store_batch(catalog, [TrackMoved(a, root_id, b"b", Stamp(1, 1))])
    assert places(catalog, root_id) == {a: (b"b", False), b: (b"b", True)}
    # Whoever maps the tracks by path keeps the one that is there.
    assert {t.path: t.id for t in tracks.known_tracks(catalog, root_id)} == {b"b": a}

    store_batch(catalog, [TrackMoved(b, root_id, b"c", Stamp(2, 2))])
    assert places(catalog, root_id) == {a: (b"b", False), b: (b"c", False)}


def test_tracks_move_between_roots(catalog, root_id, make):
    other = tracks.ensure_root(catalog, b"/elsewhere").id
    store_batch(catalog, [make.scanned(root_id, b"a")])
    (track,) = places(catalog, root_id)
    store_batch(catalog, [TrackMoved(track, other, b"a", Stamp(1, 1))])
    assert places(catalog, root_id) == {}
    assert places(catalog, other) == {track: (b"a", False)}


def test_missing_tracks_keep_everything_and_come_back(catalog, root_id, make):
    store_batch(catalog, [make.scanned(root_id, analysis=make.analysis())])
    (track,) = places(catalog, root_id)
    store_batch(catalog, [TrackMissing(track)])
    (known,) = tracks.known_tracks(catalog, root_id)
    assert known.missing_since is not None
    assert known.missing_since.tzinfo is not None
    assert catalog.rows("SELECT status FROM v_tracks") == [("missing",)]
    assert catalog.rows("SELECT count(*) FROM windows") == [(3,)]

    store_batch(catalog, [TrackMissing(track)])  # the time is that of the first
    assert tracks.known_tracks(catalog, root_id) == [known]

    store_batch(catalog, [TrackReturned(track)])
    assert tracks.known_tracks(catalog, root_id) == [known._replace(missing_since=None)]


def test_a_missing_track_found_again_at_its_path_is_the_same(catalog, root_id, make):
    change = make.scanned(root_id)
    store_batch(catalog, [change])
    (track,) = places(catalog, root_id)
    store_batch(catalog, [TrackMissing(track)])
    store_batch(catalog, [change])
    assert places(catalog, root_id) == {track: (change.path, False)}
