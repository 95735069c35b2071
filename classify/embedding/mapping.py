"""t-SNE of a library, and places for new points on a map that stands.

The method is openTSNE's (Poličar, Stražar and Zupan 2019): t-SNE with the repulsive
forces interpolated on a grid (Linderman et al. 2019), started from the principal axes,
which keeps the large shape of the data and makes equal data give an equal map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.embedding.basis import Basis, fit_basis
from classify.embedding.neighbours import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PERPLEXITY = 30.0
EARLY_ITERATIONS = 250
ITERATIONS = 500
FEWEST_FOR_TSNE = 12
"""Below this there are no neighbourhoods to keep; the two first axes are shown."""

_THREADS = 1
"""With two, sums run in another order and the map is another one."""

_REPORT_EVERY = 25


@dataclass(frozen=True, eq=False)
class Map:
    """A drawn map, with all that placing further points takes.

    Attributes
    ----------
    basis : Basis
    points : float32, shape (n, k)
        In the basis: where distance means likeness.
    xy : float64, shape (n, 2)
        In the plane: neither axis means anything.
    perplexity : float
        As used, which a small library makes smaller than asked for.
    """

    basis: Basis
    points: NDArray[np.float32]
    xy: NDArray[np.float64]
    perplexity: float


def draw_map(
    X: NDArray[np.floating],
    *,
    seed: int,
    progress: Callable[[float], None] = lambda _share: None,
) -> Map:
    """Lay the rows of `X` out in the plane so that neighbours stay neighbours.

    Parameters
    ----------
    X : floating, shape (n, d)
        One feature vector for each track or window, finite, n >= 1.
    seed : int
    progress : callable
        Told the share that is done, in [0, 1], every now and then.

    Raises
    ------
    ValueError
        `X` is empty or holds a value that is not finite.
    """
    X = np.asarray(X)
    if X.ndim != 2 or not X.size:
        raise ValueError(f"a map needs at least one point, not shape {X.shape}")
    if not np.isfinite(X).all():
        raise ValueError("a map cannot hold a point that is not finite")
    basis = fit_basis(X)
    points = basis.project(X)
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    if len(points) < FEWEST_FOR_TSNE:
        xy = np.zeros((len(points), 2))
        axes = min(2, points.shape[1])
        xy[:, :axes] = points[:, :axes]
    else:
        xy = _tsne(points, perplexity, seed, progress)
    progress(1.0)
    return Map(basis, points, xy - xy.mean(axis=0), perplexity)


def _tsne(
    points: NDArray[np.float32],
    perplexity: float,
    seed: int,
    progress: Callable[[float], None],
) -> NDArray[np.float64]:
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN

    affinities = PerplexityBasedNN(
        points, perplexity=perplexity, n_jobs=_THREADS, random_state=seed
    )
    start = np.asarray(points[:, :2], dtype=np.float64)
    if start.shape[1] < 2:
        start = np.column_stack([start, np.zeros(len(start))])
    # equal rows must not start, and stay, on one spot
    start = start + np.random.default_rng(seed).normal(0, 1e-3, start.shape)
    start *= 1e-4 / start[:, 0].std()
    done = 0

    def report(_iteration: int, _error: float, _embedding: object) -> None:
        nonlocal done
        done += _REPORT_EVERY
        progress(min(0.99, done / (EARLY_ITERATIONS + ITERATIONS)))

    tsne = TSNE(
        early_exaggeration_iter=EARLY_ITERATIONS,
        n_iter=ITERATIONS,
        random_state=seed,
        n_jobs=_THREADS,
        callbacks=report,
        callbacks_every_iters=_REPORT_EVERY,
    )
    xy = tsne.fit(affinities=affinities, initialization=start)
    return np.array(xy, dtype=np.float64)


def place(drawn: Map, X: NDArray[np.floating]) -> NDArray[np.float64]:
    """Find places for new rows on a map that stands; none of its points moves.

    Each new point starts at the median of its nearest neighbours and is then moved by
    the same forces as the map's own, from the standing points only: new points do not
    see each other, so that it does not matter how many come at once.

    Parameters
    ----------
    drawn : Map
    X : floating, shape (m, d)

    Returns
    -------
    float64, shape (m, 2)
        Approximate places: a map drawn anew would differ.
    """
    points = drawn.basis.project(X)
    if not len(points):
        return np.zeros((0, 2))
    if len(drawn.points) < FEWEST_FOR_TSNE:
        indices, _ = nearest(drawn.points, points, 1)
        return drawn.xy[indices[:, 0]]
    from openTSNE import TSNEEmbedding

    standing = TSNEEmbedding(
        drawn.xy.copy(), _standing_affinities(drawn), random_state=0
    )
    # openTSNE moves the embedding to the middle of its grid
    before = standing[0].copy()
    placed = np.array(standing.transform(points), dtype=np.float64)
    return placed - np.asarray(standing[0] - before)


def _standing_affinities(drawn: Map) -> Any:
    """Return affinities of new points to the map's, by exact neighbours.

    openTSNE would need the index that it built while drawing; that cannot be stored
    except as a pickle, and a query of a few points is quick without one.
    """
    from openTSNE.affinity import Affinities, joint_probabilities_nn
    from scipy.sparse import csr_array

    class Standing(Affinities):  # type: ignore[misc]
        def to_new(
            self,
            data: NDArray[np.float32],
            perplexity: float,
            return_distances: bool = False,  # noqa: FBT001, FBT002 (the base's own)
        ) -> Any:
            k = min(len(drawn.points), int(3 * perplexity))
            neighbours, distances = nearest(drawn.points, data, k)
            p = joint_probabilities_nn(
                neighbours,
                distances,
                [min(perplexity, k / 3)],
                symmetrize=False,
                normalization="point-wise",
                n_reference_samples=len(drawn.points),
            )
            return (p, neighbours, distances) if return_distances else p

    affinities = Standing()
    # the standing points' own affinities are not asked for, only their number
    affinities.P = csr_array((len(drawn.points), len(drawn.points)))
    return affinities
