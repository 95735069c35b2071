"""What may be learned from, and what is said where there is too little."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.datasets import Library, TrackRow, WindowRows, load_library
from catalog.records import FeatureSetFacts, TagFacts
from catalog.schema import open_catalog
from classify.dataset import prepare_training_data
from classify.exceptions import BadLabelRuleError, TooLittleToLearnFromError
from classify.folds import album_groups
from classify.labels import apply_rule

FACTS = FeatureSetFacts(1, ("a", "b"), {})


def row(number, artist="X", album="one", payload=None, **more):
    facts = {
        "id": number,
        "path_text": f"{number}.mp3",
        "payload_hash": payload or f"p{number}",
        "group_key": f"{artist}|{album}",
        "title": None,
        "artist": artist,
        "artists": (),
        "album_id": None,
        "album": album,
        "year": None,
        "genres": (),
    }
    return TrackRow(**{**facts, **more})


def windows(tracks, vectors=None, silent=None):
    n = len(tracks)
    return WindowRows(
        np.arange(n),
        np.arange(n),
        np.zeros(n),
        np.full(n, 30.0),
        np.zeros(n, bool) if silent is None else silent,
        np.ones((n, 2), np.float32) if vectors is None else vectors,
    )


def prepared(tracks, rows, **more):
    library = Library(1, FACTS, tuple(tracks), rows, 0, 0)
    names = apply_rule("artist", tracks)
    return prepare_training_data(library, names, rule="artist", **more)


def two_bands():
    return [row(i, artist=f"B{i % 2}", album=f"a{i // 2 % 2}") for i in range(8)]


def test_tracks_that_share_audio_share_a_group():
    """A best-of that repeats a song may not stand on the other side."""
    tracks = [
        row(0, album="one"),
        row(1, album="best of", payload="p0"),
        row(2, album="best of"),
        row(3, album="two"),
    ]
    assert album_groups(tracks).tolist() == [0, 0, 0, 1]


def test_an_artist_is_the_album_artist_else_the_first_artist():
    tracks = [
        row(0, artist="Rush"),
        row(1, artist=None, artists=("Rush", "Aimee Mann")),
        row(2, artist="Various Artists", artists=("RUSH",)),
        row(3, artist=None),
    ]
    assert apply_rule("artist", tracks) == ["Rush", "Rush", "Rush", None]


def test_an_unknown_rule_names_the_rules():
    with pytest.raises(BadLabelRuleError, match="artist"):
        apply_rule("mood", [])


def test_silent_windows_and_windows_with_nan_are_never_seen():
    tracks = two_bands()
    vectors = np.ones((8, 2), np.float32)
    vectors[1, 0] = np.nan
    silent = np.arange(8) == 4
    found = prepared(tracks, windows(tracks, vectors, silent))
    assert len(found.dataset.windows.X) == 6
    assert np.flatnonzero(~found.selection.usable).tolist() == [1, 4]
    assert np.isfinite(found.dataset.windows.X).all()


def test_labels_with_one_album_are_left_out_and_named():
    tracks = [*two_bands(), row(8, artist="Single"), row(9, artist="Single")]
    found = prepared(tracks, windows(tracks))
    assert found.dataset.labels == ("B0", "B1")
    assert found.selection.single == {"Single": 2}
    assert found.selection.scarce == ("B0", "B1")
    assert [track.id for track in found.rest_tracks] == [8, 9]


def test_only_restricts_the_question_and_leaves_the_others_as_the_rest():
    tracks = [row(i, artist=f"B{i % 3}", album=f"a{i // 3 % 2}") for i in range(12)]
    found = prepared(tracks, windows(tracks), only=["b0", "B2"])
    assert found.dataset.labels == ("B0", "B2")
    assert {track.artist for track in found.rest_tracks} == {"B1"}
    with pytest.raises(TooLittleToLearnFromError, match=r"--only B9: .*there is B"):
        prepared(tracks, windows(tracks), only=["B0", "B9"])
    with pytest.raises(TooLittleToLearnFromError, match="a further one with --only"):
        prepared(tracks, windows(tracks), only=["B0"])


@pytest.mark.parametrize(
    ("tracks", "said"),
    [
        ([], "scan"),
        ([row(0, artist=None)], "no track has a label"),
        ([row(0), row(1, album="two")], "only .* has as many; scan albums of a second"),
        ([row(0), row(1, artist="Y")], "none has as many; scan further albums of"),
    ],
)
def test_too_little_to_learn_from_says_what_is_missing(tracks, said):
    with pytest.raises(TooLittleToLearnFromError, match=said):
        prepared(tracks, windows(tracks))


def test_a_catalog_gives_back_what_was_stored(bands, make_dataset):
    dataset = make_dataset()
    with open_catalog(str(bands), mode="read") as catalog:
        library = load_library(catalog)
    names = apply_rule("artist", library.tracks)
    found = prepare_training_data(library, names, rule="artist")
    np.testing.assert_array_equal(found.dataset.windows.X, dataset.windows.X)
    np.testing.assert_array_equal(found.dataset.y, dataset.y)
    np.testing.assert_array_equal(found.dataset.groups, dataset.groups)
    assert found.dataset.labels == ("Band 0", "Band 1", "Band 2")


def test_the_feature_set_of_most_tracks_is_taken(make_catalog, make_dataset, tagged):
    rows = tagged(make_dataset())
    path = make_catalog(rows)
    other = FeatureSetFacts(2, ("x",), {})
    extra = [(TagFacts(title="new"), np.ones((2, 1)))]
    make_catalog(extra, features=other, hashes=["new"], path=path)
    with open_catalog(str(path), mode="read") as catalog:
        library = load_library(catalog)
    assert library.feature_set.version == 1
    assert library.elsewhere == 1
