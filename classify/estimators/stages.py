"""The second stage: a whole track as one row, from statistics of its windows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classify.arrays import Rows

PARTED = 6
"""A track of fewer windows has no parts: the statistics of so few would be noise."""


def track_statistics(rows: Rows) -> NDArray[np.float32]:
    """Return mean, standard deviation and change over each track's windows.

    Returns
    -------
    float32, shape (n_tracks, 3 * n_features)
        The change is the mean absolute difference between a window and the next: what
        a deviation cannot tell, whether a track drifts or alternates. Deviations and
        changes of a track with one window are 0.
    """
    count = np.bincount(rows.track, minlength=rows.n_tracks)[:, None]
    starts = np.searchsorted(rows.track, np.arange(rows.n_tracks))
    X = rows.X.astype(np.float64)
    mean = np.add.reduceat(X, starts) / count
    deviation = np.sqrt(np.add.reduceat((X - mean[rows.track]) ** 2, starts) / count)
    steps = np.abs(np.diff(X, axis=0, prepend=X[:1]))
    steps[starts] = 0.0
    change = np.add.reduceat(steps, starts) / np.maximum(count - 1, 1)
    return np.hstack([mean, deviation, change]).astype(np.float32)


def in_parts(rows: Rows) -> tuple[Rows, NDArray[np.intp]]:
    """Return each track whole, and its first, last and middle half as further tracks.

    Statistics of a part are what they might have been had the song been cut otherwise:
    a model that learns from them, too, sees how far a track's statistics are chance.

    Returns
    -------
    parts : Rows
        Without slices; its tracks are the parts, those of one track side by side.
    owner : intp, shape (n_parts,), ascending
        The track that each part is of.
    """
    bounds = np.searchsorted(rows.track, np.arange(rows.n_tracks + 1)).tolist()
    windows: list[NDArray[np.intp]] = []
    owner: list[int] = []
    for track, (a, b) in enumerate(pairwise(bounds)):
        half, quarter = (b - a) // 2, (b - a) // 4
        spans = [(a, b)]
        if b - a >= PARTED:
            middle = a + quarter
            spans += [(a, a + half), (a + half, b), (middle, middle + half)]
        windows += [np.arange(first, last) for first, last in spans]
        owner += [track] * len(spans)
    some = np.concatenate(windows) if windows else np.zeros(0, dtype=np.intp)
    numbers = np.arange(len(windows), dtype=np.intp)
    lengths = [len(part) for part in windows]
    parts = replace(
        rows,
        X=rows.X[some],
        track=np.repeat(numbers, lengths),
        n_tracks=len(windows),
        slices=None,
    )
    return parts, np.array(owner, dtype=np.intp)
