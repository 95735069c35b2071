"""The delay of a re-encoding against its source, found by cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import soxr
from numpy.typing import NDArray

from scanner.exceptions import VariantError

_MAX_DELAY_S = 0.2  # no encoder delays by more
_EXCERPT_S = 4
_EXCERPTS = 5
_MIN_CORRELATION = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What is kept of a signal to recognise its re-encoding by.

    Attributes
    ----------
    sr : int
        Hz.
    frames : int
        Length of the signal.
    starts : tuple of int
        Seconds at which the excerpts begin.
    excerpts : float32, shape (n, 4 * sr)
        One channel.
    """

    sr: int
    frames: int
    starts: tuple[int, ...]
    excerpts: NDArray[np.float32]


def make_reference(samples: NDArray[np.float32], sr: int) -> Reference:
    """Keep excerpts of a signal of shape (n, channels), evenly spread."""
    n = _EXCERPT_S * sr
    last = max(len(samples) // sr - _EXCERPT_S, 0)
    spread = np.linspace(0, last, _EXCERPTS + 2)[1:-1]
    starts = tuple(dict.fromkeys(int(second) for second in spread))
    excerpts = np.zeros((len(starts), n), np.float32)
    for row, second in zip(excerpts, starts, strict=True):
        part = samples[second * sr : second * sr + n]
        row[: len(part)] = part.mean(axis=1)
    return Reference(sr, len(samples), starts, excerpts)


def align(
    known: Reference, samples: NDArray[np.float32], sr: int
) -> NDArray[np.float32]:
    """Return a re-encoding as it would be without delay, and as long as the original.

    Parameters
    ----------
    known : Reference
        Of the original.
    samples : float32, shape (n, channels)
        The re-encoding, decoded.
    sr : int
        Its rate, in Hz; need not be the original's.

    Raises
    ------
    VariantError
        It bears no likeness to the original at any delay.
    """
    delay = find_delay(known, samples, sr)
    length = round(known.frames * sr / known.sr)
    result = np.zeros((length, samples.shape[1]), np.float32)
    part = samples[max(delay, 0) : length + delay]
    result[max(-delay, 0) :][: len(part)] = part
    return result


def find_delay(known: Reference, samples: NDArray[np.float32], sr: int) -> int:
    """Return by how many samples a re-encoding comes too late.

    The peak of the cross-correlation, half whitened: sharper than the plain one where
    music is tonal, steadier than a fully whitened one (PHAT) where a codec has cut the
    treble.

    Parameters
    ----------
    known : Reference
        Of the original.
    samples : float32, shape (n, channels)
        The re-encoding, decoded.
    sr : int
        Its rate, in Hz; need not be the original's.

    Returns
    -------
    int
        Samples at rate `sr`; negative where it comes too early.

    Raises
    ------
    VariantError
        It bears no likeness to the original at any delay.

    References
    ----------
    Knapp and Carter, "The generalized correlation method for estimation of time
    delay", IEEE Trans. Acoustics, Speech, and Signal Processing 24 (4), 1976.
    """
    max_delay = int(_MAX_DELAY_S * sr)
    total = np.zeros(2 * max_delay + 1)
    correlation = np.zeros(2 * max_delay + 1)
    energy = np.zeros(2)
    for second, excerpt in zip(known.starts, known.excerpts, strict=True):
        x = excerpt if sr == known.sr else soxr.resample(excerpt, known.sr, sr)
        y = _mono_excerpt(samples, second * sr - max_delay, len(x) + 2 * max_delay)
        n = scipy.fft.next_fast_len(len(y) + len(x), real=True)
        cross = scipy.fft.rfft(y, n) * scipy.fft.rfft(x, n).conj()
        whiter = np.sqrt(np.abs(cross) + 1e-20)
        total += scipy.fft.irfft(cross / whiter, n)[: 2 * max_delay + 1]
        correlation += scipy.fft.irfft(cross, n)[: 2 * max_delay + 1]
        energy += np.dot(x, x), np.dot(y, y)
    best = int(np.argmax(np.abs(total)))
    if abs(correlation[best]) < _MIN_CORRELATION * float(np.sqrt(energy.prod())):
        raise VariantError("the re-encoding bears no likeness to the original")
    return best - max_delay


def _mono_excerpt(
    samples: NDArray[np.float32], start: int, length: int
) -> NDArray[np.float32]:
    """Return one channel from `start` on, zeros where there is nothing."""
    result = np.zeros(length, np.float32)
    part = samples[max(start, 0) : max(start + length, 0)]
    result[max(-start, 0) :][: len(part)] = part.mean(axis=1)
    return result
