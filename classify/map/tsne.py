"""t-SNE layout of points, and embedding of new ones, by openTSNE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openTSNE import TSNE, TSNEEmbedding
from openTSNE.affinity import (
    Affinities,
    PerplexityBasedNN,
    joint_probabilities_nn,
)
from scipy.sparse import csr_array

from classify.map.neighbors import find_nearest

EARLY_ITERATIONS = 250
ITERATIONS = 500

PLACING_PERPLEXITY = 5.0
"""A new point follows its few nearest neighbours, as openTSNE's `transform` does."""

_REPORT_EVERY = 25
_THREADS = 1
"""With two, sums run in another order and the map is another one."""


def embed_points(
    points: NDArray[np.float32],
    perplexity: float,
    seed: int,
    on_progress: Callable[[float], None],
) -> NDArray[np.float64]:
    """Return places for `points`, shape (n, k), as float64 of shape (n, 2)."""
    affinities = PerplexityBasedNN(
        points, perplexity=perplexity, n_jobs=_THREADS, random_state=seed
    )
    done = 0

    def report(_iteration: int, _error: float, _embedding: object) -> None:
        nonlocal done
        done += _REPORT_EVERY
        on_progress(min(0.99, done / (EARLY_ITERATIONS + ITERATIONS)))

    tsne = TSNE(
        early_exaggeration_iter=EARLY_ITERATIONS,
        n_iter=ITERATIONS,
        random_state=seed,
        n_jobs=_THREADS,
        callbacks=report,
        callbacks_every_iters=_REPORT_EVERY,
    )
    xy = tsne.fit(
        affinities=affinities, initialization=_initial_positions(points, seed)
    )
    return np.array(xy, dtype=np.float64)


def _initial_positions(points: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    start = np.zeros((len(points), 2))
    axes = min(2, points.shape[1])
    start[:, :axes] = points[:, :axes]
    # equal rows must not start, and stay, on one spot
    start += np.random.default_rng(seed).normal(0, 1e-3, start.shape)
    scaled: NDArray[np.float64] = start * (1e-4 / start[:, 0].std())
    return scaled


def embed_new_points(
    reference: NDArray[np.float32],
    xy: NDArray[np.float64],
    points: NDArray[np.float32],
    perplexity: float,
) -> NDArray[np.float64]:
    """Return places, shape (m, 2), for new `points` on the map of the standing ones."""
    embedding = TSNEEmbedding(
        xy.copy(), _ReferenceAffinities(reference), n_jobs=_THREADS, random_state=0
    )
    before = np.array(embedding[0])
    placed = embedding.transform(points, perplexity=min(PLACING_PERPLEXITY, perplexity))
    # `transform` moves the whole embedding to the middle of its grid
    moved = np.array(embedding[0]) - before
    result: NDArray[np.float64] = np.array(placed, dtype=np.float64) - moved
    return result


class _ReferenceAffinities(Affinities):  # type: ignore[misc]
    """Affinities of new points to standing ones, by exact neighbours.

    openTSNE would ask the index that it built while drawing. That can be stored only
    as a pickle, and for a few new points exact distances are as quick.
    """

    def __init__(self, points: NDArray[np.float32]) -> None:
        super().__init__()
        self.points = points
        # their own affinities are never asked for, only how many there are
        self.P = csr_array((len(points), len(points)))

    def to_new(
        self,
        data: NDArray[np.float32],
        perplexity: float,
        return_distances: bool = False,  # noqa: FBT001, FBT002 (as in the base class)
    ) -> Any:
        k = min(len(self.points), int(3 * perplexity))
        neighbours, distances = find_nearest(self.points, data, k)
        p = joint_probabilities_nn(
            neighbours,
            distances,
            [min(perplexity, k / 3)],
            symmetrize=False,
            normalization="point-wise",
            n_reference_samples=len(self.points),
            n_jobs=_THREADS,
        )
        return (p, neighbours, distances) if return_distances else p
