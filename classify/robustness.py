"""How much a re-encoding moves features, and how often it turns a judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classify.metrics import balanced_accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classify.arrays import Rows

    Floats = NDArray[np.float64]

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


def track_spread(rows: Rows) -> Floats:
    """Return the deviation between tracks of each feature's track mean."""
    spread: Floats = np.array([_track_mean(rows, column).std() for column in rows.X.T])
    return spread


def drift(original: Rows, coded: Rows, spread: Floats) -> Drift:
    """Compare the same windows before and after.

    Parameters
    ----------
    original, coded : Rows
        The same windows in the same order.
    spread : float64, shape (n_features,)
        A feature that is the same for all tracks does not count as moved.
    """
    change = coded.X.astype(np.float64) - original.X
    size = np.array([_track_mean(original, c).mean() for c in (change**2).T])
    bias = np.array([_track_mean(original, c).mean() for c in change.T])
    unit = np.where(spread > _LEAST_SPREAD, spread, np.inf)
    return Drift(np.sqrt(size) / unit, bias / unit)


def _track_mean(rows: Rows, values: NDArray[np.floating]) -> Floats:
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
class Judged:
    """Probabilities before and after, of windows and of tracks, rows aligned."""

    windows: tuple[Floats, Floats]
    tracks: tuple[Floats, Floats]


def flips(judged: Judged, y: NDArray[np.intp]) -> Flips:
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
