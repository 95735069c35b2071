"""Scores, intervals, tests and calibration on cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss

from classify.metrics import (
    album_interval,
    apply_temperature,
    balanced_accuracy,
    brier_score,
    calibration_error,
    fit_temperature,
    macro_f1,
    paired_test,
    reliability,
    wilson_interval,
)

LABELS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=80
)


@given(LABELS)
def test_scores_are_means_over_the_labels_there_are(pairs):
    y, predicted = np.array(pairs).T
    recalls, f1 = [], []
    for k in set(y.tolist()):
        hits = int(((y == k) & (predicted == k)).sum())
        recalls.append(hits / (y == k).sum())
        f1.append(2 * hits / ((y == k).sum() + (predicted == k).sum()))
    assert balanced_accuracy(y, predicted) == pytest.approx(np.mean(recalls))
    assert macro_f1(y, predicted) == pytest.approx(np.mean(f1))


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilsons_interval_is_that_of_scipy(n, share):
    right = round(share * n)
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right, n) == pytest.approx(tuple(expected), abs=1e-12)


def test_the_brier_score_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(4), 50), rng.integers(4, size=50)
    expected = brier_score_loss(y, p, labels=np.arange(4), scale_by_half=False)
    assert brier_score(p, y) == pytest.approx(expected)


def test_the_interval_is_wider_where_albums_agree_within_themselves():
    """Forty tracks that fall by whole albums say less than forty tracks one by one."""
    right = np.repeat([True, False, True, True], 10)
    together = album_interval(right, np.repeat(np.arange(4), 10), seed=0)
    alone = album_interval(right, np.arange(40), seed=0)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert together.low <= 0.75 <= together.high


def test_four_albums_without_an_error_prove_little():
    """Every draw from them is the same; the interval must not be a point."""
    groups = np.repeat(np.arange(4), 10)
    for share in (0.0, 1.0):
        found = album_interval(np.full(40, share == 1.0), groups, seed=0)
        assert found == wilson_interval(int(4 * share), 4)
        assert found.high - found.low > 0.4


def test_one_album_has_no_interval():
    assert album_interval(np.array([True, False]), np.zeros(2, int), seed=0) is None


def test_wilson_stays_inside_zero_and_one():
    assert wilson_interval(0, 0) is None
    assert wilson_interval(3, 3).high == 1.0
    assert wilson_interval(0, 3).low == 0.0


def test_paired_test_is_exact_on_few_albums():
    """Six albums, the same model better in each: two of 64 sign patterns."""
    a, b = np.ones(6, bool), np.zeros(6, bool)
    assert paired_test(a, b, np.arange(6), seed=0) == pytest.approx(2 / 64)
    assert paired_test(a, a, np.arange(6), seed=0) == 1.0


def test_paired_test_is_calibrated_on_many_albums():
    rng = np.random.default_rng(0)
    below = sum(
        paired_test(
            rng.random(60) < 0.5, rng.random(60) < 0.5, np.arange(60) // 2, seed=i
        )
        < 0.1
        for i in range(100)
    )
    assert 2 <= below <= 20


def test_temperature_finds_overconfidence():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), size=4000)
    y = np.array([rng.choice(4, p=row) for row in p])
    assert fit_temperature(p, y) == pytest.approx(1.0, abs=0.1)
    assert fit_temperature(apply_temperature(p, 0.5), y) == pytest.approx(2.0, abs=0.2)
    assert fit_temperature(np.zeros((0, 4)), np.zeros(0, int)) == 1.0


@given(st.floats(0.1, 10))
def test_a_temperature_changes_no_ranking(temperature):
    p = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.3, 0.3, 0.4]])
    warm = apply_temperature(p, temperature)
    np.testing.assert_allclose(warm.sum(axis=1), 1.0)
    np.testing.assert_array_equal(warm.argmax(axis=1), p.argmax(axis=1))


def test_brier_and_calibration_error_of_known_cases():
    sure = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert brier_score(sure, np.array([0, 0])) == 0.0
    assert brier_score(sure, np.array([1, 1])) == 2.0
    assert calibration_error(sure, np.array([0, 1])) == pytest.approx(0.5)
    assert reliability(sure, np.array([0, 1])) == [(0.9, 1.0, 2, 1.0, 0.5)]
