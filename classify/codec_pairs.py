"""Windows of tracks beside those of their re-encodings, and how far they differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.audio_facts import variant_counts
from catalog.database import Catalog
from catalog.datasets import Library, load_library
from classify.arrays import CodecPairs, Windows, track_means
from classify.dataset import TrainingData, describe_library, load_sequences
from classify.exceptions import TooLittleToLearnFromError
from classify.metrics import balanced_accuracy
from classify.sequence_features import TrackSequences, usable_windows

Floats = NDArray[np.float64]


ENOUGH_CODECS = 3
"""From re-encodings by so many codecs models learn without being asked. What one or two
do is held against directions in which there is music, too; it costs accuracy."""

_CHAINS = {"yt": ("aac", "mp3")}

NO_VARIANTS = (
    "the catalog holds no re-encodings of these tracks; make some with "
    "`scan --variants mp3:64k,mp3:128k,aac:96k,opus:48k,yt`"
)


def load_codec_pairs(
    catalog: Catalog, data: TrainingData, *, slices: bool = False
) -> tuple[CodecPairs, ...]:
    """Return the tracks of a dataset beside their re-encodings, by the variant's name.

    Parameters
    ----------
    catalog : Catalog
    data : TrainingData
    slices : bool
        Whether to cut the sequences to the windows, too.
    """
    number = data.library.feature_set_id
    found = []
    for variant in variant_counts(catalog, number):
        coded = load_library(catalog, number, variant=variant)
        if coded is not None:
            sequences = load_sequences(catalog, coded)
            found.append(_pair_windows(data, coded, sequences, slices=slices))
    return tuple(pairs for pairs in found if len(pairs.tracks))


def _pair_windows(
    data: TrainingData,
    coded: Library,
    sequences: Mapping[int, TrackSequences],
    *,
    slices: bool,
) -> CodecPairs:
    """Pair the usable windows of each track with those of its re-encoding."""
    described = None if data.sequences is None else sequences
    numbers = {track.id: i for i, track in enumerate(data.tracks)}
    number = np.array([numbers.get(track.id, -1) for track in coded.tracks], np.intp)
    if described is not None:
        number[[i for i in range(len(number)) if i not in described]] = -1
    theirs, ours = coded.windows, data.dataset.windows
    usable = usable_windows(theirs.vectors, theirs.silent)
    rows = np.flatnonzero(usable & (number[theirs.track] >= 0))
    _, before, after = np.intersect1d(
        _keys(ours.track, data.start_s),
        _keys(number[theirs.track[rows]], theirs.start_s[rows]),
        return_indices=True,
    )
    tracks, track = np.unique(ours.track[before], return_inverse=True)
    X, _, cut = describe_library(
        coded, described, rows[after], slices=slices, linear=data.linear
    )
    own_cut = ours.slices[before] if slices and ours.slices is not None else None
    return CodecPairs(
        coded.variant,
        tracks,
        Windows(ours.X[before], track, len(tracks), own_cut),
        Windows(X, track, len(tracks), cut),
    )


def _keys(track: NDArray[np.intp], start_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a number for each window: its track, and its start in milliseconds."""
    return track.astype(np.int64) * 10**9 + np.round(1000 * start_s).astype(np.int64)


def add_codec_pairs(
    catalog: Catalog, data: TrainingData, variants: Collection[str] | None = None
) -> TrainingData:
    """Return the data with the pairs from which models learn what re-encoding does.

    Parameters
    ----------
    catalog : Catalog
    data : TrainingData
    variants : collection of str or None
        Names of those to learn from; None for all that the catalog holds.
    """
    pairs = tuple(
        one
        for one in load_codec_pairs(catalog, data)
        if variants is None or one.variant in variants
    )
    return replace(data, dataset=replace(data.dataset, pairs=pairs))


def add_wanted_codec_pairs(
    catalog: Catalog, data: TrainingData, *, wanted: bool | None
) -> TrainingData:
    """Return the data with all codec pairs, where they are wanted or worth it.

    Parameters
    ----------
    catalog : Catalog
    data : TrainingData
    wanted : bool or None
        None: where there are re-encodings by `ENOUGH_CODECS` codecs.

    Raises
    ------
    TooLittleToLearnFromError
        They are wanted, and there is no re-encoding of these tracks.
    """
    if wanted is False:
        return data
    paired = add_codec_pairs(catalog, data)
    variants = [one.variant for one in paired.dataset.pairs]
    if wanted and not variants:
        raise TooLittleToLearnFromError(NO_VARIANTS)
    return paired if wanted or len(codecs(variants)) >= ENOUGH_CODECS else data


def codecs(variants: Collection[str]) -> set[str]:
    """Return the codecs by which re-encodings were made.

    >>> sorted(codecs(["mp3:64k", "mp3:128k", "yt"]))
    ['aac', 'mp3']
    """
    of = (_CHAINS.get(name, (name.partition(":")[0],)) for name in variants)
    return {codec for chain in of for codec in chain}


_LEAST_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class Drift:
    """How far each feature moves, in units of its spread between tracks.

    Attributes
    ----------
    size : float64, shape (n_features,)
        Root mean square over windows, every track weighing the same.
    bias : float64, shape (n_features,)
        Mean: what is left when the ups and downs cancel out.
    """

    size: Floats
    bias: Floats


def measure_spread(windows: Windows) -> Floats:
    """Return the standard deviation between tracks of each feature's track mean."""
    means = track_means(windows.X, windows.track, windows.n_tracks)
    spread: Floats = means.std(axis=0)
    return spread


def measure_drift(original: Windows, coded: Windows, spread: Floats) -> Drift:
    """Compare the same windows before and after.

    Parameters
    ----------
    original, coded : Windows
        The same windows in the same order.
    spread : float64, shape (n_features,)
        A feature that is the same for all tracks does not count as moved.
    """
    change = coded.X.astype(np.float64) - original.X
    of_tracks = original.track, original.n_tracks
    size = track_means(change**2, *of_tracks).mean(axis=0)
    bias = track_means(change, *of_tracks).mean(axis=0)
    unit = np.where(spread > _LEAST_SPREAD, spread, np.inf)
    return Drift(np.sqrt(size) / unit, bias / unit)


@dataclass(frozen=True, slots=True)
class Flips:
    """Predictions that change under a re-encoding; shares in [0, 1].

    Attributes
    ----------
    tracks, windows : int
    tracks_flipped, windows_flipped : float
        Share whose best label is another one afterwards.
    mean_change : float
        Mean over tracks of the absolute change of the true label's probability.
    accuracy, accuracy_before : float
        Of the tracks, as they are now and as they were.
    balanced, balanced_before : float
    """

    tracks: int
    windows: int
    tracks_flipped: float
    windows_flipped: float
    mean_change: float
    accuracy: float
    accuracy_before: float
    balanced: float
    balanced_before: float


@dataclass(frozen=True, eq=False)
class PairPredictions:
    """Probabilities before and after a re-encoding, rows aligned."""

    windows: tuple[Floats, Floats]
    tracks: tuple[Floats, Floats]


def count_flips(pair: PairPredictions, y: NDArray[np.intp]) -> Flips:
    """Count the flips of tracks whose true labels are `y`, shape (n_tracks,)."""
    before, after = (p.argmax(axis=1) for p in pair.tracks)
    windows_before, windows_after = (p.argmax(axis=1) for p in pair.windows)
    of_truth = np.arange(len(y)), y
    change = np.abs(pair.tracks[1][of_truth] - pair.tracks[0][of_truth])
    return Flips(
        tracks=len(y),
        windows=len(windows_before),
        tracks_flipped=float((before != after).mean()),
        windows_flipped=float((windows_before != windows_after).mean()),
        mean_change=float(change.mean()),
        accuracy=float((after == y).mean()),
        accuracy_before=float((before == y).mean()),
        balanced=balanced_accuracy(y, after),
        balanced_before=balanced_accuracy(y, before),
    )
