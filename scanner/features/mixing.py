"""Channels averaged into one signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel


@kernel("f4(f4[:,::1], f4[::1])")
def _average(block: NDArray[np.float32], out: NDArray[np.float32]) -> float:
    """Write the mean of the channels; return 0 unless a sample is no number."""
    n, channels = block.shape
    odd = np.float32(0.0)
    if channels == 2:
        for i in range(n):
            out[i] = (block[i, 0] + block[i, 1]) * np.float32(0.5)
            odd += out[i] * np.float32(0.0)
        return odd
    for i in range(n):
        total = np.float32(0.0)
        for c in range(channels):
            total += block[i, c]
        out[i] = total / np.float32(channels)
        odd += out[i] * np.float32(0.0)
    return odd


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
    return out if _average(block, out) == 0.0 else None
