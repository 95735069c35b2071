"""Channels averaged into one signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.errors import FeatureError
from scanner.features.compiled import kernel

_EXPONENT = np.int32(0x7F800000)
_TOO_LOUD = np.float32(2.0**40).view(np.int32)
"""Full scale is 1; files of integers kept as floats reach 2**31."""


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
def _highest_exponent(bits: NDArray[np.int32]) -> np.int32:
    top = np.int32(0)
    for i in range(bits.shape[0]):
        exponent = bits[i] & _EXPONENT
        top = exponent if exponent > top else top
    return top


def average(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, shape (n,).

    Parameters
    ----------
    block : shape (n, channels)

    Raises
    ------
    FeatureError
        A sample is NaN or infinite, or so large that powers would overflow.
    """
    out = np.empty(block.shape[0], np.float32)
    _average(block, out)
    highest = _highest_exponent(out.view(np.int32))
    if highest == _EXPONENT:
        raise FeatureError("features", "the decoded audio holds NaN or infinity")
    if highest >= _TOO_LOUD:
        raise FeatureError("features", "the decoded audio is too loud to be measured")
    return out
