"""Densities of a track under each label, in closed form, and what follows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import logsumexp

from classify.models.album_statistics import POOLS, AlbumStatistics, find_pool
from classify.models.covariances import Covariances, estimate_covariances

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Densities = Callable[[Floats, Floats, Integers], Floats]

BATCH = 500
"""Tracks that are judged at once."""

_PAIRS = 50_000
"""Rows times labels of which differences are held at once."""


class Predictive:
    """Predictive density of a track of an unheard album, given a label's other albums.

    With R the covariance of album means and J albums of mean u, a label's mean has the
    posterior N(m + G (u - m), G R / J), G = B (B + R / J)^-1, and a track of a further
    album adds R + (1 - h) T. The error of m moves what is not yet sure of the labels.
    "None of them" is a label of no album: N(m, B + R + (1 - h) T). As only J enters the
    covariance, one is inverted for each number of albums, in the joint eigenbasis of B
    and R.

    Parameters
    ----------
    covariances : Covariances
    extra : float64, shape (n_columns, n_columns), or None
        Covariance that a row has beyond that of a track.
    """

    def __init__(self, covariances: Covariances, extra: Floats | None = None) -> None:
        c = self.covariances = covariances
        self.extra = extra
        b, self._basis = eigh(c.label, c.album)
        self._b, V = np.maximum(b, 1e-9), self._basis
        beyond = (1.0 - c.inverse_size) * c.track
        if extra is not None:
            beyond = beyond + extra[np.ix_(c.columns, c.columns)]
        self._fixed = np.eye(len(b)) + V.T @ beyond @ V
        self._error = V.T @ c.mean_error @ V
        self._log_volume = float(np.linalg.slogdet(V)[1])
        self._pools: dict[int, tuple[Floats, Floats, float]] = {}

    def _pool(self, pool: int) -> tuple[Floats, Floats, float]:
        if pool not in self._pools:
            j = float(POOLS[pool])
            gain = self._b / (self._b + 1.0 / j) if j else 0.0 * self._b
            left = 1.0 - gain
            covariance = self._fixed + left[:, None] * self._error * left
            covariance[np.diag_indices_from(covariance)] += gain / j if j else self._b
            root = np.linalg.inv(np.linalg.cholesky(covariance))
            logs = float(np.log(np.diag(root)).sum()) + self._log_volume
            self._pools[pool] = gain, root, logs - 0.5 * len(root) * np.log(2 * np.pi)
        return self._pools[pool]

    def log_densities(self, X: Floats, means: Floats, n_albums: Integers) -> Floats:
        """Return log densities, the last column that of "none of them".

        Parameters
        ----------
        X : float64, shape (n, n_columns)
            As those of the statistics that the covariances are from.
        means : float64, shape (n_labels, n_columns)
            The mean of each label's album means.
        n_albums : intp, shape (n_labels,)

        Returns
        -------
        float64, shape (n, n_labels + 1)
            -inf for a label without an album.
        """
        c, V = self.covariances, self._basis
        rows = (X[:, c.columns] - c.mean) @ V
        turned = (means[:, c.columns] - c.mean) @ V
        densities = np.full((len(rows), len(means) + 1), -np.inf)
        pools = find_pool(n_albums)
        for pool in np.unique(pools[pools > 0]):
            some = np.flatnonzero(pools == pool)
            densities[:, some] = self._of_pool(int(pool), rows, turned[some])
        densities[:, -1:] = self._of_pool(0, rows, np.zeros((1, rows.shape[1])))
        return densities

    def log_densities_among(
        self, X: Floats, means: Floats, n_albums: Integers, candidates: Integers
    ) -> Floats:
        """Return log densities of some labels for each row, and of "none of them".

        Parameters
        ----------
        X, means, n_albums : as for `log_densities`
        candidates : intp, shape (n, k)
            Labels that are asked for, by row; -1 for none, whose density is 0.

        Returns
        -------
        float64, shape (n, k + 1)
        """
        c, V = self.covariances, self._basis
        rows = (X[:, c.columns] - c.mean) @ V
        turned = (means[:, c.columns] - c.mean) @ V
        densities = np.full((len(rows), candidates.shape[1] + 1), -np.inf)
        pools = np.append(find_pool(n_albums), 0)[candidates]  # of -1: 0
        for pool in np.unique(pools[pools > 0]):
            gain, root, constant = self._pool(int(pool))
            e, f = rows @ root.T, (turned * gain) @ root.T
            i, k = np.nonzero(pools == pool)
            for some in np.array_split(np.arange(len(i)), len(i) // _PAIRS + 1):
                apart = e[i[some]] - f[candidates[i[some], k[some]]]
                squares = np.einsum("nd,nd->n", apart, apart)
                densities[i[some], k[some]] = constant - 0.5 * squares
        densities[:, -1:] = self._of_pool(0, rows, np.zeros((1, rows.shape[1])))
        return densities

    def _of_pool(self, pool: int, rows: Floats, means: Floats) -> Floats:
        gain, root, constant = self._pool(pool)
        e, f = rows @ root.T, (means * gain) @ root.T
        squares = (e * e).sum(axis=1)[:, None] + (f * f).sum(axis=1)
        result: Floats = constant - 0.5 * squares + e @ f.T
        return result


def judge_hierarchical(
    shared: AlbumStatistics, own: AlbumStatistics, sets: list[Integers]
) -> Iterator[Floats]:
    """Return log densities of the tracks of albums that labels must not know.

    Parameters
    ----------
    shared : AlbumStatistics
        What m, B, A and T are estimated from: without any of the albums.
    own : AlbumStatistics
        What the labels' means are from; each set's albums are taken out for it.
    sets : list of intp arrays
        Albums that are judged together.

    Yields
    ------
    float64, shape (n_tracks of the set, n_labels + 1)
        For each set, as soon as it is known.
    """
    return judge_each(Predictive(estimate_covariances(shared)).log_densities, own, sets)


def judge_each(
    densities: Densities, own: AlbumStatistics, sets: list[Integers]
) -> Iterator[Floats]:
    """Yield what `densities` says of each set of albums, its labels being without it.

    Parameters
    ----------
    densities : callable of (X, means, n_albums), as `Predictive.log_densities`
    own, sets : as for `judge_hierarchical`
    """
    for some in _batches(own, sets):
        rows = [own.tracks_of(albums) for albums in some]
        everything = densities(
            own.X[np.concatenate(rows)], own.label_means, own.n_albums_of
        )
        parts = np.split(everything, np.cumsum([len(at) for at in rows])[:-1])
        for albums, at, part in zip(some, rows, parts, strict=True):
            out = albums[own.present[albums]]
            labels = np.unique(own.label[out])
            if len(labels):
                means, counts = own.means_without(out, labels)
                part[:, labels] = densities(own.X[at], means, counts)[:, :-1]
            yield part


def _batches(own: AlbumStatistics, sets: list[Integers]) -> list[list[Integers]]:
    """Return the sets in runs of some `BATCH` tracks: memory is bounded by them."""
    ends = np.cumsum([own.sizes[albums].sum() for albums in sets]) // BATCH
    bounds = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(sets)]
    return [sets[a:b] for a, b in pairwise(bounds)]


def open_log_proba(log_likelihoods: Floats, unknown_prior: float) -> Floats:
    """Return posteriors where "none of them", the last column, has a prior of its own.

    The labels share what it leaves, equally.
    """
    with np.errstate(divide="ignore"):
        prior = np.log([unknown_prior, 1.0 - unknown_prior])
    scores = log_likelihoods.copy()
    n = np.isfinite(scores[:, :-1]).sum(axis=1, keepdims=True)
    scores[:, :-1] += prior[1] - np.log(np.maximum(n, 1))
    scores[:, -1] += prior[0]
    result: Floats = scores - logsumexp(scores, axis=1, keepdims=True)
    return result


MANY = 2000
"""Of more tracks, every so many-th is looked at: the standard error of one number is
then a few hundredths."""


_TRACKS = 200
"""Tracks at once: thousands of labels fit the cache, and need no second matrix."""


def compute_losses(
    log_likelihoods: Floats, y: Integers, temperatures: Floats
) -> Floats:
    """Return each track's log loss at each temperature, shape (n, n_temperatures).

    Parameters
    ----------
    log_likelihoods : float, shape (n, n_labels)
        Of candidates; -inf for what is none. That of the truth is finite.
    y : intp, shape (n,)
    temperatures : float64, ascending
    """
    losses = np.empty((len(y), len(temperatures)))
    for start in range(0, len(y), _TRACKS):
        here = slice(start, start + _TRACKS)
        some = log_likelihoods[here].astype(np.float64)
        own = some[np.arange(len(some)), y[here]]
        for i, temperature in enumerate(temperatures):
            losses[here, i] = logsumexp(some / temperature, axis=1) - own / temperature
    return losses


def choose_temperature(losses: Floats, temperatures: Floats) -> float:
    """Return the temperature with the least mean loss, between those tried if need be.

    Parameters
    ----------
    losses : float64, shape (n, n_temperatures)
        None of them: the lowest, which for log-likelihoods means that they are
        believed.
    """
    if not len(losses):
        return float(temperatures[0])
    mean, logs = losses.mean(axis=0), np.log(temperatures)
    at = int(mean.argmin())
    if 0 < at < len(mean) - 1:
        # The parabola through three points, which are evenly spaced in the logarithm.
        below, here, above = mean[at - 1 : at + 2]
        bend = below - 2.0 * here + above
        shift = 0.5 * (below - above) / bend if bend > 0.0 else 0.0
        return float(np.exp(logs[at] + shift * (logs[1] - logs[0])))
    return float(temperatures[at])


def thin(rows: Integers) -> Integers:
    """Return at most `MANY` of the rows, evenly."""
    return rows[:: -(-len(rows) // MANY)] if len(rows) else rows
