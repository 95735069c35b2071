"""Bring a re-encoding back into step with what it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
import soxr

from scanner.exceptions import VariantError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REACH_S = 0.2
"""No encoder delays by more."""

_EXCERPT_S = 4
_EXCERPTS = 5
_LEAST_LIKENESS = 0.3


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


def reference(samples: NDArray[np.float32], sr: int) -> Reference:
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


def aligned(
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
    delay = delay_of(known, samples, sr)
    length = round(known.frames * sr / known.sr)
    result = np.zeros((length, samples.shape[1]), np.float32)
    part = samples[max(delay, 0) : length + delay]
    result[max(-delay, 0) :][: len(part)] = part
    return result


def delay_of(known: Reference, samples: NDArray[np.float32], sr: int) -> int:
    """Return by how many samples a re-encoding comes too late.

    The peak of the cross-correlation, half whitened: sharper than the plain one where
    music is tonal, steadier than a fully whitened one where a codec has cut the treble.

    Raises
    ------
    VariantError
        It bears no likeness to the original at any delay.
    """
    reach = int(_REACH_S * sr)
    total = np.zeros(2 * reach + 1)
    likeness = np.zeros(2 * reach + 1)
    energy = np.zeros(2)
    for second, excerpt in zip(known.starts, known.excerpts, strict=True):
        x = excerpt if sr == known.sr else soxr.resample(excerpt, known.sr, sr)
        y = _excerpt(samples, second * sr - reach, len(x) + 2 * reach)
        n = scipy.fft.next_fast_len(len(y) + len(x), real=True)
        cross = scipy.fft.rfft(y, n) * scipy.fft.rfft(x, n).conj()
        whiter = np.sqrt(np.abs(cross) + 1e-20)
        total += scipy.fft.irfft(cross / whiter, n)[: 2 * reach + 1]
        likeness += scipy.fft.irfft(cross, n)[: 2 * reach + 1]
        energy += np.dot(x, x), np.dot(y, y)
    best = int(np.argmax(np.abs(total)))
    if abs(likeness[best]) < _LEAST_LIKENESS * float(np.sqrt(energy.prod())):
        raise VariantError("the re-encoding bears no likeness to the original")
    return best - reach


def _excerpt(
    samples: NDArray[np.float32], start: int, length: int
) -> NDArray[np.float32]:
    """Return one channel from `start` on, zeros where there is nothing."""
    result = np.zeros(length, np.float32)
    part = samples[max(start, 0) : max(start + length, 0)]
    result[max(-start, 0) :][: len(part)] = part.mean(axis=1)
    return result
