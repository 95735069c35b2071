"""What a library is told to be does not depend on the order in which it came."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import library as tracks
from catalog.database import Catalog
from catalog.records import TagFacts, TrackMissing, TrackReturned, TrackScanned
from catalog.regroup import regroup
from catalog.schema import open_catalog
from catalog.store_scan import store_batch

IDS = [f"{digit * 8}-2222-4333-8444-555555555555" for digit in "123"]
TITLES = ["X", "x", "X LP2", "X (LP 1)", "X CD2", "X [Live]", "?", None]
PATHS = [
    f"{folder}/{n:02}.mp3".encode()
    for folder in ("a", "a/CD1", "a/CD2", "b (CD 1)", "c")
    for n in range(1, 5)
]
TAGS = st.builds(
    TagFacts,
    title=st.sampled_from(["One", "Two", "Three", None]),
    artists=st.sampled_from([("A",), ("a",), ("B feat. A",), ("\uff21",), ()]),
    albumartist=st.sampled_from([None, None, "A", "B", "VA"]),
    album=st.sampled_from(TITLES),
    track_number=st.sampled_from([None, 1, 2, 3]),
    disc_number=st.sampled_from([None, None, 1, 2]),
    date=st.sampled_from([None, "1994", "2001"]),
    compilation=st.booleans(),
    raw=st.sampled_from(
        [
            (),
            *((("MUSICBRAINZ_ARTISTID", one),) for one in IDS),
            (("MUSICBRAINZ_ALBUMID", IDS[0]),),
            (("MUSICBRAINZ_ALBUMARTISTID", IDS[1]),),
        ]
    ),
)
FILES = st.dictionaries(st.sampled_from(PATHS), TAGS, min_size=1, max_size=12)


@contextmanager
def a_catalog(empty_file: Path) -> Iterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        place = shutil.copy(empty_file, folder)
        with open_catalog(place) as catalog:
            yield catalog


def shown(catalog: Catalog) -> list[tuple[Any, ...]]:
    """Return whatever was told of the present tracks, and of whom and what there is."""
    return catalog.rows(
        "SELECT path, artist, albumartist, album, group_key, disc_number, "
        "(SELECT group_concat(name, '|') FROM (SELECT artists.name FROM track_artists "
        "JOIN artists ON artists.id = artist_id WHERE track_id = v_tracks.track_id "
        "ORDER BY position)), "
        "(SELECT albums.key FROM tracks JOIN albums ON albums.id = album_id "
        "WHERE tracks.id = v_tracks.track_id), "
        "(SELECT group_concat(fact) FROM (SELECT fact FROM tag_sources "
        "WHERE track_id = v_tracks.track_id AND source = 'folder' ORDER BY fact)) "
        "FROM v_tracks WHERE status = 'present' ORDER BY path"
    ) + catalog.rows(
        "SELECT 'album', key, title FROM albums WHERE id IN (SELECT album_id "
        "FROM tracks WHERE missing_since IS NULL) ORDER BY key"
    )


@settings(max_examples=12, deadline=None)
@given(FILES, FILES, st.randoms(use_true_random=False))
def test_a_library_that_grew_is_the_library_that_was_scanned_at_once(
    empty_file, make, before, now, random
):
    def scanned(root: int, files: dict[bytes, TagFacts]) -> list[TrackScanned]:
        changes = [make.scanned(root, path, tags=tags) for path, tags in files.items()]
        return random.sample(changes, len(changes))

    with a_catalog(empty_file) as grown, a_catalog(empty_file) as whole:
        root = tracks.ensure_root(grown, b"/music").id
        for change in scanned(root, before):
            store_batch(grown, [change])
        regroup(grown)
        first, *others = scanned(root, now)  # among them files with other tags
        store_batch(grown, [first])
        if random.random() < 0.5:
            regroup(grown)
        store_batch(grown, others)
        known = {track.path: track.id for track in tracks.known_tracks(grown, root)}
        gone = [number for path, number in known.items() if path not in now]
        store_batch(grown, [TrackMissing(number) for number in known.values()])
        regroup(grown)
        back = [TrackReturned(number) for path, number in known.items() if path in now]
        store_batch(grown, back)
        regroup(grown)
        assert len(gone) + len(back) == len(known)

        store_batch(whole, scanned(tracks.ensure_root(whole, b"/music").id, now))
        regroup(whole)
        assert shown(grown) == shown(whole)
        assert regroup(grown) == regroup(whole) == []
        assert shown(grown) == shown(whole)
