"""The arrays that models learn from: windows, their tracks, labels and groups."""

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
    """Tracks that were also analysed as one re-encoding, before and after.

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
    """Labelled tracks with their windows, for models to learn from and to predict.

    Attributes
    ----------
    windows : Windows
    y : intp, shape (n_tracks,)
        Index into `labels`.
    groups : intp, shape (n_tracks,)
        Tracks of one group stay on one side of every split.
    labels : tuple of str
    pairs : tuple of CodecPairs
        Re-encodings of some of the tracks; no score rests on them.
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


def track_means(
    values: NDArray[np.floating], track: NDArray[np.intp], n_tracks: int
) -> NDArray[np.float64]:
    """Return the mean over each track's rows, shape (n_tracks, n_columns).

    Parameters
    ----------
    values : shape (n, n_columns)
    track : intp, shape (n,), in [0, n_tracks)
    n_tracks : int
    """
    sums = np.zeros((n_tracks, values.shape[1]))
    np.add.at(sums, track, values)
    means: NDArray[np.float64] = sums / np.bincount(track, minlength=n_tracks)[:, None]
    return means


def majority_baseline(dataset: Dataset) -> float:
    """Return the share of the most frequent label, the best that one answer can do.

    The model ``majority`` must find that label on the training side of each fold, from
    which the albums in question are missing, and so can only do worse.
    """
    return float(np.bincount(dataset.y).max() / len(dataset.y))
