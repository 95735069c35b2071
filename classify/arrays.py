"""Arrays to learn from: windows, the tracks they belong to, labels and groups.

All that learns and judges takes these, and knows of no catalog.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of some tracks, without their labels.

    Attributes
    ----------
    X : float32, shape (n_windows, n_features)
    track : intp, shape (n_windows,), ascending, in [0, n_tracks)
        The track of each window; every track has at least one.
    n_tracks : int
    slices : float16, shape (n_windows, STEPS, 12 + n_mels), or None
        Of the chroma and log-mel sequences, for the models that read them.
    """

    X: NDArray[np.float32]
    track: NDArray[np.intp]
    n_tracks: int
    slices: NDArray[np.float16] | None = None

    def of_tracks(self, tracks: NDArray[np.intp]) -> Windows:
        """Return the windows of `tracks` (ascending), numbered anew from 0."""
        number = np.full(self.n_tracks, -1, dtype=np.intp)
        number[tracks] = np.arange(len(tracks))
        kept = np.flatnonzero(number[self.track] >= 0)
        return Windows(
            X=self.X[kept],
            track=number[self.track[kept]],
            n_tracks=len(tracks),
            slices=None if self.slices is None else self.slices[kept],
        )

    def windows_of(self, tracks: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the indices of the windows that `of_tracks` would keep."""
        return np.flatnonzero(np.isin(self.track, tracks))


@dataclass(frozen=True, eq=False)
class CodecPairs:
    """Tracks that were also analysed as one re-encoding.

    Attributes
    ----------
    variant : str
    tracks : intp, shape (n_tracks,), ascending
        Of a dataset.
    original, coded : Windows
        Of these tracks; the same windows in the same order.
    """

    variant: str
    tracks: NDArray[np.intp]
    original: Windows
    coded: Windows

    def of_tracks(self, tracks: NDArray[np.intp]) -> CodecPairs:
        """Return the pairs of those of the dataset's `tracks` that are here."""
        kept = np.flatnonzero(np.isin(self.tracks, tracks))
        return CodecPairs(
            self.variant,
            self.tracks[kept],
            self.original.of_tracks(kept),
            self.coded.of_tracks(kept),
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled rows: what a model learns from and is judged on.

    Attributes
    ----------
    windows : Windows
    y : intp, shape (n_tracks,)
        Index into `labels`.
    groups : intp, shape (n_tracks,)
        Tracks of one group stay on one side of every split.
    labels : tuple of str
    pairs : tuple of CodecPairs
        What re-encodings did to some of the tracks; nobody is judged on it.
    """

    windows: Windows
    y: NDArray[np.intp]
    groups: NDArray[np.intp]
    labels: tuple[str, ...]
    pairs: tuple[CodecPairs, ...] = ()

    def of_tracks(self, tracks: NDArray[np.intp]) -> Dataset:
        """Return the dataset that is left when only `tracks` (ascending) are known."""
        known = [pairs.of_tracks(tracks) for pairs in self.pairs]
        return Dataset(
            self.windows.of_tracks(tracks),
            self.y[tracks],
            self.groups[tracks],
            self.labels,
            tuple(
                replace(one, tracks=np.searchsorted(tracks, one.tracks))
                for one in known
                if len(one.tracks)
            ),
        )
