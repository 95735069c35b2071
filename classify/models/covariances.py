"""Covariances of labels, albums and tracks, estimated from statistics of albums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.special import digamma, gammaln

from classify.models.album_statistics import POOLS, AlbumStatistics

Floats = NDArray[np.float64]

STRONGEST = 1e5
"""Pseudo-observations beyond which an estimate is its target: a bound."""

WEAKEST = 1e-2
"""Pseudo-observations that no data can tell from none; the other bound."""

N_STRENGTHS = 17
"""Strengths that are tried first, a factor of e apart; the best is then refined."""

VANISHED = 1e-9
"""A column is constant where this share is left of the variance that it had before
albums were taken out: what subtraction leaves over in float64, with a wide margin. No
level is thinner than this share of a column's variance."""

N_STEPS = 2
"""Steps of EM from the estimates of moments. The strength of B is estimated at each
from the expected scatter as if that had been observed, which confirms itself: in
simulation two and four do alike, and twenty lose ten points where most labels have one
album."""


@dataclass(frozen=True, eq=False)
class Covariances:
    """The levels of a library: label ~ N(mean, label), album mean ~ N(label, album).

    Attributes
    ----------
    columns : intp, shape (d,)
        Columns of the statistics that vary; all else is of these.
    mean : float64, shape (d,)
    mean_error : float64, shape (d, d)
        Covariance of the estimate of `mean`.
    label : float64, shape (d, d)
        B, of the labels around `mean`.
    album : float64, shape (d, d)
        R = A + h T, of the means of albums around their label.
    track : float64, shape (d, d)
        T, of the tracks around their album.
    inverse_size : float
        h, the mean of 1 / tracks of an album. An album of two tracks and one of twenty
        are treated alike: own weights gain nothing measurable, and cost a covariance
        each.
    rests_on : dict of str to (int, float)
        For each covariance its degrees of freedom and the pseudo-observations of the
        target that it was shrunk towards.
    """

    columns: NDArray[np.intp]
    mean: Floats
    mean_error: Floats
    label: Floats
    album: Floats
    track: Floats
    inverse_size: float
    rests_on: dict[str, tuple[int, float]]


def estimate_strength(eigenvalues: Floats, dof: int) -> tuple[float, float]:
    """Return how strongly a scatter is to be shrunk towards its target.

    The covariance has an inverse Wishart prior whose mean is `scale` times the target
    and that weighs as `strength` observations; both maximise the marginal likelihood of
    the scatter, which is closed [1]_, [2]_. The estimate that follows, the posterior
    mean, is (strength * scale * target + scatter) / (strength + dof).

    Parameters
    ----------
    eigenvalues : float64, shape (d,)
        Of the scatter in the metric of the target.
    dof : int, at least 1

    Returns
    -------
    strength : float, in [WEAKEST, STRONGEST]
    scale : float, positive

    References
    ----------
    .. [1] C. F. Chen, "Bayesian inference for a normal dispersion matrix and its
       application to stochastic multiple regression analysis", J. R. Stat. Soc. B 41,
       1979.
    .. [2] C. J. Champion, "Empirical Bayesian estimation of normal variances and
       covariances", J. Multivariate Analysis 87, 2003.
    """
    # A scatter of nothing has no scale; a trace of one leaves all that follows finite.
    values = np.maximum(eigenvalues, 1e-3 * VANISHED * dof)
    low, high = np.log(WEAKEST), np.log(STRONGEST)
    grid = np.linspace(low, high, N_STRENGTHS)
    logs, slopes, _ = _profile(grid, values, dof)
    best = int(logs.argmax())
    before, after = max(best - 1, 0), min(best + 1, len(grid) - 1)
    at = float(grid[best])
    if slopes[before] > 0.0 > slopes[after]:
        # To the last digits: the same data give the same, whatever their order.
        at = brentq(
            lambda u: _profile(np.array([u]), values, dof)[1][0],
            grid[before],
            grid[after],
            xtol=1e-12,
        )
    log_x = _profile(np.array([at]), values, dof)[2][0]
    return float(np.exp(at)), float(np.exp(log_x - at))


def _profile(u: Floats, values: Floats, dof: int) -> tuple[Floats, Floats, Floats]:
    """Return the log marginal likelihood at strengths exp(u), each at its best scale.

    Returns
    -------
    log likelihood, its slope in u, log of strength times scale : shape (len(u),)
    """
    d, nu = len(values), np.exp(u)[:, None]
    a = nu + d + 1.0
    half = np.arange(d) / 2.0
    t = np.log(nu * values.mean() / dof)
    for _ in range(60):  # Newton: the slope falls with t, so that there is one root
        share = 1.0 / (1.0 + values * np.exp(-t))
        slope = a * d - (a + dof) * share.sum(axis=1, keepdims=True)
        bend = (a + dof) * (share * (1.0 - share)).sum(axis=1, keepdims=True)
        step = np.clip(slope / np.maximum(bend, 1e-300), -2.0, 2.0)
        t = t + step
        if np.abs(step).max() < 1e-13:
            break
    total = np.log(np.exp(t) + values).sum(axis=1)
    logs = 0.5 * (d * t[:, 0] - total)
    upper, lower = (a + dof) / 2.0 - half, a / 2.0 - half
    value = (gammaln(upper) - gammaln(lower)).sum(axis=1)
    value += a[:, 0] * logs - 0.5 * dof * total
    slope = 0.5 * (digamma(upper) - digamma(lower)).sum(axis=1) + logs
    return value, nu[:, 0] * slope, t[:, 0]


def shrink(scatter: Floats, dof: int, target: Floats) -> tuple[Floats, float, float]:
    """Return the covariance of a scatter, with the strength and scale of its target."""
    if dof < 1:
        return target, STRONGEST, 1.0
    strength, scale = estimate_strength(eigh(scatter, target, eigvals_only=True), dof)
    covariance = (strength * scale * target + scatter) / (strength + dof)
    covariance[np.diag_indices_from(covariance)] += VANISHED * np.diag(target)
    return covariance, strength, scale


def estimate_covariances(stats: AlbumStatistics) -> Covariances:
    """Estimate all levels by restricted maximum likelihood, shrunk, through EM.

    T is shrunk towards its own diagonal, R towards the shape of T, B towards the shape
    of R + (1 - h) T, the covariance of a track around its label: where there are few
    albums all three have one shape, and the rule is the nearest mean in the space that
    whitens it. How strongly is estimated for each (`estimate_strength`). The result
    does not depend on how columns are scaled.

    Labels with one album tell of B + R. Where no label has two albums nothing parts
    the two: then half of what exceeds h T is given to either. Where no album has two
    tracks T is not needed, for a track is an album mean, and only lends its shape.
    """
    return _Estimation(stats).run()


class _Estimation:
    def __init__(self, stats: AlbumStatistics) -> None:
        pools = np.flatnonzero(stats.pool_counts > 0.5)
        self.n = stats.pool_counts[pools]
        self.j = POOLS[pools].astype(np.float64)
        self.n_labels = round(self.n.sum())
        self.n_albums, self.h = stats.n_albums, stats.inverse_size
        self.track_dof, self.album_dof = stats.track_dof, stats.album_dof
        sums, scatters = stats.pool_sums[pools], stats.pool_scatters[pools]
        spread = np.diag(stats.track_scatter) / max(self.track_dof, 1)
        spread = spread + np.diag(stats.album_scatter) / max(self.album_dof, 1)
        grand = sums.sum(axis=0) / self.n.sum()
        squares = np.einsum("kii->i", scatters) / self.n.sum() - grand**2
        spread = spread + np.maximum(squares, 0.0)
        self.columns = np.flatnonzero(spread > VANISHED)
        if not len(self.columns):
            self.columns, spread = np.zeros(1, dtype=np.intp), np.ones(len(spread))
        # As tracks at large have them, so that every matrix is well scaled.
        self.sd = np.sqrt(spread[self.columns])
        block = np.ix_(self.columns, self.columns)
        outer = np.outer(self.sd, self.sd)
        self.tracks = stats.track_scatter[block] / outer
        self.albums = stats.album_scatter[block] / outer
        self.sums = sums[:, self.columns] / self.sd
        self.scatters = scatters[:, self.columns][:, :, self.columns] / outer
        self.rests_on: dict[str, tuple[int, float]] = {}

    def run(self) -> Covariances:
        T = self._estimate_track()
        R, weight, prior = self._start_album(T)
        B = self._start_label(R, T)
        mean, error, strength = np.zeros(len(T)), np.zeros_like(T), STRONGEST
        for _ in range(N_STEPS):
            mean, error, of_labels, of_albums = self._expect(B, R)
            E = R + (1.0 - self.h) * T
            B, strength, _ = shrink(of_labels, self.n_labels, E)
            if self.album_dof > 0:
                R = (prior + of_albums) / (weight + self.n_albums)
                # The scatter is a difference: of nothing it is not quite 0, or less.
                R[np.diag_indices_from(R)] += VANISHED
        self.rests_on["label"] = self.n_labels - 1, strength
        outer = np.outer(self.sd, self.sd)
        return Covariances(
            columns=self.columns,
            mean=mean * self.sd,
            mean_error=error * outer,
            label=B * outer,
            album=R * outer,
            track=T * outer,
            inverse_size=self.h,
            rests_on=self.rests_on,
        )

    def _estimate_track(self) -> Floats:
        # A pseudo-observation (the unit information of Kass and Wasserman 1995) keeps
        # the target's diagonal from being 0 where a few albums alone have two tracks.
        dof, own = self.track_dof, np.diag(self.tracks)
        typical = float(own.mean()) / dof if dof else 1.0
        target = np.diag((own + max(typical, 1e-6)) / (dof + 1.0))
        T, strength, _ = shrink(self.tracks, dof, target)
        self.rests_on["track"] = dof, strength
        return T

    def _start_album(self, T: Floats) -> tuple[Floats, float, Floats]:
        """Return R, and the weight and scatter of its prior."""
        if self.album_dof > 0:
            R, strength, scale = shrink(self.albums, self.album_dof, T)
        else:
            spread = float(np.trace(np.linalg.solve(T, self._between()))) / len(T)
            least = self.h if self.track_dof else 0.0
            strength = STRONGEST
            scale = max(0.5 * (spread + least), least, 1e-6)
            R = scale * T
        self.rests_on["album"] = self.album_dof, strength
        return R, strength, strength * scale * T

    def _between(self) -> Floats:
        """Return the covariance of the means of labels, B + R / J over all J."""
        mean = self.sums.sum(axis=0) / self.n_labels
        scatter = self.scatters.sum(axis=0) - self.n_labels * np.outer(mean, mean)
        result: Floats = scatter / max(self.n_labels - 1, 1)
        return result

    def _start_label(self, R: Floats, T: Floats) -> Floats:
        """Return the estimate of B by moments, and its target as d further labels."""
        E = R + (1.0 - self.h) * T
        between = self._between()
        own = float((self.n / self.j).sum()) / self.n_labels
        values, V = eigh(between, R)
        U = np.linalg.inv(V)
        moments = (U.T * np.maximum(values - own, 0.0)) @ U
        spread = float(values.mean()) - own
        shape = len(R) / float(np.trace(np.linalg.solve(R, E)))
        # EM leaves 0 no more; a tenth of R is a start from below.
        target = max(spread, 0.1) * shape * E
        share = self.n_labels / (self.n_labels + len(R))
        result: Floats = share * moments + (1.0 - share) * target
        return result

    def _expect(self, B: Floats, R: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the mean, its error, and the expected scatters of labels and albums.

        In the joint eigenbasis of B and R the posterior of every label is diagonal, so
        that a step costs the same for any number of labels.
        """
        b, V = eigh(B, R)
        b, j = np.maximum(b, 1e-9), self.j[:, None]
        precision = 1.0 / (b + 1.0 / j)
        total = self.n @ precision
        mean = (precision * (self.sums @ V)).sum(axis=0) / total
        scatters = V.T @ self.scatters @ V
        cross = (self.sums @ V)[:, :, None] * mean
        scatters = scatters - cross - np.swapaxes(cross, 1, 2)
        # Restricted likelihood: the mean is itself an estimate.
        more = np.outer(mean, mean) + np.diag(1.0 / total)
        scatters = scatters + self.n[:, None, None] * more
        gain = b * precision
        left = 1.0 - gain
        spread = self.n @ (gain / j)
        labels = (gain[:, :, None] * scatters * gain[:, None]).sum(axis=0)
        albums = V.T @ self.albums @ V
        albums += (j[:, :, None] * left[:, :, None] * scatters * left[:, None]).sum(0)
        U = np.linalg.inv(V)
        return (
            U.T @ mean,
            (U.T / total) @ U,
            U.T @ (labels + np.diag(spread)) @ U,
            U.T @ (albums + np.diag((self.n * self.j) @ (gain / j))) @ U,
        )
