"""Nearest neighbours of sounds: standardised features, PCA, Euclidean distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_COMPONENTS = 40
"""More than enough for the variance that a hundred correlated features hold."""

CLIP_SD = 5.0
"""A single wild value must not set a track apart from everything."""


@dataclass(frozen=True, eq=False)
class Basis:
    """How a feature vector becomes a point whose distances mean something.

    Attributes
    ----------
    mean, scale : float64, shape (d,)
        Of each feature; a feature that never varies has scale inf, and so no weight.
    components : float64, shape (d, k)
        Principal axes of the standardised features, as columns.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    components: NDArray[np.float64]

    def project(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the points of `X`, shape (n, d), as float32 of shape (n, k)."""
        standard = (np.asarray(X, dtype=np.float64) - self.mean) / self.scale
        points = np.clip(standard, -CLIP_SD, CLIP_SD) @ self.components
        return points.astype(np.float32)


def fit_basis(X: NDArray[np.floating]) -> Basis:
    """Find the basis of `X`, shape (n, d) with n >= 1 and finite values.

    The sign of each axis is fixed by its largest weight, so that equal data give an
    equal basis on every machine.
    """
    X = np.asarray(X, dtype=np.float64)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 1e-12 * np.maximum(1.0, np.abs(mean)), scale, np.inf)
    standard = np.clip((X - mean) / scale, -CLIP_SD, CLIP_SD)
    covariance = standard.T @ standard / len(X)
    values, vectors = np.linalg.eigh(covariance)
    kept = max(1, min(MAX_COMPONENTS, len(X), int((values > 1e-9).sum())))
    axes = vectors[:, ::-1][:, :kept]
    largest = np.abs(axes).argmax(axis=0)
    signs = np.sign(axes[largest, np.arange(axes.shape[1])])
    return Basis(mean, scale, axes * signs)


_BLOCK = 256
"""Queries at a time: a block against 100 000 points takes 200 MB of distances."""


def find_nearest(
    points: NDArray[np.float32], queries: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the `count` points nearest to each query, by Euclidean distance.

    Parameters
    ----------
    points : float32, shape (n, k)
    queries : float32, shape (m, k)
    count : int
        At most; fewer where there are fewer points.

    Returns
    -------
    indices : int64, shape (m, min(count, n)), nearest first, ties by index
    distances : float64, of the same shape
    """
    count = min(count, len(points))
    base = points.astype(np.float64)
    squares = (base * base).sum(axis=1)
    indices = np.empty((len(queries), count), dtype=np.int64)
    distances = np.empty((len(queries), count))
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK].astype(np.float64)
        away = squares - 2.0 * block @ base.T + (block * block).sum(axis=1)[:, None]
        kept = np.sort(np.argpartition(away, count - 1, axis=1)[:, :count], axis=1)
        found = np.take_along_axis(away, kept, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        stop = start + len(block)
        indices[start:stop] = np.take_along_axis(kept, order, axis=1)
        distances[start:stop] = np.sqrt(
            np.maximum(np.take_along_axis(found, order, axis=1), 0.0)
        )
    return indices, distances
