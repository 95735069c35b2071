"""From a catalog to a dataset: which tracks have a label, which windows count."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.database import Catalog
from catalog.datasets import Library, TrackRow, WindowRows, tag_values, track_sequences
from catalog.names import fold
from catalog.records import FeatureSetFacts
from classify.arrays import Dataset, Windows
from classify.exceptions import BadLabelRuleError, TooLittleToLearnFromError
from classify.folds import album_groups
from classify.labels import (
    CSV,
    TAG,
    check_rule,
    labels_of,
    match_lines,
    unify_spelling,
)
from classify.sequence_features import (
    NAMES,
    TrackSequences,
    compute_sequence_features,
    cut_slices,
    remove_key,
)

_NAMED = 5
MIN_ALBUMS = 2
"""A label with fewer album groups than this cannot be learned and tested."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """A catalog's windows as a dataset, and the rows that have no label in it.

    Attributes
    ----------
    dataset : Dataset
    tracks, rest_tracks : the facts of each track of the dataset, and of the rest
    window_ids, rest_window_ids : the catalog's ids, in the order of the rows
    rest : Windows
    feature_set : FeatureSetFacts
    names : tuple of str
        Of the columns of X: of the feature set, and of what is made of it.
    left_out : mapping of a label with too few albums to its number of tracks
    scarce : labels with exactly two albums
    unheard : tracks without a single window that could be used
    """

    dataset: Dataset
    tracks: tuple[TrackRow, ...]
    window_ids: NDArray[np.int64]
    rest: Windows
    rest_tracks: tuple[TrackRow, ...]
    rest_window_ids: NDArray[np.int64]
    feature_set: FeatureSetFacts
    names: tuple[str, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    scarce: tuple[str, ...] = ()
    unheard: tuple[TrackRow, ...] = ()


def usable(windows: WindowRows) -> NDArray[np.bool_]:
    """Return which windows a model may see: neither silent nor holding a NaN."""
    finite = np.asarray(np.isfinite(windows.vectors).all(axis=1))
    return finite & ~windows.silent


def describe_windows(
    vectors: NDArray[np.float32],
    names: tuple[str, ...],
    start_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    sequences: TrackSequences | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return a track's windows as models take them, and the names of the columns.

    Parameters
    ----------
    vectors : float32, shape (n_windows, len(names))
        Of the feature set.
    names : tuple of str
    start_s, duration_s : float64, shape (n_windows,)
    sequences : TrackSequences or None
        Without them the windows are described by their vectors alone.
    """
    X, named = remove_key(vectors, names)
    if sequences is None:
        return X, named
    return np.hstack(
        [X, compute_sequence_features(sequences, start_s, duration_s)]
    ), named + NAMES


def prepare_training_data(  # noqa: PLR0913 (the parts of a library, and the question)
    tracks: Sequence[TrackRow],
    windows: WindowRows,
    feature_set: FeatureSetFacts,
    *,
    rule: str,
    only: Collection[str] = (),
    given: Sequence[str | None] | None = None,
    sequences: Mapping[int, TrackSequences] | None = None,
    slices: bool = False,
) -> TrainingData:
    """Turn a catalog's rows into a data set under a label rule.

    Parameters
    ----------
    tracks : sequence of TrackRow
    windows : WindowRows
        ``windows.track`` indexes `tracks`.
    feature_set : FeatureSetFacts
    rule : str
        A label rule, such as ``"artist"``.
    only : collection of str
        Where given, the labels to tell apart; tracks of others join the rest.
    given : sequence of str or None, length len(tracks), or None
        The labels, where the rule needs more than the tracks' own facts.
    sequences : mapping of an index into `tracks` to TrackSequences, or None
        Used only where every track with windows has them.
    slices : bool
        Whether to cut the sequences to the windows, too.

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels with at least two albums are left.
    """
    kept = usable(windows)
    heard = np.zeros(len(tracks), dtype=bool)
    heard[windows.track[kept]] = True
    names = _chosen(labels_of(rule, tracks) if given is None else list(given), only)
    groups = album_groups(tracks)
    albums: dict[str, set[int]] = {}
    for i, name in enumerate(names):
        if name is not None and heard[i]:
            albums.setdefault(name, set()).add(int(groups[i]))
    labels = tuple(sorted(n for n, found in albums.items() if len(found) >= MIN_ALBUMS))
    left_out = {
        n: sum(1 for m in names if m == n) for n in sorted(albums) if n not in labels
    }
    if len(labels) < 2:
        missing = _what_is_missing(rule, albums, labels, heard, only)
        raise TooLittleToLearnFromError(missing)
    number = {name: k for k, name in enumerate(labels)}
    y = np.array([number.get(n, -1) if n else -1 for n in names], dtype=np.intp)
    inside, rest = np.flatnonzero(heard & (y >= 0)), np.flatnonzero(heard & (y < 0))
    X, columns, cut = _columns(windows, feature_set.names, sequences, slices=slices)
    whole = Windows(X, windows.track, len(tracks), cut)
    rows, ids = _rows(whole, windows.window_id, kept, inside)
    rest_rows, rest_ids = _rows(whole, windows.window_id, kept, rest)
    return TrainingData(
        dataset=Dataset(rows, y[inside], groups[inside], labels),
        tracks=tuple(tracks[i] for i in inside.tolist()),
        window_ids=ids,
        rest=rest_rows,
        rest_tracks=tuple(tracks[i] for i in rest.tolist()),
        rest_window_ids=rest_ids,
        feature_set=feature_set,
        names=columns,
        left_out=left_out,
        scarce=tuple(n for n in labels if len(albums[n]) == MIN_ALBUMS),
        unheard=tuple(tracks[i] for i in np.flatnonzero(~heard).tolist()),
    )


def _columns(
    windows: WindowRows,
    names: tuple[str, ...],
    sequences: Mapping[int, TrackSequences] | None,
    *,
    slices: bool,
) -> tuple[NDArray[np.float32], tuple[str, ...], NDArray[np.float16] | None]:
    """Return X, the names of its columns, and the slices where wanted and there."""
    X, named = remove_key(windows.vectors, names)
    found = np.unique(windows.track).tolist()
    if sequences is None or not found or any(i not in sequences for i in found):
        return X, named, None
    bounds = np.searchsorted(windows.track, [*found, found[-1] + 1])
    added, cut = [], []
    for i, a, b in zip(found, bounds[:-1], bounds[1:], strict=True):
        span = windows.start_s[a:b], windows.duration_s[a:b]
        added.append(compute_sequence_features(sequences[i], *span))
        if slices:
            cut.append(cut_slices(sequences[i], *span))
    X = np.hstack([X, np.concatenate(added)])
    return X, named + NAMES, np.concatenate(cut) if slices else None


def _chosen(names: list[str | None], only: Collection[str]) -> list[str | None]:
    if not only:
        return names
    wanted = {fold(name): name for name in only}
    found = {fold(name) for name in names if name}
    absent = sorted(name for key, name in wanted.items() if key not in found)
    if absent:
        there = {fold(name): name for name in names if name}
        near = get_close_matches(fold(absent[0]), there, cutoff=0.5) or sorted(there)
        raise TooLittleToLearnFromError(
            f"--only {absent[0]}: no track of the catalog has this label; there is "
            f"{', '.join(there[key] for key in near[:_NAMED]) or 'none'}"
        )
    return [name if name and fold(name) in wanted else None for name in names]


def _rows(
    whole: Windows,
    window_ids: NDArray[np.int64],
    kept: NDArray[np.bool_],
    tracks: NDArray[np.intp],
) -> tuple[Windows, NDArray[np.int64]]:
    number = np.full(whole.n_tracks, -1, dtype=np.intp)
    number[tracks] = np.arange(len(tracks))
    chosen = np.flatnonzero(kept & (number[whole.track] >= 0))
    rows = Windows(
        whole.X[chosen],
        number[whole.track[chosen]],
        len(tracks),
        None if whole.slices is None else whole.slices[chosen],
    )
    return rows, window_ids[chosen]


def _what_is_missing(
    rule: str,
    albums: dict[str, set[int]],
    labels: tuple[str, ...],
    heard: NDArray[np.bool_],
    only: Collection[str],
) -> str:
    if not heard.any():
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


def load_sequences(catalog: Catalog, library: Library) -> dict[int, TrackSequences]:
    """Return the sequences of the tracks that have both kinds."""
    return {
        i: TrackSequences(
            found["chroma"].values, found["logmel"].values, found["chroma"].rate_hz
        )
        for i, found in track_sequences(catalog, library)
        if {"chroma", "logmel"} <= found.keys()
    }


def load_labels(
    catalog: Catalog, library: Library, rule: str
) -> tuple[list[str | None], list[str]]:
    """Return the label of each track of a library, and what of a rule matches nothing.

    Raises
    ------
    BadLabelRuleError
        The rule is none, its file cannot be read, or no track has the tag.
    """
    check_rule(rule)
    if rule.startswith(TAG):
        name = rule.removeprefix(TAG)
        values = tag_values(catalog, name)
        if not values:
            raise BadLabelRuleError(
                f"--label {rule}: no track has a tag of this name; the catalog's table "
                "raw_tags holds those there are"
            )
        return unify_spelling([values.get(track.id) for track in library.tracks]), []
    if rule.startswith(CSV):
        path = Path(rule.removeprefix(CSV))
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return match_lines(csv.reader(lines), library.tracks)
        except OSError as error:
            raise BadLabelRuleError(
                f"--label {rule}: cannot be read ({error.strerror}); check the path"
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadLabelRuleError(
                f"--label {rule}: cannot be read ({error}); give a CSV file in UTF-8"
            ) from error
    return labels_of(rule, library.tracks), []


def dataset_hash(data: TrainingData) -> str:
    """Return 32 hex digits that change whenever what is learned from does."""
    dataset, digest = data.dataset, hashlib.blake2b(digest_size=16)
    facts = data.feature_set
    payloads = [track.payload_hash for track in data.tracks]
    known = [facts.version, list(facts.names), dict(facts.parameters), payloads]
    digest.update(json.dumps([*known, list(dataset.labels)], sort_keys=True).encode())
    for array in (dataset.y, dataset.groups, dataset.windows.track):
        digest.update(np.ascontiguousarray(array, "<i8").tobytes())
    digest.update(np.ascontiguousarray(dataset.windows.X, "<f4").tobytes())
    for pairs in dataset.pairs:
        digest.update(pairs.variant.encode())
        digest.update(np.ascontiguousarray(pairs.tracks, "<i8").tobytes())
        digest.update(np.ascontiguousarray(pairs.coded.X, "<f4").tobytes())
    return digest.hexdigest()
