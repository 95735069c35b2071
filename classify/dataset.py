"""The dataset of a library: labelled tracks with their windows, and the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, load_library, track_sequences
from catalog.records import FeatureSetFacts
from classify.arrays import Dataset, Windows
from classify.exceptions import TooLittleToLearnFromError
from classify.labels import load_labels
from classify.selection import Selection, linear_columns, select_labels
from classify.sequence_features import (
    TrackSequences,
    cut_slices,
    describe_windows,
    remove_key,
    usable_windows,
)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """A library's dataset under a label rule, and the tracks that have no label in it.

    Attributes
    ----------
    library : Library
    sequences : mapping of an index into ``library.tracks`` to TrackSequences, or None
        None where a track lacks them, and all windows are described without.
    dataset : Dataset
    tracks, rest_tracks : the facts of each track of the dataset, and of the rest
    window_ids, rest_window_ids : the catalog's ids, in the order of the windows
    start_s : float64, shape (n_windows,)
        Of the dataset's windows.
    rest : Windows
    columns : tuple of str
        Names of the columns of X: of the feature set, and of what is computed from it.
    selection : Selection
    linear : bool
        Whether windows are described by `linear_columns` alone.
    unmatched : lines of a label file that match no track
    """

    library: Library
    sequences: Mapping[int, TrackSequences] | None
    dataset: Dataset
    tracks: tuple[TrackRow, ...]
    window_ids: NDArray[np.int64]
    start_s: NDArray[np.float64]
    rest: Windows
    rest_tracks: tuple[TrackRow, ...]
    rest_window_ids: NDArray[np.int64]
    columns: tuple[str, ...]
    selection: Selection
    linear: bool = False
    unmatched: tuple[str, ...] = ()

    @property
    def feature_set(self) -> FeatureSetFacts:
        """The feature set of all windows."""
        return self.library.feature_set


def load_training_data(
    catalog: Catalog,
    rule: str,
    *,
    only: Collection[str] = (),
    slices: bool = False,
    linear: bool = False,
    feature_set_id: int | None = None,
) -> TrainingData:
    """Load a library as a dataset under a label rule.

    Parameters
    ----------
    catalog : Catalog
    rule : str
        A label rule, such as ``"artist"``.
    only : collection of str
        Where given, the labels to tell apart; tracks of others join the rest.
    slices : bool
        Whether to cut the sequences to the windows, too.
    linear : bool
        Whether windows are described by `linear_columns` alone.
    feature_set_id : int or None
        None takes the set that most tracks are analysed under.

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels with at least two albums are left.
    BadLabelRuleError
        The rule is none, its file cannot be read, or no track has the tag.
    """
    library = load_library(catalog, feature_set_id)
    if library is None:
        raise TooLittleToLearnFromError(
            "the catalog holds no analysed track; run `scan FOLDER` first"
        )
    names, unmatched = load_labels(catalog, library, rule)
    sequences = None if linear else load_sequences(catalog, library)
    data = prepare_training_data(
        library,
        names,
        rule=rule,
        only=only,
        sequences=sequences,
        slices=slices,
        linear=linear,
    )
    return replace(data, unmatched=tuple(unmatched))


def load_sequences(catalog: Catalog, library: Library) -> dict[int, TrackSequences]:
    """Return the sequences of the tracks that have both kinds."""
    return {
        i: TrackSequences(
            found["chroma"].values, found["logmel"].values, found["chroma"].rate_hz
        )
        for i, found in track_sequences(catalog, library)
        if {"chroma", "logmel"} <= found.keys()
    }


def prepare_training_data(
    library: Library,
    names: Sequence[str | None],
    *,
    rule: str,
    only: Collection[str] = (),
    sequences: Mapping[int, TrackSequences] | None = None,
    slices: bool = False,
    linear: bool = False,
) -> TrainingData:
    """Turn a library's rows into a dataset.

    Parameters
    ----------
    library : Library
    names : sequence of str or None, length ``len(library.tracks)``
        The label of each track.
    rule : str
        Which they follow; for messages.
    only : collection of str
        As `load_training_data` takes it.
    sequences : mapping of an index into ``library.tracks`` to TrackSequences, or None
        Used only where every track with windows has them.
    slices, linear : bool

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels with at least two albums are left.
    """
    tracks, windows = library.tracks, library.windows
    kept = usable_windows(windows.vectors, windows.silent)
    usable = np.zeros(len(tracks), dtype=bool)
    usable[windows.track[kept]] = True
    chosen = select_labels(tracks, names, usable, rule=rule, only=only)
    y = chosen.judged_y
    inside, rest = np.flatnonzero(y >= 0), np.flatnonzero(usable & (y < 0))
    if sequences is None or not sequences.keys() >= set(windows.track.tolist()):
        sequences, slices = None, False
    rows = np.flatnonzero(kept)
    X, columns, cut = describe_library(
        library, sequences, rows, slices=slices, linear=linear
    )
    every = Windows(X, windows.track[rows], len(tracks), cut)
    return TrainingData(
        library=library,
        sequences=sequences,
        dataset=Dataset(
            every.of_tracks(inside), y[inside], chosen.groups[inside], chosen.labels
        ),
        tracks=tuple(tracks[i] for i in inside.tolist()),
        window_ids=windows.window_id[rows[every.windows_of(inside)]],
        start_s=windows.start_s[rows[every.windows_of(inside)]],
        rest=every.of_tracks(rest),
        rest_tracks=tuple(tracks[i] for i in rest.tolist()),
        rest_window_ids=windows.window_id[rows[every.windows_of(rest)]],
        columns=columns,
        selection=chosen,
        linear=linear,
    )


def describe_library(
    library: Library,
    sequences: Mapping[int, TrackSequences] | None,
    rows: NDArray[np.intp],
    *,
    slices: bool = False,
    linear: bool = False,
) -> tuple[NDArray[np.float32], tuple[str, ...], NDArray[np.float16] | None]:
    """Return some windows of a library as models take them.

    Parameters
    ----------
    library : Library
    sequences : mapping of an index into ``library.tracks`` to TrackSequences, or None
        Of all tracks of these windows.
    rows : intp, shape (n,)
        Indices into ``library.windows``; those of one track side by side.
    slices : bool
        Whether to cut the sequences to the windows, too.
    linear : bool
        Whether to describe them by `linear_columns` alone.

    Returns
    -------
    X : float32, shape (n, n_columns)
    columns : tuple of str
    slices : float16, shape (n, STEPS, 12 + n_mels), or None
    """
    windows, names = library.windows, library.feature_set.names
    if linear:
        some, named = linear_columns(tuple(names))
        return windows.vectors[np.ix_(rows, some)], named, None
    if sequences is None or not len(rows):
        return *remove_key(windows.vectors[rows], names), None
    X, cut = [], []
    columns: tuple[str, ...] = ()
    starts = np.flatnonzero(np.diff(windows.track[rows]))
    for own in np.split(rows, starts + 1):
        track = sequences[int(windows.track[own[0]])]
        span = windows.start_s[own], windows.duration_s[own]
        described, columns = describe_windows(windows.vectors[own], names, *span, track)
        X.append(described)
        if slices:
            cut.append(cut_slices(track, *span))
    return np.concatenate(X), columns, np.concatenate(cut) if slices else None
