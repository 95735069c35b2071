"""Folds by album: an outer loop that scores, an inner loop that tunes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from catalog.datasets import TrackRow

OUTER_FOLDS = 5
INNER_FOLDS = 4
_ATTEMPTS = 20


class Fold(NamedTuple):
    """Indices of tracks, both ascending, no group on both sides.

    Nothing that is fitted (scaling, choice of parameters, temperature) may see the
    tracks of the test side.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]


def album_folds(
    y: NDArray[np.intp], groups: NDArray[np.intp], *, n_splits: int, seed: int
) -> list[Fold]:
    """Fold tracks into folds by album, each with a like share of every label.

    Parameters
    ----------
    y, groups : intp, shape (n_tracks,)
    n_splits : int
        At most; fewer where there are fewer albums.
    seed : int
        Albums are shuffled. Where chance puts all albums of a label into one fold
        (possible when albums hold several labels), a further shuffle is tried.

    Returns
    -------
    list of Fold
        Every track is tested exactly once.
    """
    n_splits = min(n_splits, len(np.unique(groups)), int(np.bincount(y).max()))
    best: list[Fold] = []
    fewest = np.inf
    for attempt in range(_ATTEMPTS):
        splitter = StratifiedGroupKFold(
            n_splits, shuffle=True, random_state=seed + 7919 * attempt
        )
        with warnings.catch_warnings():
            # a label with fewer tracks than folds is expected, and reported elsewhere
            warnings.simplefilter("ignore", UserWarning)
            pairs = list(splitter.split(np.zeros(len(y)), y, groups))
        folds = [Fold(train, test) for train, test in pairs if len(test)]
        unlearned = sum(len(np.setdiff1d(y[s.test], y[s.train])) for s in folds)
        if unlearned < fewest:
            best, fewest = folds, unlearned
        if not fewest:
            break
    return best


def balanced_rounds(
    y: NDArray[np.intp], groups: NDArray[np.intp], *, seed: int
) -> list[Fold]:
    """Return rounds in which one album of every label is out at once.

    The number of a label's albums on the training side then tells nothing of the truth:
    given the rest, any classifier has the expectation 1 / K under labels dealt at
    random.

    Returns
    -------
    list of Fold
        As many as the label with most albums has. Every track is tested exactly once;
        tracks of an album that is out again are on neither side.
    """
    rng = np.random.default_rng(seed)
    albums = [rng.permutation(np.unique(groups[y == k])) for k in np.unique(y)]
    tested = np.zeros(len(y), dtype=bool)
    rounds = []
    for r in range(max(len(own) for own in albums)):
        out = np.isin(groups, [own[r % len(own)] for own in albums])
        test = np.flatnonzero(out & ~tested)
        if len(test):
            rounds.append(Fold(np.flatnonzero(~out), test))
            tested[test] = True
    return rounds


def inner_folds(
    y: NDArray[np.intp], groups: NDArray[np.intp], *, n_splits: int, seed: int
) -> list[Fold]:
    """Fold the tracks of a training side once more, for choosing and calibrating.

    As `album_folds`, but the tracks of a label that has one album here stay on the
    training side: held out, they could not be recognised by any candidate.

    Returns
    -------
    list of Fold
        Empty when no label has two albums.
    """
    albums = {int(k): len(np.unique(groups[y == k])) for k in np.unique(y)}
    tested = np.array([albums[int(k)] > 1 for k in y])
    if len(np.unique(groups[tested])) < 2:
        return []
    known, always = np.flatnonzero(tested), np.flatnonzero(~tested)
    folds = []
    for fold in album_folds(y[known], groups[known], n_splits=n_splits, seed=seed):
        train = np.sort(np.concatenate([known[fold.train], always]))
        # an album that holds several labels may be tested for one and kept for another
        train = train[~np.isin(groups[train], groups[known[fold.test]])]
        test = known[fold.test]
        test = test[np.isin(y[test], y[train])]
        if len(test) and len(np.unique(y[train])) > 1:
            folds.append(Fold(train, test))
    return folds


def album_groups(tracks: Sequence[TrackRow]) -> NDArray[np.intp]:
    """Return the number of each track's group, counted in order of appearance.

    Returns
    -------
    intp, shape (len(tracks),)
        Tracks with equal numbers never stand on two sides of a split.
    """
    parent = list(range(len(tracks)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, track in enumerate(tracks):
        for key in (("album", track.group_key), ("payload", track.payload_hash)):
            a, b = sorted((root(first.setdefault(key, i)), root(i)))
            parent[b] = a
    roots = [root(i) for i in range(len(tracks))]
    numbers = {r: n for n, r in enumerate(dict.fromkeys(roots))}
    return np.array([numbers[r] for r in roots], dtype=np.intp)
