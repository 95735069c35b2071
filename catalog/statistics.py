"""Statistics of the windows of a library's tracks, and the windows as a stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from catalog.analyses import VECTOR
from catalog.database import Catalog
from catalog.datasets import FROM_PRESENT, IN_ORDER, load_feature_set


@dataclass(frozen=True, slots=True, eq=False)
class LibraryStatistics:
    """Statistics of the windows of all present tracks, as parallel arrays of length n.

    Attributes
    ----------
    track_id : int64, shape (n,)
        In the order of a `Library`'s tracks; those that are silent throughout, or too
        short, are left out.
    analysis_id : int64, shape (n,)
        Tracks with the same audio share one.
    windows : int64, shape (n,)
        Windows that are not silent.
    effective_windows : float64, shape (n,), 1 to `windows`
        The number of windows that share nothing and would say as much.
    mean : float32, shape (n, d)
    scatter : float32, shape (n, d)
        The sum of squared deviations from the track's mean.
    """

    track_id: NDArray[np.int64]
    analysis_id: NDArray[np.int64]
    windows: NDArray[np.int64]
    effective_windows: NDArray[np.float64]
    mean: NDArray[np.float32]
    scatter: NDArray[np.float32]


def load_track_statistics(
    catalog: Catalog, feature_set_id: int, *, variant: str = "original"
) -> LibraryStatistics:
    """Load what is kept of each track's windows, without the windows."""
    pairs = catalog.rows(
        _ANALYSES_WITH_STATISTICS, number=feature_set_id, variant=variant
    )
    places: defaultdict[int, list[int]] = defaultdict(list)  # duplicates share one
    for place, (_, analysis_id) in enumerate(pairs):
        places[analysis_id].append(place)
    width = len(load_feature_set(catalog, feature_set_id).names)
    found = LibraryStatistics(
        track_id=np.array([track_id for track_id, _ in pairs], dtype=np.int64),
        analysis_id=np.array([number for _, number in pairs], dtype=np.int64),
        windows=np.zeros(len(pairs), dtype=np.int64),
        effective_windows=np.zeros(len(pairs)),
        mean=np.zeros((len(pairs), width), dtype=np.float32),
        scatter=np.zeros((len(pairs), width), dtype=np.float32),
    )
    after = -1
    while rows := catalog.rows(_STATISTICS, after=after, number=feature_set_id):
        after = rows[-1][0]
        for analysis_id, windows, effective, mean, scatter in rows:
            for place in places.get(analysis_id, ()):
                found.windows[place] = windows
                found.effective_windows[place] = effective
                found.mean[place] = np.frombuffer(mean, VECTOR)
                found.scatter[place] = np.frombuffer(scatter, VECTOR)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class WindowPart:
    """The windows of some analyses that are not silent, as arrays of length n.

    Attributes
    ----------
    analysis_id : int64, shape (n,), ascending
    window_id : int64, shape (n,)
    vectors : float32, shape (n, d)
    """

    analysis_id: NDArray[np.int64]
    window_id: NDArray[np.int64]
    vectors: NDArray[np.float32]


def stream_windows(
    catalog: Catalog, analysis_ids: NDArray[np.int64], width: int
) -> Iterator[WindowPart]:
    """Yield the windows of some analyses, `_ANALYSES` of these at a time.

    Parameters
    ----------
    catalog : Catalog
    analysis_ids : int64, shape (n,)
        Ascending, each once.
    width : int
        Length of a vector.
    """
    bounds = [*range(0, len(analysis_ids), _ANALYSES), len(analysis_ids)]
    for first, stop in pairwise(bounds):
        some = analysis_ids[first:stop]
        rows = catalog.rows(_WINDOWS, low=int(some[0]), high=int(some[-1]))
        if not rows:
            continue
        owners, numbers, vectors = zip(*rows, strict=True)
        owner = np.array(owners, dtype=np.int64)
        wanted = np.isin(owner, some)
        yield WindowPart(
            owner[wanted],
            np.array(numbers, dtype=np.int64)[wanted],
            np.frombuffer(b"".join(vectors), VECTOR).reshape(-1, width)[wanted],
        )


_ANALYSES = 500

_ANALYSES_WITH_STATISTICS = f"""
    SELECT tracks.id, analyses.id
    {FROM_PRESENT}
    JOIN track_statistics ON track_statistics.analysis_id = analyses.id
    {IN_ORDER}
"""

_STATISTICS = """
    SELECT track_statistics.analysis_id, track_statistics.windows,
        track_statistics.effective_windows, track_statistics.mean,
        track_statistics.scatter
    FROM track_statistics
    JOIN analyses ON analyses.id = track_statistics.analysis_id
    WHERE track_statistics.analysis_id > :after AND analyses.feature_set_id = :number
    ORDER BY track_statistics.analysis_id
    LIMIT 4096
"""

_WINDOWS = """
    SELECT analysis_id, id, vector FROM windows
    WHERE analysis_id BETWEEN :low AND :high AND NOT silent
    ORDER BY analysis_id, position
"""
