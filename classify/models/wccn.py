"""Standardisation with within-class covariance normalisation against lossy coding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]


MOST = 20_000
"""Of more differences, every so many-th is looked at: a hundred or two features need
no more, and every fit of every fold reads them."""


class WCCNScaler(StandardScaler):  # type: ignore[misc]
    """A standard scaler that also learns from re-encodings what to distrust.

    Within-class covariance normalisation, which speaker recognition uses against
    telephone lines: after it, re-encodings move the rows equally far in every
    direction, so that those in which music differs more than codecs do stand out. It
    needs no label. As in nuisance attribute projection the directions come from the
    same recording through different channels; none is removed, since a little treble
    may still be music.

    Attributes
    ----------
    turn_ : float64, shape (n_features, n_features), or None
        Symmetric; standardised rows are multiplied with it. None without shifts.

    References
    ----------
    A. O. Hatch, S. Kajarekar and A. Stolcke, "Within-class covariance normalization for
    SVM-based speaker recognition", Interspeech 2006.

    A. Solomonoff, W. M. Campbell and I. Boardman, "Advances in channel compensation for
    SVM speaker recognition", ICASSP 2005.
    """

    def fit(
        self,
        X: Any,
        y: Any = None,  # noqa: ARG002 (scikit-learn's protocol)
        shifts: NDArray[np.floating] | None = None,
    ) -> WCCNScaler:
        """Learn from rows, and from the shifts that re-encoding gives some of them.

        Parameters
        ----------
        X : shape (n, n_features)
        y : ignored
        shifts : float64, shape (m, n_features), or None
            Rows after a re-encoding minus the same rows before. Fewer than two teach
            nothing.
        """
        super().fit(X)
        self.turn_: Floats | None = None
        if shifts is not None and len(shifts) > 1:
            some = shifts[:: -(-len(shifts) // MOST)]
            self.turn_ = wccn_transform(super().transform(X), some / self.scale_)
        return self

    def transform(self, X: Any) -> Floats:
        """Return standardised rows, turned where there were shifts."""
        rows: Floats = super().transform(X)
        return rows if self.turn_ is None else rows @ self.turn_


def wccn_transform(rows: Floats, shifts: Floats) -> Floats:
    """Return the symmetric inverse root of the shifts' covariance, scaled.

    Parameters
    ----------
    rows : float64, shape (n, n_features)
        Standardised.
    shifts : float64, shape (m, n_features)
        In the same units. Their mean counts as movement, too. Few of them are shrunk
        towards a sphere, by the Ledoit-Wolf estimate.

    Returns
    -------
    float64, shape (n_features, n_features)
        Scaled so that the rows' total variance stays what it was, and with it what a
        model's regularisation means.

    References
    ----------
    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional
    covariance matrices", Journal of Multivariate Analysis 88, 2004.
    """
    moved, _ = ledoit_wolf(shifts, assume_centered=True)
    variances, directions = np.linalg.eigh(moved)
    least = np.finfo(np.float64).eps * variances[-1] * len(variances)
    if variances[-1] <= 0.0:
        return np.eye(len(variances))
    root = (directions / np.sqrt(np.maximum(variances, least))) @ directions.T
    before, after = (rows**2).sum(), ((rows @ root) ** 2).sum()
    result: Floats = root * np.sqrt(before / after) if after > 0.0 else root
    return result
