"""The second stage: a whole track as one row, from statistics of its windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classify.dataset import Rows


def track_statistics(rows: Rows) -> NDArray[np.float32]:
    """Return mean and standard deviation over each track's windows.

    Returns
    -------
    float32, shape (n_tracks, 2 * n_features)
        The deviations of a track with one window are 0.
    """
    count = np.bincount(rows.track, minlength=rows.n_tracks)[:, None]
    starts = np.searchsorted(rows.track, np.arange(rows.n_tracks))
    X = rows.X.astype(np.float64)
    mean = np.add.reduceat(X, starts) / count
    deviation = np.sqrt(np.add.reduceat((X - mean[rows.track]) ** 2, starts) / count)
    return np.hstack([mean, deviation]).astype(np.float32)
