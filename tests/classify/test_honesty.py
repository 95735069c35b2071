"""Where a figure could say more than was measured, or be about something else."""

from __future__ import annotations

import numpy as np
import pytest

from classify.arrays import Dataset, Windows
from classify.cross_validation import evaluate_fold
from classify.evaluate import evaluate, without_label
from classify.folds import Split
from classify.models.base import fit
from classify.models.registry import NAMES, VOTING, model_spec
from classify.novelty import find_threshold, threshold_for
from classify.reports.features import exchange_columns

QUICK = tuple(n for n in NAMES if n not in {VOTING, "rnn"})


@pytest.mark.parametrize("name", QUICK)
def test_a_training_side_of_one_label_says_that_label(make_dataset, name):
    """Chance may put all albums of a label on the test side where albums are mixed."""
    dataset = make_dataset(labels=2, albums=2)
    inside, outside = np.flatnonzero(dataset.y == 0), np.flatnonzero(dataset.y == 1)
    outcome = evaluate_fold(model_spec(name), dataset, Split(inside, outside), seed=0)
    np.testing.assert_array_equal(outcome.tracks.argmax(axis=1), 0)
    assert np.isfinite(outcome.tracks).all()


def test_a_left_out_label_takes_the_albums_that_it_shares_along(make_dataset):
    """A compilation with its tracks would tell how that album was mastered."""
    dataset = make_dataset(labels=4)
    groups = dataset.groups.copy()
    groups[dataset.groups == 4] = 0  # an album of label 1 is one of label 0, too
    shared = Dataset(dataset.windows, dataset.y, groups, dataset.labels)
    inside, outside = without_label(shared, 0)
    assert set(shared.y[outside]) == {0}
    assert not set(groups[inside]) & set(groups[outside])
    assert set(shared.y[inside]) == {1, 2, 3}


def test_a_label_is_not_left_out_where_fewer_than_two_others_would_stay(make_dataset):
    dataset = make_dataset(labels=3)
    one = Dataset(dataset.windows, dataset.y, dataset.groups % 4, dataset.labels)
    assert without_label(one, 0) is None
    _, found = evaluate(one, ["logistic"], seed=0, jobs=1)
    assert found["logistic"].outsiders == {}


def test_no_more_come_through_than_allowed_even_where_all_are_certain():
    certain = np.ones(10)
    assert (certain >= threshold_for(certain, 0.2)).sum() == 0


def test_a_threshold_that_was_asked_for_is_the_one_that_is_judged():
    outsiders = {"a": np.full(10, 0.95), "b": np.full(10, 0.3)}
    known = np.array([[0.9, 0.1, 0.0], [0.3, 0.3, 0.4]])
    y = np.array([0, 2])
    found = find_threshold(outsiders, known, y, "abc", given=0.5)
    assert found.threshold == 0.5
    assert found.rejected == (("a", 10, 0), ("b", 10, 10))
    assert found.known_kept == 0.5
    assert found.as_metrics()["target"] is None


def test_a_label_fewer_makes_surer_and_a_threshold_must_not_be_higher_for_it():
    """Outsiders that are as unlike as known tracks are alike: a fifth of both passes.

    Judged by three labels they are surer than known tracks by four. A threshold that
    was set on the one and used on the other would keep fewer of the known.
    """
    rng = np.random.default_rng(0)
    labels, n = "abcd", 4000
    logits = rng.normal(size=(n, 4))
    y = rng.integers(0, 4, n)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    outsiders = {}
    for k, label in enumerate(labels):
        rest = np.exp(np.delete(rng.normal(size=(n, 4)), k, axis=1))
        outsiders[label] = (rest / rest.sum(axis=1, keepdims=True)).max(axis=1)
    found = find_threshold(outsiders, p, y, labels, rate=0.2)
    assert found.false_accept_rate == pytest.approx(0.2, abs=0.01)
    assert found.known_kept == pytest.approx(0.2, abs=0.02)


def test_features_are_exchanged_between_whole_tracks_in_their_order():
    """A track's windows share its label: they get another track's values together."""
    track = np.repeat([0, 1, 2, 3], [2, 4, 3, 4])
    X = np.stack([100 * track + np.arange(13), np.arange(13)], axis=1)
    rows = Windows(X.astype(np.float32), track, 4)
    given = exchange_columns(rows, [0], np.random.default_rng(3))
    np.testing.assert_array_equal(given.X[:, 1], X[:, 1])
    donors = []
    for t in range(4):
        values = given.X[track == t, 0]
        (donor,) = set((values // 100).astype(int))
        donors.append(donor)
        assert (np.diff(values) >= 0).all()
        assert values[0] == X[track == donor, 0][0]
    assert sorted(donors) == [0, 1, 2, 3]
    assert donors != [0, 1, 2, 3]


def test_a_model_without_a_feature_loses_nothing_when_it_is_exchanged(make_dataset):
    dataset = make_dataset()
    fitted = fit(model_spec("majority"), {}, dataset, seed=0)
    given = exchange_columns(dataset.windows, [0, 1, 2], np.random.default_rng(0))
    np.testing.assert_array_equal(
        fitted.predict_proba(given)[1], fitted.predict_proba(dataset.windows)[1]
    )
