"""The tracks of a library as mean vectors, with labels, without their windows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, load_library
from catalog.statistics import load_track_statistics, stream_windows
from classify.arrays import Dataset, Windows
from classify.exceptions import TooLittleToLearnFromError
from classify.labels import load_labels
from classify.selection import Selection, linear_columns, select_labels

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class TrackData:
    """A library's tracks as the models of albums take them.

    Attributes
    ----------
    library : Library
        Without windows.
    selection : Selection
        Of its tracks.
    X : float64, shape (n_tracks, n_columns)
        Means over the windows that are not silent; 0 for tracks that are not usable.
    effective_windows : float64, shape (n_tracks,)
        How many windows that share nothing would say as much.
    windows : int64, shape (n_tracks,)
    analysis_id : int64, shape (n_tracks,)
        -1 for tracks that are not usable; tracks with the same audio share one.
    kept : intp, shape (n_columns,)
        Which columns of a stored vector these are.
    columns : tuple of str
        Their names.
    unmatched : lines of a label file that match no track
    """

    library: Library
    selection: Selection
    X: Floats
    effective_windows: Floats
    windows: NDArray[np.int64]
    analysis_id: NDArray[np.int64]
    kept: Integers
    columns: tuple[str, ...]
    unmatched: tuple[str, ...] = ()

    @property
    def learned(self) -> Integers:
        """The tracks that have a label, ascending."""
        return np.flatnonzero(self.selection.y >= 0)

    @property
    def rest(self) -> Integers:
        """The usable tracks that have none, ascending."""
        return np.flatnonzero(self.selection.usable & (self.selection.y < 0))

    def rows(self, tracks: Integers) -> tuple[TrackRow, ...]:
        """Return the facts of some tracks."""
        return tuple(self.library.tracks[i] for i in tracks.tolist())

    def judged_dataset(self) -> tuple[Dataset, Integers]:
        """Return the tracks whose label can be judged, as a dataset of track means.

        Returns
        -------
        dataset : Dataset
            With one window a track.
        tracks : intp, ascending
        """
        y = self.selection.judged_y
        tracks = np.flatnonzero(y >= 0)
        means = self.X[tracks].astype(np.float32)
        one_each = Windows(means, np.arange(len(tracks)), len(tracks))
        groups = self.selection.groups[tracks]
        return Dataset(one_each, y[tracks], groups, self.selection.labels), tracks


def load_track_data(
    catalog: Catalog,
    rule: str,
    *,
    only: Collection[str] = (),
    feature_set_id: int | None = None,
) -> TrackData:
    """Load a library's tracks under a label rule, from their statistics.

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels with at least two albums are left.
    BadLabelRuleError
        The rule is none, its file cannot be read, or no track has the tag.
    """
    library = load_library(catalog, feature_set_id, with_windows=False)
    if library is None:
        raise TooLittleToLearnFromError(
            "the catalog holds no analysed track; run `scan FOLDER` first"
        )
    names, unmatched = load_labels(catalog, library, rule)
    found = load_track_statistics(catalog, library.feature_set_id)
    kept, columns = linear_columns(tuple(library.feature_set.names))
    n = len(library.tracks)
    X, effective = np.zeros((n, len(kept))), np.ones(n)
    windows, analysis_id = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    number = {track.id: i for i, track in enumerate(library.tracks)}
    at = np.array([number[i] for i in found.track_id.tolist()], dtype=np.intp)
    X[at] = found.mean[:, kept]
    effective[at], windows[at] = found.effective_windows, found.windows
    analysis_id[at] = found.analysis_id
    return TrackData(
        library=library,
        selection=select_labels(
            library.tracks, names, analysis_id >= 0, rule=rule, only=only
        ),
        X=X,
        effective_windows=effective,
        windows=windows,
        analysis_id=analysis_id,
        kept=kept,
        columns=columns,
        unmatched=tuple(unmatched),
    )


def pool_windows(
    catalog: Catalog,
    data: TrackData,
    part: Integers,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Floats, Floats]:
    """Pool the scatter of windows around their track, in one pass over the windows.

    Parameters
    ----------
    catalog : Catalog
    data : TrackData
    part : intp, shape (n_tracks,)
        A number from 0 for each track; -1 for tracks that do not count.
    on_progress : callable of (done, total)
        Told in tracks.

    Returns
    -------
    scatter : float64, shape (n_parts, n_columns, n_columns)
    dof : float64, shape (n_parts,)
        Effective degrees of freedom: windows overlap, so that the scatter of n of them
        that say as much as e is (1 - 1 / e) n times the covariance.
    """
    d, n_parts = data.X.shape[1], int(part.max(initial=-1)) + 1
    scatter: Floats = np.zeros((n_parts, d, d))
    ids, first = np.unique(data.analysis_id, return_index=True)
    wanted = (ids >= 0) & (part[first] >= 0)
    ids, first = ids[wanted], first[wanted]
    free = data.windows[first] * (1.0 - 1.0 / data.effective_windows[first])
    dof = np.bincount(part[first], weights=free, minlength=n_parts).astype(np.float64)
    width, done = len(data.library.feature_set.names), 0
    for some in stream_windows(catalog, ids, width):
        track = first[np.searchsorted(ids, some.analysis_id)]
        inner = some.vectors[:, data.kept] - data.X[track]
        of = part[track]
        for b in np.unique(of):
            own = inner[of == b]
            scatter[b] += own.T @ own
        done += len(np.unique(some.analysis_id))
        on_progress(done, len(ids))
    return scatter, dof
