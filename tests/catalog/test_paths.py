"""Any name that a file system allows is kept, and shown in a form that is safe."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import library as tracks
from catalog.database import readable, storable
from catalog.records import FileFailed, Stamp, TrackMissing, TrackMoved
from catalog.store_scan import store_batch

parts = st.binary(min_size=1, max_size=40).map(
    lambda raw: raw.replace(b"\0", b"n").replace(b"/", b"s")
)
paths = st.lists(parts, min_size=1, max_size=4).map(b"/".join)
same_catalog = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25
)


@same_catalog
@given(found=st.sets(paths, min_size=1, max_size=8))
def test_paths_come_back_byte_for_byte(catalog, make, found):
    root = tracks.ensure_root(catalog, b"/music")
    before = [TrackMissing(track.id) for track in tracks.known_tracks(catalog, root.id)]
    store_batch(catalog, [*before, *(make.scanned(root.id, path) for path in found)])
    known = tracks.known_tracks(catalog, root.id)
    assert {track.path for track in known if track.missing_since is None} == found


@same_catalog
@given(data=st.data(), found=st.lists(paths, min_size=1, max_size=8, unique=True))
def test_any_renaming_keeps_every_id(sqlite_catalog, make, data, found):
    catalog = sqlite_catalog
    root = tracks.ensure_root(catalog, b"/music")
    before = [TrackMissing(track.id) for track in tracks.known_tracks(catalog, root.id)]
    store_batch(catalog, [*before, *(make.scanned(root.id, path) for path in found)])
    ids = {
        track.path: track.id
        for track in tracks.known_tracks(catalog, root.id)
        if track.missing_since is None
    }
    targets = data.draw(st.permutations([*found, b"elsewhere", b"else/where"]))
    moves = dict(zip(found, targets, strict=False))
    changes = [
        TrackMoved(ids[old], root.id, new, Stamp(1, 1)) for old, new in moves.items()
    ]
    store_batch(catalog, data.draw(st.permutations(changes)))
    now = {
        track.id: track.path
        for track in tracks.known_tracks(catalog, root.id)
        if track.missing_since is None
    }
    assert now == {ids[old]: new for old, new in moves.items()}


@pytest.mark.parametrize(
    "path",
    [
        "Motörhead/Ace of Spades.flac".encode(),
        b"caf\xe9/\xff\xfe.mp3",
        "e\u0301.mp3".encode(),  # decomposed, and not the same as composed
        "\u00e9.mp3".encode(),
        "\U0001f3b8.ogg".encode(),
        b"two\nlines\t\x1b[31m.mp3",
        b"a" * 255 + b"/" + b"b" * 255,
        b"back\\slash",
        b" ",
        b"'; DROP TABLE tracks; --",
    ],
)
def test_odd_names(catalog, make, path):
    root = tracks.ensure_root(catalog, b"/music")
    failed = FileFailed(root.id, path + b"?", Stamp(1, 1), "tags", "odd")
    store_batch(catalog, [make.scanned(root.id, path), failed])
    assert [track.path for track in tracks.known_tracks(catalog, root.id)] == [path]
    assert list(tracks.known_failures(catalog, root.id)) == [path + b"?"]
    ((shown,),) = catalog.rows("SELECT path FROM v_tracks")
    assert shown == readable(path)


def test_paths_longer_than_any_limit(catalog, make):
    root = tracks.ensure_root(catalog, b"/music")
    path = random.Random(1).randbytes(9000).replace(b"\0", b"n")  # does not compress
    failed = FileFailed(root.id, path + b"?", Stamp(1, 1), "tags", "long")
    for _ in range(2):
        store_batch(catalog, [make.scanned(root.id, path), failed])
    (known,) = tracks.known_tracks(catalog, root.id)
    assert known.path == path
    assert list(tracks.known_failures(catalog, root.id)) == [path + b"?"]


def test_roots_are_named_by_their_bytes(catalog):
    composed = tracks.ensure_root(catalog, "/é".encode())
    decomposed = tracks.ensure_root(catalog, "/e\u0301".encode())
    broken = tracks.ensure_root(catalog, b"/\xff")
    again = tracks.ensure_root(catalog, "/é/".encode())
    assert tracks.roots(catalog) == [composed, decomposed, broken]
    assert again == composed
    assert broken.label == "/\\xff"


@given(st.binary(max_size=60))
def test_readable_paths_can_be_printed_and_stored(path):
    shown = readable(path)
    assert shown.isprintable()
    assert storable(shown) == shown


@given(st.text(st.characters(codec=None), max_size=40))
def test_storable_text_is_what_postgresql_and_json_take(text):
    kept = storable(text)
    assert "\0" not in kept
    assert json.loads(json.dumps(kept).encode()) == kept
    kept.encode("utf-8")
    if "\0" not in text and text.isascii():
        assert kept == text
