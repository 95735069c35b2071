"""Sufficient statistics of a library, from which albums can be taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

# Labels are pooled by their number of albums. Up to 12 each number is a pool of its
# own; beyond, pools are a fifth wide: the variance of a mean of so many albums is then
# wrong by at most a tenth of what is already a small part of the predictive covariance.
POOLS: Integers = np.unique(
    np.concatenate([np.arange(13), np.round(12 * 1.2 ** np.arange(1, 50))])
).astype(np.intp)
_EDGES = np.sqrt(POOLS[1:-1] * POOLS[2:].astype(np.float64))

FLOOR = 1e-6
"""A column whose standard deviation is this small a part of its mean is constant: it
holds nothing but the rounding of float32, in which features are stored."""


def find_pool(n_albums: Any) -> Any:
    """Return the index into `POOLS` of labels with `n_albums` albums, 0 for none."""
    n = np.asarray(n_albums)
    return np.where(n > 0, 1 + np.searchsorted(_EDGES, n), 0)


@dataclass(frozen=True, eq=False)
class AlbumStatistics:
    """All that the models of albums need to know of a set of tracks.

    Made in one pass over the tracks. Taking albums out costs as much as their tracks
    and the albums of their labels, however large the library, and gives to rounding
    what those tracks that remain would have given.

    Attributes
    ----------
    X : float64, shape (n_tracks, n_columns)
        Mean vectors of tracks in the order of `order`, standardised by `center` and
        `scale` for the sake of rounding alone; no result depends on these two.
    order : intp, shape (n_tracks,)
        Rows of the matrix given, album by album.
    columns : intp, shape (n_columns,)
        Columns of the matrix given that are not constant.
    center, scale : float64, shape (n_columns,)
    first : intp, shape (n_albums + 1,)
        Where in `X` each album begins.
    label, group : intp, shape (n_albums,)
        Of each album. An album whose tracks have several labels is as many albums here,
        which share a group.
    present : bool, shape (n_albums,)
        Albums that have not been taken out. Everything below counts these alone.
    means : float64, shape (n_albums, n_columns)
    n_albums_of : intp, shape (n_labels,)
    label_means : float64, shape (n_labels, n_columns)
        Means of the means of albums; 0 for a label without an album.
    track_scatter, album_scatter : float64, shape (n_columns, n_columns)
        Of tracks around their album, of album means around their label.
    track_dof, album_dof : int
        Degrees of freedom of these two.
    inverse_size : float
        Mean over albums of 1 / number of tracks.
    pool_counts : float64, shape (n_pools,)
    pool_sums : float64, shape (n_pools, n_columns)
    pool_scatters : float64, shape (n_pools, n_columns, n_columns)
        Number, sum and scatter around 0 of the means of labels, by pool.
    """

    X: Floats
    order: Integers
    columns: Integers
    center: Floats
    scale: Floats
    first: Integers
    label: Integers
    group: Integers
    present: NDArray[np.bool_]
    means: Floats
    n_albums_of: Integers
    label_means: Floats
    track_scatter: Floats
    album_scatter: Floats
    track_dof: int
    inverse_size: float
    pool_counts: Floats
    pool_sums: Floats
    pool_scatters: Floats

    @property
    def n_labels(self) -> int:
        """Number of labels, with albums or without."""
        return len(self.n_albums_of)

    @property
    def n_albums(self) -> int:
        """Number of albums present."""
        return int(self.present.sum())

    @property
    def album_dof(self) -> int:
        """Degrees of freedom of the albums around their labels."""
        return self.n_albums - int((self.n_albums_of > 0).sum())

    @property
    def sizes(self) -> Integers:
        """Number of tracks of each album."""
        return np.diff(self.first)

    @property
    def y(self) -> Integers:
        """Label of each track, in the order of the rows of the matrix given."""
        y = np.empty(len(self.order), dtype=np.intp)
        y[self.order] = np.repeat(self.label, self.sizes)
        return y

    def standardize(self, X: Floats) -> Floats:
        """Return rows, shape (n, all columns), as those of `X` are."""
        result: Floats = (X[:, self.columns] - self.center) / self.scale
        return result

    def tracks_of(self, albums: Integers) -> Integers:
        """Return the rows of `X` that belong to `albums`, in their order."""
        spans = [np.arange(self.first[a], self.first[a + 1]) for a in albums]
        return np.concatenate(spans) if spans else np.zeros(0, dtype=np.intp)

    def relabel(self, label: Integers) -> AlbumStatistics:
        """Return the statistics of the same albums, all of them, under other labels."""
        return _with_labels(self, np.asarray(label, dtype=np.intp))

    def means_without(
        self, albums: Integers, labels: Integers
    ) -> tuple[Floats, Integers]:
        """Return the means of `labels`, and their albums, without `albums`.

        Parameters
        ----------
        albums : intp
            Present.
        labels : intp, ascending
            Those of `albums`.
        """
        counts = self.n_albums_of[labels].copy()
        sums = self.label_means[labels] * counts[:, None]
        at = np.searchsorted(labels, self.label[albums])
        np.subtract.at(counts, at, 1)
        np.subtract.at(sums, at, self.means[albums])
        sums[counts == 0] = 0.0
        return sums / np.maximum(counts, 1)[:, None], counts

    def without(self, albums: Integers) -> AlbumStatistics:
        """Return the statistics without some albums that are present."""
        albums = np.unique(albums)
        labels = np.unique(self.label[albums])
        near = np.flatnonzero(np.isin(self.label, labels) & self.present)
        present = self.present.copy()
        present[albums] = False
        stay = near[present[near]]
        counts, means = self.n_albums_of.copy(), self.label_means.copy()
        means[labels], counts[labels] = self.means_without(albums, labels)

        before = self.means[near] - self.label_means[self.label[near]]
        after = self.means[stay] - means[self.label[stay]]
        rows = self.tracks_of(albums)
        sizes = self.sizes[albums]
        gone = self.X[rows] - np.repeat(self.means[albums], sizes, axis=0)
        n = self.n_albums
        left = n - len(albums)
        inverse = self.inverse_size * n - (1.0 / sizes).sum()
        pools = [self.pool_counts, self.pool_sums, self.pool_scatters]
        old = _pool(self.n_albums_of[labels], self.label_means[labels], len(pools[0]))
        new = _pool(counts[labels], means[labels], len(pools[0]))
        pools = [p - a + b for p, a, b in zip(pools, old, new, strict=True)]
        return replace(
            self,
            present=present,
            n_albums_of=counts,
            label_means=means,
            track_scatter=self.track_scatter - gone.T @ gone,
            album_scatter=self.album_scatter - before.T @ before + after.T @ after,
            track_dof=self.track_dof - len(rows) + len(albums),
            inverse_size=inverse / max(left, 1),
            pool_counts=pools[0],
            pool_sums=pools[1],
            pool_scatters=pools[2],
        )


def summarize(X: Floats, y: Integers, groups: Integers) -> AlbumStatistics:
    """Return the statistics of tracks.

    Parameters
    ----------
    X : float64, shape (n_tracks, n_columns)
        Finite.
    y : intp, shape (n_tracks,)
        Labels from 0; those up to the largest count, though they may have no track.
    groups : intp, shape (n_tracks,)
        The album of each track.
    """
    center, scale = X.mean(axis=0), X.std(axis=0)
    columns = np.flatnonzero(scale > np.maximum(FLOOR * np.abs(center), 1e-150))
    if not len(columns):  # all rows alike: a column of zeros stands for them
        columns, scale = np.zeros(1, dtype=np.intp), np.ones(X.shape[1])
    center, scale = center[columns], scale[columns]
    pairs, album = np.unique(np.stack([groups, y]), axis=1, return_inverse=True)
    album = album.reshape(-1)
    order = np.argsort(album, kind="stable")
    sizes = np.bincount(album, minlength=pairs.shape[1])
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    rows = (X[order][:, columns] - center) / scale
    means = np.add.reduceat(rows, first[:-1], axis=0) / sizes[:, None]
    inner = rows - np.repeat(means, sizes, axis=0)
    d, n_labels = len(columns), int(y.max()) + 1
    bare = AlbumStatistics(
        X=rows,
        order=order,
        columns=columns,
        center=center,
        scale=scale,
        first=first,
        label=pairs[1],
        group=pairs[0],
        present=np.ones(len(sizes), dtype=np.bool_),
        means=means,
        n_albums_of=np.zeros(n_labels, dtype=np.intp),
        label_means=np.zeros((n_labels, d)),
        track_scatter=inner.T @ inner,
        album_scatter=np.zeros((d, d)),
        track_dof=len(rows) - len(sizes),
        inverse_size=float((1.0 / sizes).mean()),
        pool_counts=np.zeros(0),
        pool_sums=np.zeros((0, d)),
        pool_scatters=np.zeros((0, d, d)),
    )
    return _with_labels(bare, pairs[1])


def _with_labels(stats: AlbumStatistics, label: Integers) -> AlbumStatistics:
    counts = np.bincount(label, minlength=stats.n_labels)
    means = np.zeros((stats.n_labels, stats.means.shape[1]))
    np.add.at(means, label, stats.means)
    means /= np.maximum(counts, 1)[:, None]
    outer = stats.means - means[label]
    n_pools = int(find_pool(counts.max())) + 1
    pool_counts, pool_sums, pool_scatters = _pool(counts, means, n_pools)
    return replace(
        stats,
        label=label,
        n_albums_of=counts,
        label_means=means,
        album_scatter=outer.T @ outer,
        pool_counts=pool_counts,
        pool_sums=pool_sums,
        pool_scatters=pool_scatters,
    )


def _pool(
    counts: Integers, means: Floats, n_pools: int
) -> tuple[Floats, Floats, Floats]:
    pool = find_pool(counts)
    d = means.shape[1]
    numbers, sums = np.zeros(n_pools), np.zeros((n_pools, d))
    scatters = np.zeros((n_pools, d, d))
    for k in np.unique(pool[pool > 0]):
        some = means[pool == k]
        numbers[k], sums[k], scatters[k] = len(some), some.sum(axis=0), some.T @ some
    return numbers, sums, scatters
