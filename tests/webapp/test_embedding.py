"""Tests of the map: neighbourhoods, new points, storage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.map.map import draw_map, pack_map, place_points, unpack_map
from classify.map.neighbors import find_nearest, fit_basis


def groups(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    of = np.arange(n) % 3
    centres = random.normal(0, 5, (3, 20))
    return (centres[of] + random.normal(0, 1, (n, 20))).astype(np.float32), of


@pytest.mark.parametrize("n", [1, 2, 3, 11, 12, 40])
def test_a_map_has_a_finite_place_for_every_row(n: int) -> None:
    X, _ = groups(n)
    drawn = draw_map(X, seed=1)
    assert drawn.xy.shape == (n, 2)
    assert np.isfinite(drawn.xy).all()


def test_the_same_seed_draws_the_same_map() -> None:
    X, _ = groups(60)
    assert np.array_equal(draw_map(X, seed=3).xy, draw_map(X, seed=3).xy)


def test_neighbours_in_sound_are_neighbours_on_the_map() -> None:
    X, of = groups(90)
    drawn = draw_map(X, seed=0)
    indices, _ = find_nearest(
        drawn.xy.astype(np.float32), drawn.xy.astype(np.float32), 6
    )
    assert (of[indices[:, 1:]] == of[:, None]).mean() > 0.95


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    draw_map(groups(30)[0], seed=0, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_equal_rows_and_a_feature_that_never_varies_are_drawn() -> None:
    X = np.zeros((20, 4), dtype=np.float32)
    X[:10, 0] = 1.0
    assert np.isfinite(draw_map(X, seed=0).xy).all()
    assert np.isfinite(draw_map(np.ones((15, 3)), seed=0).xy).all()


@pytest.mark.parametrize("X", [np.zeros((0, 3)), np.array([[1.0, np.nan]])])
def test_nothing_and_what_is_not_finite_is_refused(X: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a map"):
        draw_map(X, seed=0)


@pytest.mark.parametrize("n", [5, 90])
def test_a_new_point_lands_among_its_like_and_moves_none(n: int) -> None:
    X, of = groups(n)
    drawn = draw_map(X, seed=0)
    before = drawn.xy.copy()
    new, new_of = groups(6, seed=0)
    xy = place_points(drawn, new + np.float32(0.05))
    assert np.array_equal(drawn.xy, before)
    indices, _ = find_nearest(drawn.xy.astype(np.float32), xy.astype(np.float32), 1)
    assert (of[indices[:, 0]] == new_of).all()


def test_points_are_placed_alike_alone_and_together() -> None:
    X, _ = groups(90)
    drawn = draw_map(X, seed=0)
    together = place_points(drawn, X[:4] + np.float32(0.1))
    alone = np.vstack(
        [place_points(drawn, X[i : i + 1] + np.float32(0.1)) for i in range(4)]
    )
    assert np.allclose(together, alone, atol=1e-3)


def test_a_packed_map_places_as_before() -> None:
    X, _ = groups(40)
    drawn = draw_map(X, seed=0)
    again = unpack_map(pack_map(drawn))
    assert np.array_equal(again.xy, drawn.xy)
    assert np.array_equal(place_points(again, X[:3]), place_points(drawn, X[:3]))


@pytest.mark.parametrize("data", [b"", b"no map", b"PK\x03\x04"])
def test_bytes_that_are_no_map_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack_map(data)


@given(
    n=st.integers(1, 60),
    m=st.integers(1, 5),
    k=st.integers(1, 6),
    count=st.integers(1, 70),
    seed=st.integers(0, 1000),
)
def test_nearest_is_what_all_distances_say(
    n: int, m: int, k: int, count: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, k)).astype(np.float32)
    queries = random.normal(size=(m, k)).astype(np.float32)
    indices, distances = find_nearest(points, queries, count)
    plain = np.linalg.norm(
        queries[:, None].astype(float) - points[None].astype(float), axis=2
    )
    wanted = np.sort(plain, axis=1)[:, : min(count, n)]
    assert np.allclose(distances, wanted, atol=1e-6)
    assert np.allclose(np.take_along_axis(plain, indices, 1), wanted, atol=1e-6)


def test_a_basis_keeps_distances_between_standardised_rows() -> None:
    X, _ = groups(50)
    points = fit_basis(X).project(X).astype(float)
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    mine = np.linalg.norm(points[0] - points[1:], axis=1)
    plain = np.linalg.norm(standard[0] - standard[1:], axis=1)
    assert np.allclose(mine, plain, rtol=1e-3)
