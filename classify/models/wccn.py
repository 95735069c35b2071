"""Standardise features, and quieten the directions in which lossy coding moves them."""

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
    """A standard scaler that also learns what to distrust, where it is shown.

    Within-class covariance normalisation (Hatch, Kajarekar and Stolcke 2006), which
    speaker recognition uses against telephone lines: after it, re-encodings move the
    rows equally far in every direction, so that those in which music differs more than
    codecs do stand out. It needs no label. As in nuisance attribute projection
    (Solomonoff, Campbell and Boardman 2005) the directions come from the same recording
    through different channels; none is removed, since a little treble may still be
    music.

    Attributes
    ----------
    turn_ : float64, shape (n_features, n_features), or None
        Symmetric; what standardised rows are multiplied with. None without shifts.
    """

    def fit(
        self,
        X: Any,
        y: Any = None,  # noqa: ARG002 (scikit-learn's protocol)
        shifts: NDArray[np.floating] | None = None,
    ) -> WCCNScaler:
        """Learn from rows, and from what re-encoding adds to some of them.

        Parameters
        ----------
        X : shape (n, n_features)
        y : ignored
        shifts : float64, shape (m, n_features), or None
            Windows after a re-encoding minus the same rows before. Fewer than two teach
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
        towards a sphere, by as much as Ledoit and Wolf (2004) hold best.

    Returns
    -------
    float64, shape (n_features, n_features)
        Scaled so that the rows' total variance stays what it was, and with it what a
        model's regularisation means.
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
