"""The tracks of a library that have a label, and the labels that can be judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from catalog.datasets import TrackRow
from catalog.names import fold
from catalog.records import FeatureSetFacts
from classify.arrays import Dataset
from classify.exceptions import TooLittleToLearnFromError
from classify.folds import album_groups
from classify.labels import artist_of

MIN_UNITS = 2
"""A label with fewer units (albums or artists) cannot be learned and tested."""

ARTIST = "artist"
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Selection:
    """The labels of a library's tracks, and which of them can be judged.

    Attributes
    ----------
    learned : tuple of str
        All labels that have a usable track, sorted.
    labels : tuple of str
        Those of them with two units or more, sorted: the candidates of every figure
        that is called closed.
    y : intp, shape (n_tracks,)
        Index into `learned`; -1 without a label, or not usable.
    groups : intp, shape (n_tracks,)
        The unit that a track belongs to; units are never on both sides of a split.
    unit : str
        ``"album"`` or ``"artist"``.
    usable : bool, shape (n_tracks,)
    single : dict of a label with one unit to its number of tracks
    scarce : tuple of str
        Labels with exactly two units.
    """

    learned: tuple[str, ...]
    labels: tuple[str, ...]
    y: NDArray[np.intp]
    groups: NDArray[np.intp]
    unit: str
    usable: NDArray[np.bool_]
    single: dict[str, int]
    scarce: tuple[str, ...]

    @property
    def is_judged(self) -> NDArray[np.bool_]:
        """Which tracks have a label that can be judged, shape (n_tracks,)."""
        known = np.isin(np.array(self.learned), np.array(self.labels))
        return np.append(known, False)[self.y]

    @property
    def judged_y(self) -> NDArray[np.intp]:
        """Index into `labels`, -1 for all other tracks, shape (n_tracks,)."""
        number = {name: k for k, name in enumerate(self.labels)}
        index = [number.get(name, -1) for name in self.learned]
        return np.array([*index, -1], dtype=np.intp)[self.y]


def select_labels(
    tracks: Sequence[TrackRow],
    names: Sequence[str | None],
    usable: NDArray[np.bool_],
    *,
    rule: str,
    only: Collection[str] = (),
) -> Selection:
    """Say which labels of some tracks can be learned and judged.

    Where labels are artists the unit is the album. Where they are something else, as
    genres, and two of them or more have several artists, it is the artist: a model may
    else recognise the singer, and be praised for the genre [1]_.

    Parameters
    ----------
    tracks : sequence of TrackRow
    names : sequence of str or None
        The label of each track.
    usable : bool, shape (n_tracks,)
        Whether a model may hear any of it.
    rule : str
        Which the labels follow.
    only : collection of str
        Where given, the labels to tell apart; tracks of others have none.

    Raises
    ------
    TooLittleToLearnFromError
        Fewer than two labels have two units.

    References
    ----------
    .. [1] E. Pampalk, A. Flexer and G. Widmer, "Improvements of audio-based music
       similarity and genre classification", ISMIR 2005.
    """
    names = _keep_only(names, only)
    pairs = zip(names, usable.tolist(), strict=True)
    named = [name if is_usable else None for name, is_usable in pairs]
    groups, unit = album_groups(tracks), "album"
    units = _units(named, groups)
    if rule != ARTIST:
        by_artist = _join_artists(tracks, groups)
        more = _units(named, by_artist)
        if sum(len(found) >= MIN_UNITS for found in more.values()) >= 2:
            groups, unit, units = by_artist, "artist", more
    labels = tuple(sorted(n for n, found in units.items() if len(found) >= MIN_UNITS))
    if len(labels) < 2:
        raise TooLittleToLearnFromError(
            _what_is_missing(rule, units, labels, bool(usable.any()), only)
        )
    learned = tuple(sorted(units))
    number = {name: k for k, name in enumerate(learned)}
    tracks_of = dict.fromkeys(learned, 0)
    for name in named:
        if name is not None:
            tracks_of[name] += 1
    return Selection(
        learned=learned,
        labels=labels,
        y=np.array([number[n] if n else -1 for n in named], dtype=np.intp),
        groups=groups,
        unit=unit,
        usable=usable,
        single={n: tracks_of[n] for n in learned if len(units[n]) < MIN_UNITS},
        scarce=tuple(n for n in labels if len(units[n]) == MIN_UNITS),
    )


def _units(
    names: Sequence[str | None], groups: NDArray[np.intp]
) -> dict[str, set[int]]:
    units: dict[str, set[int]] = {}
    for name, group in zip(names, groups.tolist(), strict=True):
        if name is not None:
            units.setdefault(name, set()).add(group)
    return units


def _join_artists(
    tracks: Sequence[TrackRow], groups: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return groups in which all albums of an artist are one."""
    parent = np.arange(groups.max(initial=-1) + 1)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for track, group in zip(tracks, groups.tolist(), strict=True):
        artist = artist_of(track)
        if artist:
            a, b = sorted((root(first.setdefault(fold(artist), group)), root(group)))
            parent[b] = a
    roots = [root(i) for i in range(len(parent))]
    return np.unique(roots, return_inverse=True)[1][groups]


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
    units: dict[str, set[int]],
    labels: tuple[str, ...],
    has_windows: bool,  # noqa: FBT001
    only: Collection[str],
) -> str:
    if not has_windows:
        return (
            "the catalog holds no window that could be learned from; run `scan` first"
        )
    if not units:
        return f"no track has a label ({rule}); tag the files and scan again"
    few = ", ".join(sorted(set(units) - set(labels))[:_NAMED])
    enough = f"only {labels[0]} has" if labels else "none has"
    if few:
        then = f"scan further albums of {few}"
    elif only:
        then = "name a further one with --only, or leave it out"
    else:
        then = "scan albums of a second label"
    return (
        f"too little to learn from: at least 2 labels ({rule}) with {MIN_UNITS} or "
        f"more albums each are needed, and {enough} as many; {then}"
    )


def linear_columns(names: tuple[str, ...]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the columns of a vector that are not chroma, and their names.

    The mean of these over windows is these of the mean window. What frees chroma from
    its key is not linear, and for models that need a track's mean to say all that its
    windows do it is left out: a key says nothing of who plays.
    """
    kept = [i for i, name in enumerate(names) if not name.startswith("chroma_")]
    return np.array(kept, dtype=np.intp), tuple(names[i] for i in kept)


def dataset_hash(
    facts: FeatureSetFacts,
    tracks: Sequence[TrackRow],
    dataset: Dataset,
    *,
    with_windows: bool = False,
) -> str:
    """Return 32 hex digits that change whenever what is asked does.

    Of the same tracks under the same labels and groups it is the same for every model,
    whatever that reads of their audio; `with_windows` it is not, as it was for runs of
    schema 0001.
    """
    payloads = [track.payload_hash for track in tracks]
    known = [facts.version, list(facts.names), dict(facts.parameters), payloads]
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([*known, list(dataset.labels)], sort_keys=True).encode())
    numbers = [dataset.y, dataset.groups]
    if with_windows:
        numbers.append(dataset.windows.track)
    for array in numbers:
        digest.update(np.ascontiguousarray(array, "<i8").tobytes())
    if with_windows:
        digest.update(np.ascontiguousarray(dataset.windows.X, "<f4").tobytes())
        for pairs in dataset.pairs:
            digest.update(pairs.variant.encode())
            digest.update(np.ascontiguousarray(pairs.tracks, "<i8").tobytes())
            digest.update(np.ascontiguousarray(pairs.coded.X, "<f4").tobytes())
    return digest.hexdigest()
