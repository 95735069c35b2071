"""Statistics of a track's windows, kept beside them: mean, scatter and their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, text

from catalog.models import TrackStatistics

_BATCH = 500  # rows of one insert
_FLOAT32 = np.dtype("<f4")
_WINDOWS = """
    SELECT analysis_id, start_s, duration_s, vector FROM windows
    WHERE NOT silent ORDER BY analysis_id, position
"""


@dataclass(frozen=True, slots=True, eq=False)
class WindowStatistics:
    """What is kept of the n windows of one track that are not silent.

    Attributes
    ----------
    windows : int
    effective_windows : float
        As `effective_number` has it.
    mean : float64, shape (d,)
    scatter : float64, shape (d,)
        The sum of squared deviations from the mean, column by column.
    """

    windows: int
    effective_windows: float
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]


def window_statistics(
    vectors: NDArray[np.float32],
    start_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
) -> WindowStatistics | None:
    """Return the statistics of windows; None where there is no window.

    Parameters
    ----------
    vectors : float32, shape (n, d)
        Of the windows that are not silent.
    start_s, duration_s : float64, shape (n,)
    """
    if not len(vectors):
        return None
    mean = vectors.mean(axis=0, dtype=np.float64)
    return WindowStatistics(
        windows=len(vectors),
        effective_windows=effective_number(start_s, duration_s),
        mean=mean,
        scatter=((vectors - mean) ** 2).sum(axis=0),
    )


def effective_number(
    start_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> float:
    """Return how many windows that share nothing would say as much as these.

    Two windows that share a stretch of the track are correlated by the share of it,
    were the track white noise; the mean of n windows then varies as that of
    n^2 / (sum of all correlations) independent ones.

    Parameters
    ----------
    start_s, duration_s : float64, shape (n,)
        n at least 1, durations above 0.

    Returns
    -------
    float
        From 1 to n; n / 3 nearly for many windows that overlap threefold.

    Examples
    --------
    >>> effective_number(np.array([0.0, 30.0]), np.array([30.0, 30.0]))
    2.0

    References
    ----------
    .. [1] Bayley and Hammersley, "The 'effective' number of independent observations
       in an autocorrelated time series", 1946.
    """
    order = np.argsort(start_s, kind="stable")
    start, duration = start_s[order], duration_s[order]
    end = start + duration
    n = len(start)
    total = float(n)
    for lag in range(1, n):
        shared = np.minimum(end[:-lag], end[lag:]) - start[lag:]
        if not (shared > 0).any():
            break
        lengths = np.sqrt(duration[:-lag] * duration[lag:])
        total += 2.0 * float((np.maximum(shared, 0.0) / lengths).sum())
    return n * n / total


def statistics_row(analysis_id: int, found: WindowStatistics) -> dict[str, Any]:
    """Return the row of a track's statistics."""
    return {
        "analysis_id": analysis_id,
        "windows": found.windows,
        "effective_windows": found.effective_windows,
        "mean": found.mean.astype(_FLOAT32).tobytes(),
        "scatter": found.scatter.astype(_FLOAT32).tobytes(),
    }


def fill_statistics(connection: Connection) -> None:
    """Store the statistics of all analyses, from the windows that are stored."""
    rows: list[dict[str, Any]] = []
    for analysis_id, found in _stored(connection):
        rows.append(statistics_row(analysis_id, found))
        if len(rows) == _BATCH:
            connection.execute(insert(TrackStatistics), rows)
            rows.clear()
    if rows:
        connection.execute(insert(TrackStatistics), rows)


def _stored(connection: Connection) -> Iterator[tuple[int, WindowStatistics]]:
    streamed = {"yield_per": 10_000}
    result = connection.execute(text(_WINDOWS), execution_options=streamed)
    for analysis_id, windows in groupby(result, key=lambda row: row[0]):
        _, start_s, duration_s, vectors = zip(*windows, strict=True)
        flat = np.frombuffer(b"".join(vectors), _FLOAT32)
        found = window_statistics(
            flat.reshape(len(vectors), -1), np.array(start_s), np.array(duration_s)
        )
        if found is not None:
            yield analysis_id, found
