"""The same windows twice: as they are, and as a re-encoding left them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.audio_facts import variant_counts
from catalog.database import Catalog
from catalog.datasets import Library, load_library
from classify.arrays import CodecPairs, Windows
from classify.dataset import TrainingData, describe_windows, load_sequences, usable
from classify.exceptions import TooLittleToLearnFromError
from classify.metrics import balanced_accuracy
from classify.sequence_features import TrackSequences, cut_slices

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
    catalog: Catalog,
    library: Library,
    sequences: Mapping[int, TrackSequences],
    data: TrainingData,
    *,
    slices: bool = False,
) -> tuple[CodecPairs, ...]:
    """Return what re-encodings did to the tracks of a dataset, by the variant's name.

    Parameters
    ----------
    catalog : Catalog
    library : Library
    sequences : mapping of an index into ``library.tracks`` to TrackSequences
    data : TrainingData
        Prepared from these two.
    slices : bool
        Whether to cut the sequences to the windows, too.
    """
    number = library.feature_set_id
    names = variant_counts(catalog, number)
    if not names:
        return ()
    originals = _windows(library, sequences, slices=slices)
    found = []
    for name in names:
        coded = load_library(catalog, number, variant=name)
        if coded is not None:
            heard = load_sequences(catalog, coded)
            found.append(
                _paired(name, data, originals, _windows(coded, heard, slices=slices))
            )
    return tuple(pairs for pairs in found if len(pairs.tracks))


def with_pairs(
    catalog: Catalog,
    library: Library,
    sequences: Mapping[int, TrackSequences],
    data: TrainingData,
    only: Collection[str] | None = None,
) -> TrainingData:
    """Return a data set whose models can learn what re-encoding does.

    Parameters
    ----------
    catalog : Catalog
    library : Library
    sequences : mapping of an index into ``library.tracks`` to TrackSequences
    data : TrainingData
    only : collection of str or None
        Names of the variants to learn from; None for all that the catalog holds.
    """
    found = load_codec_pairs(catalog, library, sequences, data)
    known = tuple(one for one in found if only is None or one.variant in only)
    return replace(data, dataset=replace(data.dataset, pairs=known))


def add_codec_pairs_if_enough(
    catalog: Catalog,
    library: Library,
    sequences: Mapping[int, TrackSequences],
    data: TrainingData,
    *,
    wanted: bool | None,
) -> TrainingData:
    """Return the data set with what its models are to know of re-encodings.

    Parameters
    ----------
    catalog, library, sequences, dataset
        As `with_pairs` takes them.
    wanted : bool or None
        None: where there are re-encodings by `ENOUGH_CODECS` codecs.

    Raises
    ------
    TooLittleToLearnFromError
        It is wanted, and there is no re-encoding of these tracks.
    """
    if wanted is False:
        return data
    found = with_pairs(catalog, library, sequences, data)
    variants = [one.variant for one in found.dataset.pairs]
    if wanted and not variants:
        raise TooLittleToLearnFromError(NO_VARIANTS)
    return found if wanted or len(codecs(variants)) >= ENOUGH_CODECS else data


def codecs(variants: Collection[str]) -> set[str]:
    """Return the codecs by which re-encodings were made.

    >>> sorted(codecs(["mp3:64k", "mp3:128k", "yt"]))
    ['aac', 'mp3']
    """
    of = (_CHAINS.get(name, (name.partition(":")[0],)) for name in variants)
    return {codec for chain in of for codec in chain}


@dataclass(frozen=True, eq=False)
class _Windows:
    """A track's windows by their start, in milliseconds."""

    starts: NDArray[np.int64]
    X: NDArray[np.float32]
    slices: NDArray[np.float16] | None


def _windows(
    library: Library, sequences: Mapping[int, TrackSequences], *, slices: bool
) -> dict[int, _Windows]:
    """Return the usable windows of each track, by the track's id."""
    rows = library.windows
    kept = np.flatnonzero(usable(rows))
    found = {}
    for i in np.unique(rows.track[kept]).tolist():
        mine = kept[rows.track[kept] == i]
        span = rows.start_s[mine], rows.duration_s[mine]
        X, _ = describe_windows(
            rows.vectors[mine], library.feature_set.names, *span, sequences.get(i)
        )
        cut = cut_slices(sequences[i], *span) if slices and i in sequences else None
        starts = np.round(1000 * rows.start_s[mine]).astype(np.int64)
        found[library.tracks[i].id] = _Windows(starts, X, cut)
    return found


def _paired(
    variant: str,
    data: TrainingData,
    originals: Mapping[int, _Windows],
    coded: Mapping[int, _Windows],
) -> CodecPairs:
    width = data.dataset.windows.X.shape[1]
    tracks, one, other = [], [], []
    for i, track in enumerate(data.tracks):
        a, b = originals.get(track.id), coded.get(track.id)
        if a is None or b is None or {a.X.shape[1], b.X.shape[1]} != {width}:
            continue
        _, mine, theirs = np.intersect1d(a.starts, b.starts, return_indices=True)
        if len(mine):
            tracks.append(i)
            one.append((a, mine))
            other.append((b, theirs))
    return CodecPairs(
        variant, np.array(tracks, dtype=np.intp), _rows(one, width), _rows(other, width)
    )


def _rows(parts: list[tuple[_Windows, NDArray[np.intp]]], width: int) -> Windows:
    track = np.repeat(np.arange(len(parts)), [len(chosen) for _, chosen in parts])
    X = [windows.X[chosen] for windows, chosen in parts]
    cut = [w.slices[chosen] for w, chosen in parts if w.slices is not None]
    return Windows(
        np.concatenate(X) if X else np.zeros((0, width), np.float32),
        track.astype(np.intp),
        len(parts),
        np.concatenate(cut) if cut and len(cut) == len(parts) else None,
    )


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


def track_spread(rows: Windows) -> Floats:
    """Return the deviation between tracks of each feature's track mean."""
    spread: Floats = np.array([_track_mean(rows, column).std() for column in rows.X.T])
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
    size = np.array([_track_mean(original, c).mean() for c in (change**2).T])
    bias = np.array([_track_mean(original, c).mean() for c in change.T])
    unit = np.where(spread > _LEAST_SPREAD, spread, np.inf)
    return Drift(np.sqrt(size) / unit, bias / unit)


def _track_mean(rows: Windows, values: NDArray[np.floating]) -> Floats:
    sums = np.bincount(rows.track, values.astype(np.float64), rows.n_tracks)
    result: Floats = sums / np.bincount(rows.track, minlength=rows.n_tracks)
    return result


@dataclass(frozen=True, slots=True)
class Flips:
    """What a re-encoding does to judgements; shares in [0, 1].

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
    """Probabilities before and after, of windows and of tracks, rows aligned."""

    windows: tuple[Floats, Floats]
    tracks: tuple[Floats, Floats]


def count_flips(judged: PairPredictions, y: NDArray[np.intp]) -> Flips:
    """Count the flips of tracks whose true labels are `y`, shape (n_tracks,)."""
    before, after = (p.argmax(axis=1) for p in judged.tracks)
    windows_before, windows_after = (p.argmax(axis=1) for p in judged.windows)
    of_truth = np.arange(len(y)), y
    change = np.abs(judged.tracks[1][of_truth] - judged.tracks[0][of_truth])
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
