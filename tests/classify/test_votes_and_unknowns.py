"""Votes are weighed on held-out tracks; a threshold lets through what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.arrays import majority_baseline
from classify.ensemble import select_weights
from classify.evaluate import compute_scores, evaluate
from classify.models.registry import VOTERS, VOTING, with_voters
from classify.novelty import find_threshold, threshold_for


def test_a_member_that_knows_gets_more_votes_than_one_that_guesses():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    knows = np.full((60, 3), 0.1)
    knows[np.arange(60), y] = 0.8
    guesses = rng.dirichlet(np.ones(3), 60)
    weights = select_weights([knows, guesses], y, np.ones(60))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] > 0.9
    assert weights[1] > 0.0


def test_with_nothing_held_out_the_votes_are_equal():
    nothing = np.zeros((0, 2))
    weights = select_weights([nothing] * 4, np.zeros(0, int), np.zeros(0))
    np.testing.assert_allclose(weights, 0.25)


def test_members_are_judged_once_even_when_asked_for_twice():
    assert with_voters(["majority", VOTING, "logistic"]) == (
        "majority",
        "logistic",
        *(name for name in VOTERS if name != "logistic"),
    )


def test_an_evaluation_is_whole_and_its_vote_sums_to_one(make_dataset):
    dataset = make_dataset(apart=2.0)
    _folds, found = evaluate(dataset, [VOTING, "majority"], seed=0, jobs=1)
    assert list(found) == [VOTING, "majority"]
    voted = found[VOTING]
    np.testing.assert_allclose(voted.tracks.sum(axis=1), 1.0)
    np.testing.assert_allclose(voted.windows.sum(axis=1), 1.0)
    assert {m.name for m in voted.members} == set(VOTERS)
    assert sum(m.weight for m in voted.members) == pytest.approx(1.0)
    figures = compute_scores(dataset, voted, seed=0)
    assert figures["accuracy"] > majority_baseline(dataset)
    assert figures["unknown"]["rejected"][0][0] == "label 0"
    assert compute_scores(dataset, found["majority"], seed=0)["flattering"] is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0, 1))
def test_a_threshold_lets_no_more_through_than_its_rate(confidences, rate):
    values = np.array(confidences)
    threshold = threshold_for(values, rate)
    assert (values >= threshold).mean() <= rate + 1e-9


def test_outsiders_are_judged_by_a_threshold_set_without_them():
    novel = {
        "a": np.full(10, 0.9),
        "b": np.full(10, 0.3),
        "c": np.full(10, 0.3),
    }
    known, y = np.array([[0.95, 0.03, 0.02], [0.2, 0.7, 0.1]]), np.array([0, 0])
    found = find_threshold(novel, known, y, "abc", rate=0.2)
    assert {label: r for label, _, r in found.rejected}["a"] == 0
    assert found.false_accept_rate == pytest.approx(1 / 3)
    assert find_threshold({"a": np.ones(3)}, known, y, "abc") is None


def test_a_hundred_labels_of_two_short_albums_are_judged(make_dataset):
    dataset = make_dataset(labels=100, albums=2, tracks=1, windows=1)
    _, found = evaluate(dataset, ["svm-rbf"], seed=0, jobs=1)
    assert found["svm-rbf"].tracks.shape == (200, 100)
    assert np.isfinite(found["svm-rbf"].tracks).all()
    assert "landmarks" in found["svm-rbf"].notes[0]


def test_two_labels_of_two_tracks_each_are_judged_without_a_threshold(make_dataset):
    """The least that can be learned from: an album a label on each side."""
    dataset = make_dataset(labels=2, albums=2, tracks=1, windows=1)
    _, found = evaluate(dataset, [VOTING], seed=0, jobs=1)
    assert np.isfinite(found[VOTING].tracks).all()
    assert compute_scores(dataset, found[VOTING], seed=0)["unknown"] is None
