"""The dataset of a library: labelled tracks with their windows, and the rest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, load_library, track_sequences
from catalog.names import fold
from catalog.records import FeatureSetFacts
from classify.arrays import Dataset, Windows
from classify.exceptions import TooLittleToLearnFromError
from classify.folds import album_groups
from classify.labels import load_labels
from classify.sequence_features import (
    TrackSequences,
    cut_slices,
    describe_windows,
    remove_key,
    usable_windows,
)

MIN_ALBUMS = 2
"""A label with fewer album groups than this cannot be learned and tested."""

_NAMED = 5


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
    left_out : mapping of a label with too few albums to its number of tracks
    scarce : labels with exactly two albums
    unusable : tracks without a single window that a model may see
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
    left_out: dict[str, int]
    scarce: tuple[str, ...]
    unusable: tuple[TrackRow, ...]
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
    sequences = load_sequences(catalog, library)
    return prepare_training_data(
        library,
        names,
        rule=rule,
        only=only,
        sequences=sequences,
        slices=slices,
        unmatched=unmatched,
    )


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
    unmatched: Sequence[str] = (),
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
    slices : bool
    unmatched : sequence of str

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels with at least two albums are left.
    """
    tracks, windows = library.tracks, library.windows
    kept = usable_windows(windows.vectors, windows.silent)
    usable = np.zeros(len(tracks), dtype=bool)
    usable[windows.track[kept]] = True
    names = _keep_only(names, only)
    groups = album_groups(tracks)
    albums: dict[str, set[int]] = {}
    for i, name in enumerate(names):
        if name is not None and usable[i]:
            albums.setdefault(name, set()).add(int(groups[i]))
    labels = tuple(sorted(n for n, found in albums.items() if len(found) >= MIN_ALBUMS))
    if len(labels) < 2:
        raise TooLittleToLearnFromError(
            _what_is_missing(rule, albums, labels, bool(usable.any()), only)
        )
    number = {name: k for k, name in enumerate(labels)}
    y = np.array([number.get(n, -1) if n else -1 for n in names], dtype=np.intp)
    inside, rest = np.flatnonzero(usable & (y >= 0)), np.flatnonzero(usable & (y < 0))
    if sequences is None or not sequences.keys() >= set(windows.track.tolist()):
        sequences, slices = None, False
    rows = np.flatnonzero(kept)
    X, columns, cut = describe_library(library, sequences, rows, slices=slices)
    every = Windows(X, windows.track[rows], len(tracks), cut)
    return TrainingData(
        library=library,
        sequences=sequences,
        dataset=Dataset(every.of_tracks(inside), y[inside], groups[inside], labels),
        tracks=tuple(tracks[i] for i in inside.tolist()),
        window_ids=windows.window_id[rows[every.windows_of(inside)]],
        start_s=windows.start_s[rows[every.windows_of(inside)]],
        rest=every.of_tracks(rest),
        rest_tracks=tuple(tracks[i] for i in rest.tolist()),
        rest_window_ids=windows.window_id[rows[every.windows_of(rest)]],
        columns=columns,
        left_out={n: names.count(n) for n in sorted(albums) if n not in labels},
        scarce=tuple(n for n in labels if len(albums[n]) == MIN_ALBUMS),
        unusable=tuple(tracks[i] for i in np.flatnonzero(~usable).tolist()),
        unmatched=tuple(unmatched),
    )


def describe_library(
    library: Library,
    sequences: Mapping[int, TrackSequences] | None,
    rows: NDArray[np.intp],
    *,
    slices: bool = False,
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

    Returns
    -------
    X : float32, shape (n, n_columns)
    columns : tuple of str
    slices : float16, shape (n, STEPS, 12 + n_mels), or None
    """
    windows, names = library.windows, library.feature_set.names
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


def _keep_only(names: Sequence[str | None], only: Collection[str]) -> list[str | None]:
    if not only:
        return list(names)
    wanted = {fold(name): name for name in only}
    known = {fold(name): name for name in names if name}
    absent = sorted(name for key, name in wanted.items() if key not in known)
    if absent:
        near = get_close_matches(fold(absent[0]), known, cutoff=0.5) or sorted(known)
        raise TooLittleToLearnFromError(
            f"--only {absent[0]}: no track of the catalog has this label; there is "
            f"{', '.join(known[key] for key in near[:_NAMED]) or 'none'}"
        )
    return [name if name and fold(name) in wanted else None for name in names]


def _what_is_missing(
    rule: str,
    albums: dict[str, set[int]],
    labels: tuple[str, ...],
    has_windows: bool,  # noqa: FBT001
    only: Collection[str],
) -> str:
    if not has_windows:
        return (
            "the catalog holds no window that could be learned from; run `scan` first"
        )
    if not albums:
        return f"no track has a label ({rule}); tag the files and scan again"
    few = ", ".join(sorted(set(albums) - set(labels))[:_NAMED])
    enough = f"only {labels[0]} has" if labels else "none has"
    if few:
        then = f"scan further albums of {few}"
    elif only:
        then = "name a further one with --only, or leave it out"
    else:
        then = "scan albums of a second label"
    return (
        f"too little to learn from: at least 2 labels ({rule}) with {MIN_ALBUMS} or "
        f"more albums each are needed, and {enough} as many; {then}"
    )


def dataset_hash(data: TrainingData) -> str:
    """Return 32 hex digits that change whenever what is learned from does."""
    dataset, facts = data.dataset, data.feature_set
    payloads = [track.payload_hash for track in data.tracks]
    known = [facts.version, list(facts.names), dict(facts.parameters), payloads]
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([*known, list(dataset.labels)], sort_keys=True).encode())
    for array in (dataset.y, dataset.groups, dataset.windows.track):
        digest.update(np.ascontiguousarray(array, "<i8").tobytes())
    digest.update(np.ascontiguousarray(dataset.windows.X, "<f4").tobytes())
    for pairs in dataset.pairs:
        digest.update(pairs.variant.encode())
        digest.update(np.ascontiguousarray(pairs.tracks, "<i8").tobytes())
        digest.update(np.ascontiguousarray(pairs.coded.X, "<f4").tobytes())
    return digest.hexdigest()
