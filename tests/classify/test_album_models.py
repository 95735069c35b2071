"""Models of albums on a catalog: figures, predictions, windows, and what is stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.database import from_json
from catalog.records import TagFacts
from catalog.runs import load_model, load_run
from catalog.schema import open_catalog, open_existing
from classify import model as artifacts
from classify.album_evaluation import (
    AlbumSettings,
    estimate_unknown_prior,
    evaluate_album_model,
)
from classify.exceptions import UntrustedArtifactError
from classify.models.album_statistics import summarize
from classify.models.covariances import estimate_covariances
from classify.models.predictive import Predictive
from classify.settings import TrainingSettings
from classify.track_data import load_track_data, pool_windows
from classify.training import classify_library
from classify.window_verdicts import block_of_tracks
from sonicat.classify import classify
from tests.runner import Runner

KNOWN, SINGLE = 6, 5
FEW = ["--permutations", "3", "-q"]


def rows_of(seed: int = 0):
    """Draw six artists of three albums, five of one, and two tracks of nobody."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(KNOWN + SINGLE):
        artist = rng.normal(scale=3.0, size=6)
        for a in range(3 if k < KNOWN else 1):
            album = artist + rng.normal(size=6)
            for t in range(3):
                track = album + rng.normal(scale=0.7, size=6)
                name = f"Artist {k:02}"
                tags = TagFacts(
                    title=f"{a}{t}",
                    artists=(name,),
                    albumartist=name,
                    album=f"{k} {a}",
                    genres=("odd" if k % 2 else "even",),
                )
                rows.append((tags, track + rng.normal(scale=0.5, size=(4 + t, 6))))
    lost = [(TagFacts(title=f"lost {t}"), rng.normal(size=(5, 6))) for t in range(2)]
    return rows + lost


@pytest.fixture(scope="module")
def untouched(make_catalog) -> Path:
    path: Path = make_catalog(rows_of())
    Runner().invoke(classify, ["--all", *FEW, "--db", str(path)])
    return path


@pytest.fixture
def ask(untouched):
    with closing(sqlite3.connect(untouched)) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_labels_with_two_albums_are_judged_and_all_are_learned(untouched, ask):
    with open_catalog(str(untouched), mode="read") as catalog:
        run = load_run(catalog)
        model = artifacts.load(load_model(catalog, run.id))
    known = tuple(f"Artist {k:02}" for k in range(KNOWN))
    assert run.model == "hierarchical"
    assert run.labels == known
    assert model.labels == tuple(f"Artist {k:02}" for k in range(KNOWN + SINGLE))
    assert run.metrics["tracks"] == KNOWN * 9
    assert run.metrics["labels"] == KNOWN
    assert run.metrics["open"]["labels"] == KNOWN + SINGLE
    assert run.metrics["open"]["outsiders"] == SINGLE * 3
    assert run.metrics["procedure"] == "exact"
    assert run.metrics["chance"]["n"] == 3
    assert run.parameters["unknown_prior"] == SINGLE / (KNOWN * 3 + SINGLE)
    counted = ask(
        "SELECT count(*), sum(correct) FROM v_predictions WHERE correct IS NOT NULL"
    )
    assert counted == [(KNOWN * 9, round(run.metrics["accuracy"] * KNOWN * 9))]


def test_a_label_whose_only_album_is_out_is_never_named_for_it(ask):
    found = ask(
        "SELECT p.artist, p.label, p.true_label, p.out_of_fold, p.probabilities "
        f"FROM track_predictions AS p WHERE p.artist >= 'Artist {KNOWN:02}'"
    )
    assert len(found) == SINGLE * 3
    for artist, label, true, out_of_fold, probabilities in found:
        assert label != artist
        assert artist not in probabilities
        assert true is None
        assert out_of_fold


def test_tracks_without_a_label_are_judged_by_the_final_model(ask):
    found = ask("SELECT label, out_of_fold FROM v_predictions WHERE artist IS NULL")
    assert [out_of_fold for _, out_of_fold in found] == [0, 0]


def test_every_window_is_judged_once_among_the_labels_of_the_closed_figure(ask):
    assert ask(
        "SELECT count(*), count(DISTINCT window_id) FROM window_predictions"
    ) == [(ask("SELECT count(*) FROM windows")[0][0],) * 2]
    for label, p_true in ask(
        "SELECT label, p_true FROM window_predictions WHERE true_label IS NOT NULL"
    ):
        assert label < f"Artist {KNOWN:02}"
        assert 0.0 <= p_true <= 1.0


def test_without_all_only_what_has_a_label_is_judged(make_catalog):
    path = make_catalog(rows_of())
    only = ["--only", "Artist 00", "--only", "Artist 01", *FEW, "--db", str(path)]
    assert Runner().invoke(classify, only).exit_code == 0
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM track_predictions")
    assert found == (18,)


@pytest.mark.parametrize("name", ["hierarchical", "cosine"])
def test_a_stored_model_predicts_as_before_and_takes_nothing_on_trust(
    make_catalog, name
):
    path = make_catalog(rows_of())
    with open_existing(str(path)) as catalog:
        settings = TrainingSettings(models=(name,), permutations=0)
        result = classify_library(catalog, settings)
        stored = load_model(catalog, result.runs[0].id)
        data = load_track_data(catalog, "artist")
        dataset, _ = data.judged_dataset()
    again = artifacts.load(stored)
    windows, tracks = again.predict_proba(dataset.windows, data.library.feature_set)
    named = [again.labels[k] for k in tracks.argmax(axis=1)]
    right = np.array([dataset.labels[k] for k in dataset.y])
    assert np.mean(np.array(named) == right) > 0.9  # of tracks that it learned from
    assert windows.shape == tracks.shape
    # What a row lacks of 1 is none of them, which the cosine does not know.
    assert (tracks.sum(axis=1) < 1.0 + 1e-9).all()
    assert (tracks.sum(axis=1) > 1.0 - 1e-9).all() == (name == "cosine")
    with pytest.raises(UntrustedArtifactError, match="classify --all"):
        artifacts.load(replace(stored, data=stored.data[:-40]))


def test_a_window_is_judged_by_what_was_learned_without_its_block(make_catalog):
    path = make_catalog(rows_of())
    with open_existing(str(path)) as catalog:
        data = load_track_data(catalog, "artist")
        settings = AlbumSettings(permutations=0)
        found = evaluate_album_model(
            "hierarchical", data, settings, seed=0, on_progress=lambda *_: None
        )
        classify_library(catalog, TrainingSettings(permutations=0))
        rows = catalog.rows(
            "SELECT tracks.id, windows.vector, p.probabilities "
            "FROM window_predictions AS p JOIN windows ON windows.id = p.window_id "
            "JOIN analyses ON analyses.id = windows.analysis_id "
            "JOIN tracks ON tracks.payload_id = analyses.payload_id "
            "WHERE p.true_label = 'Artist 02' ORDER BY windows.id LIMIT 4"
        )
        blocks = block_of_tracks(data, found)
        scatter, dof = pool_windows(catalog, data, blocks)
    track = next(i for i, one in enumerate(data.library.tracks) if one.id == rows[0][0])
    learned = data.learned
    out = data.selection.groups == data.selection.groups[track]
    block = blocks == blocks[track]
    # By hand: parameters without the block, the artist's mean without the album.
    y = data.selection.y[learned]
    stay = learned[~block[learned]]
    own = learned[~out[learned]]
    W = (scatter.sum(axis=0) - scatter[blocks[track]]) / (
        dof.sum() - dof[blocks[track]]
    )
    W *= 1.0 - np.mean(1.0 / data.effective_windows[learned])
    X, groups, labels = data.X, data.selection.groups, data.selection.y
    shared = summarize(X[stay], labels[stay], groups[stay])
    means = summarize(X[own], labels[own], groups[own])
    raw = means.label_means * means.scale + means.center
    extra = W / np.outer(shared.scale, shared.scale)
    densities = Predictive(estimate_covariances(shared), extra).log_densities(
        np.array([np.frombuffer(v, "<f4") for _, v, _ in rows] - shared.center)
        / shared.scale,
        (raw - shared.center) / shared.scale,
        means.n_albums_of,
    )[:, :KNOWN]
    temperature = found.left_out.temperature[np.flatnonzero(learned == track)[0]]
    p = np.exp(densities / temperature)
    p /= p.sum(axis=1, keepdims=True)
    assert len(np.unique(y)) == KNOWN + SINGLE
    for expected, (_, _, stored) in zip(p, rows, strict=True):
        kept = from_json(stored)
        for name, share in kept.items():
            assert share == pytest.approx(expected[int(name[-2:])], abs=2e-6)


def test_windows_are_pooled_as_numpy_pools_them(untouched):
    with open_catalog(str(untouched), mode="read") as catalog:
        data = load_track_data(catalog, "artist")
        part = np.where(np.arange(len(data.X)) % 2 == 0, 0, 1)
        part[-2:] = -1
        scatter, dof = pool_windows(catalog, data, part)
    given = [np.asarray(vectors, "f4") for _, vectors in rows_of()]
    for half in (0, 1):
        inner = [
            v - v.mean(axis=0) for v, p in zip(given, part, strict=True) if p == half
        ]
        expected = np.concatenate(inner).T @ np.concatenate(inner)
        np.testing.assert_allclose(scatter[half], expected, rtol=1e-4, atol=1e-4)
        n = sum(len(v) for v in inner)
        assert 0 < dof[half] < n


def test_genres_are_judged_by_whole_artists(untouched):
    with open_catalog(str(untouched), mode="read") as catalog:
        by_genre = load_track_data(catalog, "genre").selection
        by_artist = load_track_data(catalog, "artist").selection
    assert (by_genre.unit, by_artist.unit) == ("artist", "album")
    assert by_genre.labels == ("even", "odd")
    known = by_genre.y >= 0
    assert len(np.unique(by_genre.groups[known])) == KNOWN + SINGLE
    assert len(np.unique(by_artist.groups[known])) == 3 * KNOWN + SINGLE


def test_genres_of_one_artist_each_are_judged_by_albums(bands):
    with open_catalog(str(bands), mode="read") as catalog:
        assert load_track_data(catalog, "genre").selection.unit == "album"


def test_the_prior_of_none_is_goods_estimate():
    X = np.random.default_rng(0).normal(size=(8, 3))
    y = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    assert estimate_unknown_prior(summarize(X, y, groups)) == 2 / 4
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert estimate_unknown_prior(summarize(X, y, groups)) == 1 / 3


def test_a_higher_prior_calls_more_unknown(untouched):
    with open_catalog(str(untouched), mode="read") as catalog:
        data = load_track_data(catalog, "artist")
    called = []
    for prior in (0.001, 0.5, 0.999):
        settings = AlbumSettings(permutations=0, unknown_prior=prior)
        found = evaluate_album_model(
            "hierarchical", data, settings, seed=0, on_progress=lambda *_: None
        )
        called.append(found.metrics["open"]["known_called_none"])
    assert called[0] <= called[1] <= called[2]
    assert called[0] < called[2]


def test_a_threshold_tells_what_share_of_known_tracks_it_loses(untouched):
    with open_catalog(str(untouched), mode="read") as catalog:
        data = load_track_data(catalog, "artist")
    kept = []
    for below in (None, 0.9):
        settings = AlbumSettings(permutations=0, unknown_below=below)
        found = evaluate_album_model(
            "hierarchical", data, settings, seed=0, on_progress=lambda *_: None
        )
        kept.append(found.metrics["unknown"]["known_kept"])
    assert kept[1] < kept[0]


def test_where_no_label_is_single_labels_are_left_out_in_turn(bands):
    with open_existing(str(bands)) as catalog:
        settings = TrainingSettings(permutations=0)
        run = classify_library(catalog, settings).runs[0]
    assert run.metrics["open"]["outsiders_are_single"] is False
    assert run.metrics["open"]["outsiders"] == 36
    assert {name for name, _, _ in run.metrics["unknown"]["rejected"]} == set(
        run.labels
    )


def test_progress_reaches_one_and_never_falls(untouched, make_catalog):
    told: list[float] = []
    with open_existing(str(make_catalog(rows_of(1)))) as catalog:
        classify_library(
            catalog,
            TrainingSettings(permutations=2),
            on_progress=lambda share, _: told.append(share),
        )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
