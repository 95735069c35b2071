"""A hierarchical Gaussian classifier of tracks by the albums of their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from classify.models.album_statistics import AlbumStatistics, summarize
from classify.models.covariances import estimate_covariances
from classify.models.leave_one_out import (
    Rule,
    fit_temperatures,
    judge_left_out,
)
from classify.models.predictive import Predictive, judge_hierarchical, open_log_proba

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

HIERARCHICAL = Rule(judge_hierarchical, np.geomspace(1.0, 20.0, 25))
"""Temperatures from 1: likelihoods of estimated parameters are never too modest."""


class AlbumClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the classifiers that learn from the albums of labels.

    Parameters
    ----------
    n_blocks : int
        Blocks of albums for the temperature; 0 keeps the lowest.

    Attributes
    ----------
    classes_ : array, shape (n_labels,)
    temperature_ : float
    columns_ : intp, shape (n_used,)
        Columns that vary.
    center_, scale_ : float64, shape (n_used,)
        What rows are standardised by.
    label_means_ : float64, shape (n_labels, n_used)
        Means of the means of albums, standardised.
    n_albums_of_ : intp, shape (n_labels,)
    """

    rule: Rule

    def __init__(self, *, n_blocks: int = 10) -> None:
        self.n_blocks = n_blocks

    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:
        """Learn from tracks.

        Parameters
        ----------
        X : shape (n_tracks, n_columns)
            Mean vectors of tracks.
        y : shape (n_tracks,)
            Labels; those with one album are learned, too.
        groups : shape (n_tracks,), or None
            The album of each track. None: each track is an album of its own.

        Raises
        ------
        ValueError
            Fewer than two labels, or X is not finite.
        """
        self._learn(self._summarize(X, y, groups))
        return self

    def _summarize(self, X: Any, y: Any, groups: Any) -> AlbumStatistics:
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "needs at least two labels; the data holds only one class, "
                f"{self.classes_[0]!r}"
            )
        albums = np.arange(len(y)) if groups is None else np.asarray(groups)
        if len(albums) != len(y):
            raise ValueError(f"{len(albums)} groups for {len(y)} tracks")
        return summarize(X, codes, np.unique(albums, return_inverse=True)[1])

    def _learn(self, stats: AlbumStatistics) -> None:
        # No track is kept: a model is stored, and may have learned from 100 000.
        self.columns_, self.center_ = stats.columns, stats.center
        self.scale_, self.label_means_ = stats.scale, stats.label_means
        self.n_albums_of_ = stats.n_albums_of
        self.temperature_ = float(self.rule.temperatures[0])
        if self.n_blocks > 1 and stats.n_albums_of.max() > 1:
            verdicts = judge_left_out(stats, self.rule, n_blocks=self.n_blocks)
            found = fit_temperatures(stats, verdicts, self.rule.temperatures)
            self.temperature_ = float(found[-1])

    def _rows(self, X: Any) -> Floats:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        rows: Floats = (X[:, self.columns_] - self.center_) / self.scale_
        return rows

    def _scores(self, X: Any) -> Floats:
        """Return log-likelihoods of all labels, shape (n, n_labels)."""
        raise NotImplementedError

    def predict_log_proba(self, X: Any) -> Floats:
        """Return log-probabilities of the labels, which have equal priors.

        Returns
        -------
        float64, shape (n, n_labels)
            In the order of `classes_`.
        """
        scores = self._scores(X) / self.temperature_
        result: Floats = scores - logsumexp(scores, axis=1, keepdims=True)
        return result

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities of the labels, shape (n, n_labels)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row."""
        best = self.predict_log_proba(X).argmax(axis=1)
        result: NDArray[Any] = self.classes_[best]
        return result


class HierarchicalGaussian(AlbumClassifier):
    """Normal labels, albums around them, tracks around these, and windows of tracks.

    A label's mean ~ N(m, B), an album's ~ N(label, A), a track's ~ N(album, T), a
    window ~ N(track, W).

    Known as the two-covariance model or probabilistic linear discriminant analysis
    [1]_, [2]_, [3]_, here with a level for albums. A track is judged by the predictive
    density of each label given the label's albums, labels having equal priors; see
    `classify.models.predictive.Predictive`. Covariances are shrunk as strongly as their
    marginal likelihood has it; see `classify.models.covariances`. No constant was
    chosen on music.

    Parameters
    ----------
    unknown_prior : float in (0, 1), or None
        Prior of "none of them" in the methods named open. None: as any label's.
    n_blocks : int
        Blocks of albums for the temperature; 0 keeps it at 1.

    Attributes
    ----------
    classes_ : array, shape (n_labels,)
    temperature_ : float, at least 1
    mean_ : float64, shape (n_columns,)
        m; 0 in columns that do not vary, as in the matrices below.
    label_covariance_, album_covariance_, track_covariance_ : float64
        B, A and T, shape (n_columns, n_columns); A is what the covariance of album
        means has beyond that of a mean of tracks, its negative part cut off.
    rests_on_ : dict of str to (int, float)
        For "label", "album", "track" the degrees of freedom that the covariance rests
        on, and the pseudo-observations of the target that it was shrunk towards.
    predictive_, window_predictive_ : Predictive

    References
    ----------
    .. [1] S. Ioffe, "Probabilistic linear discriminant analysis", ECCV, 2006.
    .. [2] S. J. D. Prince and J. H. Elder, "Probabilistic linear discriminant analysis
       for inferences about identity", ICCV, 2007.
    .. [3] N. Brümmer and E. de Villiers, "The speaker partitioning problem", Odyssey,
       2010.
    """

    rule = HIERARCHICAL

    def __init__(
        self, *, unknown_prior: float | None = None, n_blocks: int = 10
    ) -> None:
        super().__init__(n_blocks=n_blocks)
        self.unknown_prior = unknown_prior

    def fit(
        self,
        X: Any,
        y: Any,
        groups: Any = None,
        *,
        window_covariance: Any = None,
        n_windows: Any = None,
    ) -> HierarchicalGaussian:
        """Learn from tracks.

        Parameters
        ----------
        X, y, groups : as for `AlbumClassifier`
        window_covariance : float64, shape (n_columns, n_columns), or None
            W, pooled, of windows around their track; needed to judge windows.
        n_windows : float, shape (n_tracks,), or None
            Effective windows of each track: those of overlapping ones that count. None
            means many.
        """
        stats = self._summarize(X, y, groups)
        self._learn(stats)
        covariances = estimate_covariances(stats)
        self.predictive_ = Predictive(covariances)
        self.rests_on_ = covariances.rests_on
        self.window_predictive_ = None
        if window_covariance is not None:
            # T is that of means of windows and so holds W / n_windows already.
            share = (
                1.0 if n_windows is None else 1.0 - np.mean(1.0 / np.asarray(n_windows))
            )
            some = np.ix_(stats.columns, stats.columns)
            W = np.asarray(window_covariance, dtype=np.float64)[some]
            W = max(float(share), 0.0) * W / np.outer(stats.scale, stats.scale)
            self.window_predictive_ = Predictive(covariances, W)
        self._describe(stats)
        return self

    def _describe(self, stats: AlbumStatistics) -> None:
        c = self.predictive_.covariances
        at = stats.columns[c.columns]
        scale = stats.scale[c.columns]
        values, vectors = np.linalg.eigh(c.album - c.inverse_size * c.track)
        A = (vectors * np.maximum(values, 0.0)) @ vectors.T

        def widen(matrix: Floats) -> Floats:
            whole = np.zeros((self.n_features_in_, self.n_features_in_))
            whole[np.ix_(at, at)] = matrix * np.outer(scale, scale)
            return whole

        self.label_covariance_, self.track_covariance_ = widen(c.label), widen(c.track)
        self.album_covariance_ = widen(A)
        self.mean_ = np.zeros(self.n_features_in_)
        self.mean_[at] = c.mean * scale + stats.center[c.columns]

    def _densities(self, X: Any, predictive: Predictive) -> Floats:
        return predictive.log_densities(
            self._rows(X), self.label_means_, self.n_albums_of_
        )

    def _scores(self, X: Any) -> Floats:
        check_is_fitted(self)
        return self._densities(X, self.predictive_)[:, :-1]

    def _open(self, densities: Floats) -> Floats:
        prior = self.unknown_prior
        if prior is None:
            prior = 1.0 / (len(self.classes_) + 1)
        return open_log_proba(densities / self.temperature_, prior)

    def predict_open_log_proba(self, X: Any) -> Floats:
        """Return log-probabilities of the labels and, last, of "none of them".

        Returns
        -------
        float64, shape (n, n_labels + 1)
        """
        check_is_fitted(self)
        return self._open(self._densities(X, self.predictive_))

    def predict_window_log_proba(self, X: Any) -> Floats:
        """Return what `predict_open_log_proba` says, for single windows.

        A window is a track known less well: its density has W beyond a track's. So its
        verdict moves along the track, is the more cautious, and that of all windows
        together is the track's, which comes from their mean.

        Raises
        ------
        ValueError
            No covariance of windows was learned.
        """
        check_is_fitted(self)
        if self.window_predictive_ is None:
            raise ValueError("to judge windows, fit needs window_covariance")
        return self._open(self._densities(X, self.window_predictive_))
