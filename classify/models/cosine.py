"""A classifier by the cosine between a track and the mean of a label's albums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from classify.models.album_statistics import AlbumStatistics
from classify.models.covariances import VANISHED, shrink
from classify.models.hierarchical import AlbumClassifier
from classify.models.leave_one_out import Rule
from classify.models.predictive import judge_each

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Whitening:
    """Cosines in the space that whitens the tracks of a library.

    The covariance is that of a track of a random album around the mean of all albums:
    the covariance of album means and what tracks add, each album weighing the same. It
    is shrunk towards its diagonal as strongly as the marginal likelihood has it.

    Attributes
    ----------
    mean : float64, shape (n_columns,)
        Of the means of albums.
    columns : intp, shape (d,)
        Those that vary.
    root : float64, shape (d, d)
        Lower triangle whose square is the covariance.
    """

    mean: Floats
    columns: Integers
    root: Floats

    @classmethod
    def learn(cls, stats: AlbumStatistics) -> Whitening:
        """Learn from the statistics of a library."""
        means = stats.means[stats.present]
        mean = means.mean(axis=0)
        outer = means - mean
        dof = max(len(means) - 1, 1)
        inner = stats.track_scatter / max(stats.track_dof, 1)
        total = outer.T @ outer / dof + (1.0 - stats.inverse_size) * inner
        columns = np.flatnonzero(np.diag(total) > VANISHED)
        if not len(columns):
            columns, total = np.zeros(1, dtype=np.intp), np.eye(len(total))
        total = total[np.ix_(columns, columns)]
        target = np.diag(np.diag(total))
        root = cholesky(shrink(dof * total, dof, target)[0], lower=True)
        return cls(mean, columns, root)

    def _turn(self, X: Floats) -> Floats:
        rows = (X - self.mean)[:, self.columns]
        turned: Floats = solve_triangular(self.root, rows.T, lower=True).T
        lengths = np.linalg.norm(turned, axis=1, keepdims=True)
        directions: Floats = turned / np.maximum(lengths, 1e-300)
        return directions

    def cosines(self, X: Floats, means: Floats, n_albums: Integers) -> Floats:
        """Return cosines with the means of labels, shape (n, n_labels + 1).

        -inf for a label without an album and, last, for "none of them", of which the
        cosine knows nothing.
        """
        found = np.full((len(X), len(means) + 1), -np.inf)
        some = np.flatnonzero(n_albums > 0)
        found[:, some] = self._turn(X) @ self._turn(means[some]).T
        return found


def judge_cosine(
    shared: AlbumStatistics, own: AlbumStatistics, sets: list[Integers]
) -> Iterator[Floats]:
    """Return cosines as `classify.models.predictive.judge_hierarchical` densities."""
    return judge_each(Whitening.learn(shared).cosines, own, sets)


COSINE = Rule(judge_cosine, np.geomspace(0.005, 1.0, 25))
"""Temperatures for a range of scores of 2: from certainty to almost indifference."""


class CosineClassifier(AlbumClassifier):
    """The label whose mean of album means has the greatest cosine with a track.

    In the space that whitens the tracks (`Whitening`), about the mean of all albums.
    Dividing by lengths makes the rule one of directions [1]_. It does not look at how
    many albums a label has. Probabilities are a softmax with one temperature, chosen by
    the log loss of albums that were left out.

    Parameters
    ----------
    n_blocks : int
        Blocks of albums for the temperature; 0 keeps the lowest.

    Attributes
    ----------
    classes_ : array, shape (n_labels,)
    temperature_ : float
    whitening_ : Whitening

    References
    ----------
    .. [1] D. Garcia-Romero and C. Y. Espy-Wilson, "Analysis of i-vector length
       normalization in speaker recognition systems", Interspeech, 2011.
    """

    rule = COSINE

    def _learn(self, stats: AlbumStatistics) -> None:
        super()._learn(stats)
        self.whitening_ = Whitening.learn(stats)

    def _scores(self, X: NDArray[np.float64]) -> Floats:
        rows = self._rows(X)
        return self.whitening_.cosines(rows, self.label_means_, self.n_albums_of_)[
            :, :-1
        ]
