"""Learning what re-encoding moves: what the scaler does, and what it may know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.preprocessing import StandardScaler

from classify.arrays import CodecPairs, Dataset, Windows
from classify.codec_pairs import PairPredictions, count_flips
from classify.cross_validation import evaluate_fold
from classify.folds import album_folds
from classify.models.base import codec_shifts, fit
from classify.models.registry import model_spec
from classify.models.wccn import MOST, WCCNScaler, wccn_transform

MOVING = 0
"""The column that the codec of these tests moves."""

tables = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=7),
    elements=st.floats(-100, 100, width=32),
)


@given(tables)
def test_without_shifts_it_is_a_standard_scaler(X):
    plain = StandardScaler().fit(X)
    assert np.array_equal(WCCNScaler().fit_transform(X), plain.transform(X))
    none = np.zeros((1, X.shape[1]))
    assert np.array_equal(
        WCCNScaler().fit(X, shifts=none).transform(X), plain.transform(X)
    )


@given(tables, st.integers(0, 2**32 - 1))
def test_it_only_turns_and_stretches_and_keeps_the_total_variance(rows, seed):
    rng = np.random.default_rng(seed)
    d = rows.shape[1]
    moved = rng.normal(size=(3 * d, d)) * rng.uniform(0, 3, size=d)
    turn = wccn_transform(rows, moved)
    assert np.allclose(turn, turn.T)
    assert np.linalg.eigvalsh(turn)[0] >= 0
    assert ((rows @ turn) ** 2).sum() == pytest.approx((rows**2).sum())
    # to which side a codec moves a window, and in which order, says nothing
    assert np.allclose(wccn_transform(rows, -moved[::-1]), turn)


def test_afterwards_all_directions_move_alike():
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(6, 6))
    moved = rng.normal(size=(200_000, 6)) @ mixed
    left = moved @ wccn_transform(rng.normal(size=(50, 6)), moved)
    sizes = np.linalg.eigvalsh(left.T @ left)
    assert sizes[-1] / sizes[0] < 1.02


def test_what_never_moves_is_no_division_by_zero():
    rows = np.random.default_rng(0).normal(size=(20, 3))
    assert np.array_equal(wccn_transform(rows, np.zeros((9, 3))), np.eye(3))
    one_moves = np.zeros((2, 3))
    one_moves[:, 1] = 2.0
    assert np.isfinite(wccn_transform(rows, one_moves)).all()


def test_of_very_many_differences_some_are_enough():
    rng = np.random.default_rng(0)
    X, moved = rng.normal(size=(50, 4)), rng.normal(size=(3 * MOST + 1, 4))
    moved *= [1, 2, 3, 4]
    found = WCCNScaler().fit(X, shifts=moved)
    scaled = StandardScaler().fit(X)
    whole = wccn_transform(scaled.transform(X), moved / scaled.scale_)
    assert np.allclose(found.turn_, whole, atol=0.02)
    assert not np.array_equal(found.turn_, whole)


@given(st.integers(0, 2**32 - 1))
def test_units_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    X, moved = rng.normal(size=(9, 4)), rng.normal(size=(30, 4))
    unit = 10.0 ** rng.integers(-3, 4, size=4)
    one = WCCNScaler().fit(X, shifts=moved).transform(X)
    other = WCCNScaler().fit(X * unit, shifts=moved * unit).transform(X * unit)
    assert np.allclose(one, other)


@pytest.fixture
def coded() -> Dataset:
    """Return a dataset of which every third track was re-encoded.

    Two columns tell the labels apart; one of them is moved by re-encoding.
    """
    rng = np.random.default_rng(4)
    n, windows = 48, 3
    y = np.repeat(np.arange(2), n // 2)
    track = np.repeat(np.arange(n), windows)
    X = rng.normal(size=(len(track), 6))
    X += rng.normal(size=(n, 6))[track]
    X[:, [MOVING, 1]] += 2.0 * y[track][:, None]
    rows = Windows(X.astype(np.float32), track, n)
    groups = np.arange(n) // 4
    return Dataset(rows, y, groups, ("a", "b"), (encoded(rows, np.arange(0, n, 3)),))


def encoded(rows: Windows, tracks: np.ndarray) -> CodecPairs:
    """Return what is left of tracks: one column follows the codec's mood."""
    original = rows.of_tracks(tracks)
    X = original.X.copy()
    X[:, MOVING] += np.random.default_rng(7).normal(0, 4, size=len(X))
    X += np.random.default_rng(8).normal(0, 0.05, size=X.shape).astype(np.float32)
    return CodecPairs("mp3:8k", tracks, original, replace(original, X=X))


def test_a_part_of_a_problem_knows_the_pairs_of_its_own_tracks(coded):
    part = coded.of_tracks(np.array([0, 1, 3, 7, 9]))
    (pairs,) = part.pairs
    assert pairs.tracks.tolist() == [0, 2, 4]  # 0, 3 and 9, as they are numbered now
    for own, before in zip(pairs.tracks, (0, 3, 9), strict=True):
        theirs = coded.windows.of_tracks(np.array([before])).X
        assert np.array_equal(part.windows.of_tracks(np.array([own])).X, theirs)
        here = pairs.of_tracks(np.array([own])).original.X
        assert np.array_equal(here, theirs)
    assert coded.of_tracks(np.array([1, 2])).pairs == ()


@pytest.mark.parametrize("name", ["logistic", "track-svm"])
def test_re_encodings_of_what_is_held_out_are_not_looked_at(coded, name):
    fold = album_folds(coded.y, coded.groups, n_splits=3, seed=0)[0]
    (pairs,) = coded.pairs
    X = pairs.coded.X.copy()
    held = np.isin(pairs.tracks[pairs.coded.track], fold.test)
    assert 0 < held.sum() < len(held)
    X[held] = 1e6
    other = replace(coded, pairs=(replace(pairs, coded=replace(pairs.coded, X=X)),))
    honest = evaluate_fold(model_spec(name), coded, fold, seed=0)
    disturbed = evaluate_fold(model_spec(name), other, fold, seed=0)
    assert honest.tuning.params == disturbed.tuning.params
    assert np.array_equal(honest.tracks, disturbed.tracks)


def test_labels_have_no_say_in_what_is_distrusted(coded):
    X, moved = coded.windows.X, codec_shifts(coded, "windows")
    rng = np.random.default_rng(0)
    found = [
        WCCNScaler().fit(X, rng.integers(0, 2, size=len(X)), shifts=moved).turn_
        for _ in range(2)
    ]
    assert np.array_equal(*found)


@pytest.mark.parametrize("name", ["logistic", "svm-rbf", "track-logistic", "track-svm"])
def test_what_is_said_of_new_tracks_changes_less(coded, name):
    learned, new = np.arange(0, 48, 2), np.arange(1, 48, 2)
    after = encoded(coded.windows, new)
    model = model_spec(name)

    def change(dataset: Dataset) -> float:
        fitted = fit(model, model.param_grid[0], dataset.of_tracks(learned), seed=0)
        before, now = (
            fitted.predict_proba(after.original),
            fitted.predict_proba(after.coded),
        )
        judged = PairPredictions((before[0], now[0]), (before[1], now[1]))
        return count_flips(judged, coded.y[new]).mean_change

    assert change(coded) < 0.5 * change(replace(coded, pairs=()))
