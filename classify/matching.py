"""Accuracy where the files cannot tell: pairs coded alike and as wide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from catalog.audio_facts import AudioFacts

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matched:
    """How often the right one of two labels is preferred; chance is 0.5.

    Attributes
    ----------
    pairs : int
    accuracy : float or None
        Over both tracks of each matched pair; None without pairs.
    unmatched : float or None
        Over all pairs of tracks with different labels.
    """

    pairs: int
    accuracy: float | None
    unmatched: float | None


def matched(
    known: Sequence[AudioFacts],
    y: NDArray[np.intp],
    *,
    within_hz: float = 1000.0,
) -> list[tuple[int, int]]:
    """Pair tracks of different labels that are coded alike and as wide.

    Parameters
    ----------
    known : sequence of AudioFacts
    y : intp, shape (n,)
    within_hz : float
        How far the upper edges of a pair may lie apart.

    Returns
    -------
    list of (int, int)
        Within a pair of labels every track stands in one pair at most.
    """
    edges = [one.measured.get("upper_edge_hz") for one in known]
    pairs = []
    for a in range(int(y.max(initial=-1)) + 1):
        for b in range(a + 1, int(y.max()) + 1):
            free = set(np.flatnonzero(y == b).tolist())
            for i in np.flatnonzero(y == a).tolist():
                alike = [j for j in free if _alike(known[i], known[j])]
                j = min(alike, key=lambda j: _apart(edges[i], edges[j]), default=None)
                if j is not None and _apart(edges[i], edges[j]) <= within_hz:
                    pairs.append((i, j))
                    free.discard(j)
    return pairs


def _alike(a: AudioFacts, b: AudioFacts) -> bool:
    return (a.codec, a.lossless) == (b.codec, b.lossless)


def _apart(a: float | None, b: float | None) -> float:
    return math.inf if a is None or b is None else abs(a - b)


def judged_pairs(
    p: Floats, y: NDArray[np.intp], pairs: Sequence[tuple[int, int]]
) -> Matched:
    """Say how well labels are told apart within matched pairs, and within any.

    Parameters
    ----------
    p : float64, shape (n_tracks, n_labels)
        Held out by album.
    y : intp, shape (n_tracks,)
    pairs : sequence of (int, int)
        As `matched` returns them.
    """
    # preferred[i, k]: track i gets its own label rather than label k
    preferred = p[np.arange(len(y)), y][:, None] > p
    hits = [(preferred[i, y[j]], preferred[j, y[i]]) for i, j in pairs]
    others = y[:, None] != y[None, :]
    of_all = preferred[:, y][others]
    return Matched(
        pairs=len(pairs),
        accuracy=float(np.mean(hits)) if hits else None,
        unmatched=float(of_all.mean()) if of_all.size else None,
    )
