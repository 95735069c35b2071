"""Channels averaged into one signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.exceptions import FeatureError
from scanner.features.compiled import kernel
from scanner.features.simd.llvm import FLOAT, INT, WIDTH, Lanes, Value, vector_code

_INFINITE = np.float32(np.inf).view(np.int32)
_TOO_LOUD = np.float32(2.0**40).view(np.int32)
"""Full scale is 1; files of integers kept as floats reach 2**31."""


@vector_code
def _average_of_two(lanes: Lanes, block: Value, count: Value, out: Value) -> None:
    """Emit: the mean of two channels for ``count`` octets of samples."""
    half = lanes.constant(FLOAT, 0.5)
    sides = [[2 * n + side for n in range(WIDTH)] for side in range(2)]
    with lanes.loop(count) as octet:
        at = lanes.offset(octet, 0, 2 * WIDTH)
        first = lanes.load(block, at, FLOAT)
        second = lanes.load(block, lanes.offset(at, WIDTH), FLOAT)
        left, right = (lanes.shuffle(first, second, side) for side in sides)
        mean = lanes.mul(lanes.add(left, right), half)
        lanes.store(mean, out, lanes.offset(octet, 0, WIDTH))


@kernel("void(f4[:,::1], f4[::1])", exact=True)
def _average(block: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    n, channels = block.shape
    done = 0
    if channels == 2:
        _average_of_two(block, n // WIDTH, out)
        done = n - n % WIDTH
    for i in range(done, n):
        total = np.float32(0.0)
        for c in range(channels):
            total += block[i, c]
        out[i] = total / np.float32(channels)


@vector_code
def _highest(lanes: Lanes, bits: Value, count: Value, top: Value) -> None:
    """Emit: the largest magnitude of ``count`` octets, as the integer of its bits."""
    magnitude = lanes.constant(INT, 0x7FFFFFFF)
    held = lanes.variables([lanes.constant(INT, 0)])
    with lanes.loop(count) as octet:
        value = lanes.load(bits, lanes.offset(octet, 0, WIDTH), INT)
        lanes.write(
            [lanes.most(lanes.read(held)[0], lanes.both(value, magnitude))], held
        )
    folded = lanes.fold(lanes.read(held)[0], lanes.most)
    lanes.store_one(folded, top, lanes.index(0))


@kernel("i4(i4[::1])")
def _top(bits: NDArray[np.int32]) -> np.int32:
    """Return the largest magnitude; those of NaN and infinity are larger still."""
    n = bits.shape[0]
    top = np.zeros(1, np.int32)
    _highest(bits, n // WIDTH, top)
    for i in range(n - n % WIDTH, n):
        top[0] = max(top[0], bits[i] & np.int32(0x7FFFFFFF))
    return np.int32(top[0])


def average(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, shape (n,): of one, the channel itself.

    Parameters
    ----------
    block : shape (n, channels)

    Raises
    ------
    FeatureError
        A sample is NaN or infinite, or so large that powers would overflow.
    """
    if block.shape[1] == 1:
        out = block.reshape(-1)
    else:
        out = np.empty(block.shape[0], np.float32)
        _average(block, out)
    top = _top(out.view(np.int32))
    if top >= _INFINITE:
        raise FeatureError("features", "the decoded audio holds NaN or infinity")
    if top >= _TOO_LOUD:
        raise FeatureError("features", "the decoded audio is too loud to be measured")
    return out
