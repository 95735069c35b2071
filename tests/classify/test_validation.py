"""No album on two sides, ever; every track judged once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.cross_validation import evaluate_fold, tune
from classify.folds import album_folds, inner_folds
from classify.models.registry import model_spec

LIBRARIES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 12)), min_size=4, max_size=60
)


def arrays(tracks):
    y = np.array([label for label, _ in tracks])
    groups = np.array([group for _, group in tracks])
    return np.unique(y, return_inverse=True)[1], groups


@given(tracks=LIBRARIES, seed=st.integers(0, 3))
def test_outer_folds_never_split_a_group_and_test_all_once(tracks, seed):
    y, groups = arrays(tracks)
    folds = (
        album_folds(y, groups, n_splits=5, seed=seed) if _splittable(groups, y) else []
    )
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])
    if folds:
        tested = np.sort(np.concatenate([fold.test for fold in folds]))
        assert tested.tolist() == list(range(len(y)))


def _splittable(groups, y):
    return min(len(np.unique(groups)), np.bincount(y).max()) >= 2


@given(tracks=LIBRARIES, seed=st.integers(0, 3))
def test_inner_folds_never_split_a_group_nor_ask_for_the_unlearnable(tracks, seed):
    y, groups = arrays(tracks)
    for fold in inner_folds(y, groups, n_splits=4, seed=seed):
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert set(y[fold.test]) <= set(y[fold.train])
        assert len(np.unique(y[fold.train])) > 1


def test_labels_with_two_albums_are_learned_in_every_fold():
    y = np.repeat(np.arange(4), 6)
    groups = np.repeat(np.arange(8), 3)
    for seed in range(10):
        for fold in album_folds(y, groups, n_splits=5, seed=seed):
            assert set(y[fold.test]) <= set(y[fold.train])


def test_a_label_with_one_album_stays_on_the_training_side():
    y = np.array([0] * 6 + [1] * 6 + [2] * 3)
    groups = np.array([0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3)
    folds = inner_folds(y, groups, n_splits=4, seed=0)
    assert folds
    for fold in folds:
        assert 2 in y[fold.train]
        assert 2 not in y[fold.test]


@pytest.mark.parametrize("name", ["svm-rbf", "majority"])
def test_what_is_held_out_has_no_say_in_what_is_chosen(make_dataset, name):
    """Labels and features of the test side may be anything at all."""
    dataset = make_dataset()
    fold = album_folds(dataset.y, dataset.groups, n_splits=3, seed=0)[0]
    honest = evaluate_fold(model_spec(name), dataset, fold, seed=0)
    X, y = dataset.windows.X.copy(), dataset.y.copy()
    y[fold.test] = 0
    other = type(dataset)(
        type(dataset.windows)(X, dataset.windows.track, dataset.windows.n_tracks),
        y,
        dataset.groups,
        dataset.labels,
    )
    disturbed = evaluate_fold(model_spec(name), other, fold, seed=0)
    assert honest.tuning.params == disturbed.tuning.params
    assert honest.tuning.temperature == disturbed.tuning.temperature
    np.testing.assert_array_equal(honest.tracks, disturbed.tracks)


def test_choosing_needs_no_fold_where_there_is_none(make_dataset):
    dataset = make_dataset(labels=2, albums=1)
    tuning = tune(model_spec("svm-rbf"), dataset, seed=0)
    assert tuning.temperature == 1.0
    assert tuning.params == model_spec("svm-rbf").param_grid[0]
