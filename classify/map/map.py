"""Two-dimensional map of a library: drawn, extended by new points, packed as bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classify.map.neighbors import Basis, find_nearest, fit_basis

PERPLEXITY = 30.0
FEWEST_FOR_TSNE = 12
"""Below this there are no neighbourhoods to keep; the two first axes are shown."""


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
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Map:
    """Lay the rows of `X` out in the plane so that neighbours stay neighbours.

    Parameters
    ----------
    X : floating, shape (n, d)
        One feature vector for each track or window, finite, n >= 1.
    seed : int
    on_progress : callable
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
        from classify.map.tsne import embed_points  # noqa: PLC0415 (loads openTSNE)

        xy = embed_points(points, perplexity, seed, on_progress)
    on_progress(1.0)
    return Map(basis, points, xy - xy.mean(axis=0), perplexity)


def place_points(drawn: Map, X: NDArray[np.floating]) -> NDArray[np.float64]:
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
        indices, _ = find_nearest(drawn.points, points, 1)
        return drawn.xy[indices[:, 0]]
    from classify.map.tsne import embed_new_points  # noqa: PLC0415 (loads openTSNE)

    return embed_new_points(drawn.points, drawn.xy, points, drawn.perplexity)


def pack_map(drawn: Map) -> bytes:
    """Return a map as bytes that `unpack_map` reads."""
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        mean=drawn.basis.mean,
        scale=drawn.basis.scale,
        components=drawn.basis.components,
        points=drawn.points,
        xy=drawn.xy,
        perplexity=np.float64(drawn.perplexity),
    )
    return archive.getvalue()


def unpack_map(data: bytes) -> Map:
    """Return the map that `pack_map` wrote.

    Raises
    ------
    ValueError
        The bytes are no map.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return Map(
                Basis(archive["mean"], archive["scale"], archive["components"]),
                archive["points"],
                archive["xy"],
                float(archive["perplexity"]),
            )
    except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"the stored map cannot be read: {error}") from error
