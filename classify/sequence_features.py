"""Features of windows from the chroma and log-mel sequences, free of level and key."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CEPSTRA = 13
LAGS = (1, 2, 4, 8, 16, 32)
STEPS = 58
"""Steps in the slice of a full window: 30 s at about two steps a second."""

NAMES = (
    *(f"motion_{i:02}" for i in range(CEPSTRA)),
    *(f"tonal_{i}_mean" for i in range(1, 7)),
    *(f"tonal_{i}_std" for i in range(1, 7)),
    *(f"harmony_kept_{lag}" for lag in LAGS),
)
_TINY = 1e-6


class TrackSequences(NamedTuple):
    """A track's sequences: (steps, 12) and (steps, n_mels), and steps a second."""

    chroma: NDArray[np.float16]
    logmel: NDArray[np.float16]
    rate_hz: float


def slice_bounds(
    n_steps: int, rate_hz: float, start_s: Floats, duration_s: Floats
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first step of each window and the one after its last, at least two."""
    first = np.round(start_s * rate_hz).astype(np.intp)
    first = np.clip(first, 0, max(0, n_steps - 2))
    length = np.maximum(2, np.round(duration_s * rate_hz).astype(np.intp))
    return first, np.minimum(first + length, n_steps)


def compute_sequence_features(
    sequences: TrackSequences, start_s: Floats, duration_s: Floats
) -> NDArray[np.float32]:
    """Return how a track's windows move and what their harmony is like.

    A window's vector holds means and deviations, which tell neither how fast the sound
    moves nor what the harmony is like apart from its key. Nothing of this depends on
    playback level, on the key or on a track's length.

    Parameters
    ----------
    sequences : TrackSequences
    start_s, duration_s : float64, shape (n_windows,)

    Returns
    -------
    float32, shape (n_windows, len(NAMES))
        ``motion``: log of the mean absolute change, step to step, of 13 cepstral
        coefficients of the log-mel spectrum. ``tonal``: mean and deviation of the
        magnitudes of the chroma's Fourier transform over the circle of pitch classes,
        which no transposition changes. ``harmony_kept``: mean cosine between the chroma
        of two steps 0.5, 1, 2, 4, 8 and 16 s apart, 0 where the window is shorter.

    References
    ----------
    C. Harte, M. Sandler and M. Gasser, "Detecting harmonic change in musical audio",
    ACM workshop on audio and music computing multimedia, 2006: the same circles.
    """
    chroma = sequences.chroma.astype(np.float64)
    logmel = sequences.logmel.astype(np.float64)
    n = min(len(chroma), len(logmel))
    first, last = slice_bounds(n, sequences.rate_hz, start_s, duration_s)
    if n < 2:
        return np.zeros((len(first), len(NAMES)), dtype=np.float32)
    change = np.abs(np.diff(_cepstra(logmel), axis=0))
    circles = np.abs(np.fft.rfft(chroma[:n], axis=1))[:, 1:]
    circles /= chroma[:n].sum(axis=1, keepdims=True) + _TINY
    mean = _means(circles, first, last)
    variance = _means(circles**2, first, last) - mean**2
    unit = chroma[:n] / (np.linalg.norm(chroma[:n], axis=1, keepdims=True) + _TINY)
    kept = [
        _means((unit[lag:] * unit[:-lag]).sum(axis=1, keepdims=True), first, last - lag)
        for lag in LAGS
    ]
    columns = [
        np.log(_means(change, first, last - 1) + _TINY),
        mean,
        np.sqrt(np.maximum(variance, 0.0)),
        *kept,
    ]
    return np.hstack(columns).astype(np.float32)


def cut_slices(
    sequences: TrackSequences, start_s: Floats, duration_s: Floats
) -> NDArray[np.float16]:
    """Return each window's slice, chroma beside log-mel, brought to one length.

    Returns
    -------
    float16, shape (n_windows, STEPS, 12 + n_mels)
        The log-mel part has the slice's mean taken off, so that level says nothing.
        A shorter window is repeated until it is long enough.
    """
    n = min(len(sequences.chroma), len(sequences.logmel))
    both = np.hstack([sequences.chroma[:n], sequences.logmel[:n]]).astype(np.float32)
    first, last = slice_bounds(n, sequences.rate_hz, start_s, duration_s)
    result = np.zeros((len(first), STEPS, both.shape[1]), dtype=np.float16)
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        if b > a:
            part = both[a + np.arange(STEPS) % (b - a)]
            part[:, 12:] -= part[:, 12:].mean()
            result[i] = part
    return result


def _cepstra(logmel: Floats) -> Floats:
    n = logmel.shape[1]
    angles = np.pi / n * (np.arange(n)[:, None] + 0.5) * np.arange(CEPSTRA)[None, :]
    result: Floats = logmel @ np.cos(angles) / n
    return result


def _means(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """Return the means of ``values[first:last]``, 0 where that is empty."""
    sums = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])
    n = len(values)
    a, b = np.clip(first, 0, n), np.clip(last, 0, n)
    count = np.maximum(b - a, 0)[:, None]
    total = np.where(count > 0, sums[np.maximum(a, b)] - sums[a], 0.0)
    result: Floats = total / np.maximum(count, 1)
    return result


def remove_key(
    vectors: NDArray[np.float32], names: tuple[str, ...]
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Replace the twelve chroma statistics by what no transposition changes.

    A song's key says nothing of who plays it, but twelve numbers of it let a model
    remember the song. Their Fourier magnitudes over the circle of pitch classes keep
    the shape of the chroma alone. Vectors without chroma stay as they are.
    """
    kept = [i for i, name in enumerate(names) if not name.startswith("chroma_")]
    parts, named = [vectors[:, kept]], [names[i] for i in kept]
    for kind in ("mean", "std"):
        columns = [names.index(name) for name in _chroma(names, kind)]
        if len(columns) == 12:
            magnitudes = np.abs(np.fft.rfft(vectors[:, columns], axis=1))
            parts.append(magnitudes.astype(np.float32))
            named += [f"circle_{i}_{kind}" for i in range(magnitudes.shape[1])]
    return np.hstack(parts), tuple(named)


def _chroma(names: tuple[str, ...], kind: str) -> list[str]:
    return sorted(
        name for name in names if name.startswith("chroma_") and name.endswith(kind)
    )


def usable_windows(
    vectors: NDArray[np.float32], silent: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which windows a model may see: neither silent nor holding a NaN."""
    return ~silent & np.asarray(np.isfinite(vectors).all(axis=1))


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
    more = compute_sequence_features(sequences, start_s, duration_s)
    return np.hstack([X, more]), named + NAMES
