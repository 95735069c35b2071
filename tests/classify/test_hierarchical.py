"""Tests of the hierarchical Gaussian and the cosine: closed forms, refits, chance."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.utils.estimator_checks import parametrize_with_checks

from classify.models.album_statistics import POOLS, find_pool, summarize
from classify.models.cosine import COSINE, CosineClassifier, Whitening
from classify.models.covariances import (
    Covariances,
    estimate_covariances,
    estimate_strength,
)
from classify.models.hierarchical import HIERARCHICAL, HierarchicalGaussian
from classify.models.leave_one_out import (
    evaluate_leave_one_album_out,
    open_log_proba,
    permute_labels,
)
from classify.models.predictive import Predictive, choose_temperature, compute_losses

RULES = {"hierarchical": HIERARCHICAL, "cosine": COSINE}
CLASSIFIERS = (HierarchicalGaussian, CosineClassifier)


def covariance(rng, d, size):
    L = rng.standard_normal((d, 2 * d))
    return size * (L @ L.T) / (2 * d)


def draw(seed, albums_of, n_tracks, d, *, sizes=(1.0, 0.5, 0.7)):
    """Draw a library: X, y, groups, and m, B, A, T."""
    rng = np.random.default_rng(seed)
    B, A, T = (covariance(rng, d, size) for size in sizes)
    m = rng.standard_normal(d)
    label = np.repeat(np.arange(len(albums_of)), albums_of)
    tracks = rng.integers(n_tracks[0], n_tracks[1] + 1, len(label))
    album = np.repeat(np.arange(len(label)), tracks)

    def normal(C, n):
        return rng.standard_normal((n, d)) @ np.linalg.cholesky(C).T

    centres = m + normal(B, len(albums_of))[label] + normal(A, len(label))
    return centres[album] + normal(T, len(album)), label[album], album, (m, B, A, T)


@parametrize_with_checks([kind(n_blocks=2) for kind in CLASSIFIERS])
def test_scikit_learn_finds_nothing_amiss(estimator, check):
    check(estimator)


# --- closed forms


def test_the_predictive_is_that_of_all_tracks_taken_jointly():
    d, n = 3, 4  # albums of one size, so that h is the truth for each
    X, y, groups, (m, B, A, T) = draw(0, [1, 2, 3], (n, n), d)
    stats = summarize(X, y, groups)
    scale = np.outer(stats.scale, stats.scale)
    true = Covariances(
        columns=np.arange(d),
        mean=(m - stats.center) / stats.scale,
        mean_error=np.zeros((d, d)),
        label=B / scale,
        album=(A + T / n) / scale,
        track=T / scale,
        inverse_size=1 / n,
        rests_on={},
    )
    x = X.mean(axis=0) + 0.3
    found = Predictive(true).log_densities(
        stats.standardize(x[None]), stats.label_means, stats.n_albums_of
    )[0]
    found -= np.log(stats.scale).sum()
    for k in range(3):
        at = np.flatnonzero(y == k)
        seen = groups[at]
        own = (seen[:, None] == seen).astype(float)
        joint = np.kron(np.ones_like(own), B) + np.kron(own, A)
        joint += np.kron(np.eye(len(at)), T)
        across = np.kron(np.ones((1, len(at))), B)
        mean = m + across @ np.linalg.solve(joint, (X[at] - m).ravel())
        rest = B + A + T - across @ np.linalg.solve(joint, across.T)
        expected = multivariate_normal.logpdf(x, mean, rest)
        np.testing.assert_allclose(found[k], expected, rtol=1e-10)
    none = multivariate_normal.logpdf(x, m, B + A + T)
    np.testing.assert_allclose(found[3], none, rtol=1e-10)


def test_the_strength_maximises_the_marginal_likelihood():
    rng = np.random.default_rng(0)
    d, n, nu = 8, 60, 30.0
    # Draws from the prior: inverse Wishart with mean 2 I and nu pseudo-observations.
    found = []
    for _ in range(40):
        G = rng.standard_normal((int(nu) + d + 1, d))
        S = np.linalg.inv(G.T @ G) * nu * 2.0
        R = rng.standard_normal((n, d)) @ np.linalg.cholesky(S).T
        found.append(estimate_strength(np.linalg.eigvalsh(R.T @ R), n))
    strengths, scales = np.array(found).T
    assert 0.6 * nu < np.median(strengths) < 1.7 * nu
    assert abs(np.median(scales) - 2.0) < 0.3


def test_covariances_of_a_large_library_are_found_again():
    X, y, groups, (m, B, A, T) = draw(1, [1, 2, 3, 4] * 500, (4, 6), 5)
    model = HierarchicalGaussian(n_blocks=0).fit(X, y, groups)
    for found, true in (
        (model.label_covariance_, B),
        (model.album_covariance_, A),
        (model.track_covariance_, T),
    ):
        assert np.abs(found - true).max() < 0.1 * np.diag(true).max()
    error = np.sqrt(np.diag(B) / len(np.unique(y)))
    assert (np.abs(model.mean_ - m) < 5 * error).all()


# --- what has to stay the same


def test_statistics_without_albums_are_those_of_the_rest():
    X, y, groups, _ = draw(2, [1, 2, 3, 4, 15], (1, 5), 6)
    out = np.array([0, 2, 5, 6, 20])
    kept = ~np.isin(groups, out)
    whole = summarize(X, y, groups)
    found, refit = whole.without(out), summarize(X[kept], y[kept], groups[kept])
    a, b = estimate_covariances(found), estimate_covariances(refit)
    for name in ("mean", "label", "album", "track", "mean_error"):
        here, there = getattr(a, name), getattr(b, name)
        if here.ndim == 1:
            here = here * whole.scale + whole.center
            there = there * refit.scale + refit.center
        else:
            here = here * np.outer(whole.scale, whole.scale)
            there = there * np.outer(refit.scale, refit.scale)
        np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-9, err_msg=name)
    assert found.track_dof == refit.track_dof
    assert found.album_dof == refit.album_dof
    np.testing.assert_array_equal(found.n_albums_of, refit.n_albums_of)
    unscale = np.outer(whole.scale, whole.scale)
    for name in ("track_scatter", "album_scatter"):
        here = getattr(found, name) * unscale
        there = getattr(refit, name) * np.outer(refit.scale, refit.scale)
        np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", RULES)
def test_each_album_is_judged_as_by_a_model_that_never_had_it(name):
    X, y, groups, _ = draw(3, [1, 2, 3, 2], (2, 4), 4)
    left_out = evaluate_leave_one_album_out(X, y, groups, RULES[name])
    assert left_out.procedure == "exact"
    assert left_out.n_estimates == 8
    for album in np.unique(groups):
        out = groups == album
        kind = dict(zip(RULES, CLASSIFIERS, strict=True))[name]
        model = kind(n_blocks=0).fit(X[~out], y[~out], groups[~out])
        model.temperature_ = left_out.temperature[out][0]
        labels = model.classes_
        found = left_out.log_likelihoods[out][:, labels]
        found = found / model.temperature_
        found = found - np.log(np.exp(found).sum(axis=1, keepdims=True))
        expected = model.predict_log_proba(X[out])
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_units_of_columns_and_names_of_labels_do_not_matter(kind):
    X, y, groups, _ = draw(4, [1, 2, 3, 2], (2, 5), 5)
    expected = kind().fit(X, y, groups).predict_log_proba(X)
    units = np.array([1e-4, 1.0, 30.0, 1e5, 2.0])
    moved = X * units + 7.0 * units
    found = kind().fit(moved, y, groups).predict_log_proba(moved)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    names = np.array(["d", "a", "c", "b"])
    model = kind().fit(X, names[y], groups)
    found = model.predict_log_proba(X)[:, np.argsort(np.argsort(names))]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_turning_columns_does_not_matter_where_tracks_are_many():
    X, y, groups, _ = draw(5, [2, 3, 4] * 40, (6, 10), 5)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    expected = HierarchicalGaussian(n_blocks=0).fit(X, y, groups)
    turned = HierarchicalGaussian(n_blocks=0).fit(X @ Q, y, groups)
    np.testing.assert_allclose(
        turned.predict_proba(X @ Q), expected.predict_proba(X), atol=0.02
    )


def test_blocks_and_exactness_nearly_agree():
    X, y, groups, _ = draw(6, [1] * 10 + [2, 3] * 15, (2, 4), 5)
    exact = evaluate_leave_one_album_out(X, y, groups, HIERARCHICAL)
    blocked = evaluate_leave_one_album_out(X, y, groups, HIERARCHICAL, budget_s=0.0)
    assert (exact.procedure, blocked.procedure) == ("exact", "blocked")
    assert blocked.n_estimates == 20
    some = np.isfinite(exact.log_likelihoods)
    np.testing.assert_array_equal(some, np.isfinite(blocked.log_likelihoods))
    closed = [r.closed_log_proba()[:, r.is_candidate] for r in (exact, blocked)]
    assert np.median(np.abs(closed[0] - closed[1])) < 0.3


# --- the two figures


def test_closed_and_open_have_their_own_candidates():
    X, y, groups, _ = draw(7, [1, 1, 2, 3], (2, 3), 4)
    result = evaluate_leave_one_album_out(X, y, groups, HIERARCHICAL, unknown_prior=0.3)
    closed, open_ = result.closed_log_proba(), result.open_log_proba()
    np.testing.assert_array_equal(result.is_candidate, [False, False, True, True])
    np.testing.assert_array_equal(result.is_known, y > 1)
    assert np.isneginf(closed[:, :2]).all()
    assert np.isfinite(closed[:, 2:]).all()
    np.testing.assert_allclose(np.exp(closed).sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(open_).sum(axis=1), 1.0)
    for k in (0, 1):  # the only album is out: the label cannot be named
        assert np.isneginf(open_[y == k, k]).all()
    assert np.isfinite(open_[:, -1]).all()


def test_the_prior_of_none_is_what_it_says():
    scores = np.array([[0.0, 0.0, 0.0], [0.0, -np.inf, 0.0]])
    np.testing.assert_allclose(
        np.exp(open_log_proba(scores, 0.2)), [[0.4, 0.4, 0.2], [0.8, 0.0, 0.2]]
    )
    X, y, groups, _ = draw(8, [2, 2, 3], (3, 4), 4)
    far = X + 50.0
    model = HierarchicalGaussian().fit(X, y, groups)
    assert (model.predict_open_log_proba(far).argmax(axis=1) == 3).all()
    sure = HierarchicalGaussian(unknown_prior=1e-12).fit(X, y, groups)
    assert sure.predict_open_log_proba(X)[:, -1].max() < -5.0


def test_labels_without_a_second_album_are_an_error():
    X, y, groups, _ = draw(9, [1, 1, 1], (2, 3), 3)
    with pytest.raises(ValueError, match="two albums"):
        evaluate_leave_one_album_out(X, y, groups, HIERARCHICAL)


# --- chance


@pytest.mark.parametrize("name", RULES)
def test_balanced_validation_is_at_chance_for_labels_dealt_anew(name):
    X, y, groups, _ = draw(10, [2, 3, 4, 5], (2, 4), 4)
    chance = permute_labels(X, y, groups, RULES[name], n=40, validation="balanced")
    assert abs(chance.mean - 0.25) < 4 * chance.standard_error
    assert chance.standard_error < 0.04
    assert chance.smallest_p == pytest.approx(1 / 41)


def test_the_smallest_p_is_bound_by_the_deals_there_are():
    X, y, groups, _ = draw(11, [2, 2], (2, 2), 3)
    chance = permute_labels(X, y, groups, HIERARCHICAL, n=9)
    assert chance.smallest_p == pytest.approx(1 / 3)  # three ways to pair four albums
    assert chance.smallest_p <= chance.p <= 1.0


def test_deals_stop_at_the_budget_and_it_is_said_where_none_fits():
    X, y, groups, _ = draw(11, [2, 2, 3], (2, 2), 3)
    none = permute_labels(X, y, groups, COSINE, budget_s=0.0)
    assert (none.n, none.p) == (0, 1.0)
    assert np.isnan([none.observed, none.mean]).all()
    some = permute_labels(X, y, groups, COSINE, n=10**6, budget_s=1.0)
    assert 1 <= some.n < 10**6


def test_progress_is_told_album_by_album_and_can_end_a_run():
    X, y, groups, _ = draw(11, [2, 3, 1], (1, 2), 3)
    told = []
    for validation in ("album", "balanced"):
        evaluate_leave_one_album_out(
            X, y, groups, COSINE, validation=validation,
            on_progress=lambda *a: told.append(a),
        )  # fmt: skip
        assert told == [(i + 1, 6) for i in range(6)]
        told.clear()
    permute_labels(X, y, groups, COSINE, n=2, on_progress=lambda *a: told.append(a))
    assert told == [(0, 2)] * 12 + [(1, 2)] * 6

    def interrupt(_done, _total):
        raise KeyboardInterrupt

    for run in (evaluate_leave_one_album_out, permute_labels):
        with pytest.raises(KeyboardInterrupt):
            run(X, y, groups, HIERARCHICAL, on_progress=interrupt)


def test_blocks_are_of_albums_that_were_out_together():
    X, y, groups, _ = draw(16, [1] * 8 + [2] * 10, (1, 3), 3)
    mixed = np.random.default_rng(0).permutation(len(y))
    X, y, groups = X[mixed], y[mixed], groups[mixed]
    exact = evaluate_leave_one_album_out(X, y, groups, COSINE)
    blocked = evaluate_leave_one_album_out(X, y, groups, COSINE, budget_s=0.0)
    balanced = evaluate_leave_one_album_out(X, y, groups, COSINE, validation="balanced")
    for result, n in ((exact, 28), (blocked, 20), (balanced, 2)):
        assert result.n_estimates == n
        assert set(result.block) == set(range(n))
        pairs = np.unique(np.stack([result.block, groups]), axis=1)
        assert pairs.shape[1] == 28  # no album is in two blocks


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_fitted_model_keeps_no_tracks(kind):
    sizes = []
    for n in (10, 200):
        X, y, groups, _ = draw(17, [2, 2, 2], (n, n), 4)
        sizes.append(len(pickle.dumps(kind(n_blocks=2).fit(X, y, groups))))
    assert sizes[1] < sizes[0] + 500


# --- thin libraries


@st.composite
def thin_libraries(drawn):
    n_labels = drawn(st.integers(2, 4))
    albums_of = drawn(st.lists(st.integers(1, 3), min_size=n_labels, max_size=n_labels))
    d = drawn(st.integers(1, 16))
    most = drawn(st.integers(1, 3))
    X, y, groups, _ = draw(drawn(st.integers(0, 99)), albums_of, (1, most), d)
    for column in drawn(st.lists(st.integers(0, d - 1), max_size=3)):
        kind = drawn(st.sampled_from(["constant", "nearly", "zero", "one row"]))
        X[:, column] = {"zero": 0.0}.get(kind, 1e6)
        if kind == "nearly":
            X[:, column] += 1e-3 * np.arange(len(X))
        if kind == "one row":
            X[0, column] = 0.0
    if drawn(st.booleans()):
        X[1:3] = X[0]
    return X, y, groups


@settings(max_examples=30, deadline=None)
@given(thin_libraries(), st.sampled_from(CLASSIFIERS))
def test_a_thin_library_never_gives_nan(library, kind):
    X, y, groups = library
    model = kind(n_blocks=3).fit(X, y, groups)
    p = model.predict_proba(X)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    if max(np.unique(groups[y == k]).size for k in np.unique(y)) < 2:
        return
    for validation in ("album", "balanced"):
        result = evaluate_leave_one_album_out(
            X, y, groups, kind.rule, validation=validation
        )
        closed = result.closed_log_proba()
        assert not np.isnan(closed).any()
        assert np.isfinite(closed[result.is_known, result.y[result.is_known]]).all()
        if kind is HierarchicalGaussian:
            assert not np.isnan(result.open_log_proba()).any()


def test_it_says_what_each_covariance_rests_on():
    X, y, groups, _ = draw(12, [1, 2, 3], (1, 1), 4)
    rests_on = HierarchicalGaussian().fit(X, y, groups).rests_on_
    assert {name: dof for name, (dof, _) in rests_on.items()} == {
        "track": 0,
        "album": 3,
        "label": 2,
    }
    assert all(strength > 0.0 for _, strength in rests_on.values())


def test_all_rows_alike_leave_all_labels_alike():
    X = np.ones((6, 3))
    y, groups = np.repeat([0, 1], 3), np.repeat(np.arange(3), 2)
    for kind in CLASSIFIERS:
        p = kind().fit(X, y, groups).predict_proba(X)
        assert np.isfinite(p).all()


def test_an_album_of_two_labels_is_out_as_a_whole():
    X, y, groups, _ = draw(13, [2, 2, 2], (3, 3), 3)
    groups = np.where(groups == 2, 0, groups)  # an album of labels 0 and 1
    result = evaluate_leave_one_album_out(X, y, groups, HIERARCHICAL)
    assert result.n_estimates == 5
    assert result.is_known.all()


# --- windows, temperature, pools


def test_a_window_is_judged_more_cautiously_than_its_track():
    X, y, groups, (_, _, _, T) = draw(14, [2, 3, 3], (4, 6), 4)
    model = HierarchicalGaussian(n_blocks=0)
    model.fit(X, y, groups, window_covariance=3.0 * T, n_windows=np.full(len(X), 6.0))
    track = model.predict_open_log_proba(X).max(axis=1)
    window = model.predict_window_log_proba(X).max(axis=1)
    assert window.mean() < track.mean()
    # A track of one window is that window: nothing is added to T, which holds W.
    model.fit(X, y, groups, window_covariance=T, n_windows=np.ones(len(X)))
    np.testing.assert_allclose(
        model.predict_window_log_proba(X), model.predict_open_log_proba(X)
    )
    with pytest.raises(ValueError, match="window_covariance"):
        HierarchicalGaussian().fit(X, y, groups).predict_window_log_proba(X)


def test_the_temperature_that_was_applied_is_found():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 5)) * 2.0
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    temperatures = np.geomspace(1.0, 20.0, 25)
    losses = compute_losses(3.0 * scores, y, temperatures)
    assert choose_temperature(losses, temperatures) == pytest.approx(3.0, rel=0.1)
    assert choose_temperature(losses[:0], temperatures) == 1.0


def test_pools_are_near_the_numbers_that_they_stand_for():
    n = np.arange(1, 2000)
    assert (np.abs(np.log(POOLS[find_pool(n)] / n)) < 0.12).all()
    np.testing.assert_array_equal(POOLS[find_pool(n[:12])], n[:12])
    assert find_pool(0) == 0


def test_cosines_are_of_whitened_rows():
    X, y, groups, _ = draw(15, [20] * 10, (10, 10), 3)
    stats = summarize(X, y, groups)
    whitening = Whitening.learn(stats)
    found = whitening.cosines(stats.X, stats.label_means, stats.n_albums_of)[:, :-1]
    total = np.cov(X.T)
    rows = (X - X.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(total)).T
    means = np.array([rows[y == k].mean(axis=0) for k in range(10)])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    order = stats.order
    np.testing.assert_allclose(found, (rows @ means.T)[order], atol=0.1)
