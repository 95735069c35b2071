"""Channels averaged into one signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel


_EXPONENT = 0x7F800000


@kernel("void(f4[:,::1], f4[::1])", exact=True)
def _average(block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    n, channels = block.shape
    if channels == 2:
        for i in range(n):
            out[i] = (block[i, 0] + block[i, 1]) * np.float32(0.5)
        return
    for i in range(n):
        total = np.float32(0.0)
        for c in range(channels):
            total += block[i, c]
        out[i] = total / np.float32(channels)


@kernel("i4(i4[::1])")
def _highest_exponent(bits: NDArray[np.int32]) -> int:
    top = np.int32(0)
    for i in range(bits.shape[0]):
        top = max(top, bits[i] & _EXPONENT)
    return top


def average(block: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the mean of the channels.

    Parameters
    ----------
    block : shape (n, channels)

    Returns
    -------
    shape (n,), or None where a sample is NaN or infinite
    """
    out = np.empty(block.shape[0], np.float32)
    _average(block, out)
    return out if _highest_exponent(out.view(np.int32)) < _EXPONENT else None
