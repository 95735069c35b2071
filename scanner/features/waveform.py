"""The mean of a signal's channels, and RMS and zero-crossing rate of its frames."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scanner.features.definition import HOP_LENGTH, N_FFT
from scanner.features.kernels import kernel
from scanner.features.simd.llvm import (
    DOUBLE,
    FLOAT,
    INT,
    WIDTH,
    Lanes,
    Value,
    vector_code,
)

Floats = NDArray[np.float32]

_CROSSING = float(np.float32(-1e-10))
_STEPS = N_FFT // HOP_LENGTH


@vector_code
def _measure_hop(
    lanes: Lanes, samples: Value, first: Value, energies: Value, crossings: Value
) -> None:
    """Emit: energy and sign changes of a hop, in each of eight lanes.

    A change is counted where it leads to a sample of the hop.
    """
    zero = lanes.constant(DOUBLE, 0.0)
    energy = lanes.variables([zero, zero])
    count = lanes.variables([lanes.constant(INT, 0)])
    limit = lanes.constant(FLOAT, _CROSSING)
    with lanes.loop(lanes.index(HOP_LENGTH // (2 * WIDTH))) as pair:
        for n, place in enumerate(energy):
            at = lanes.add_int(first, lanes.offset(pair, 0, 2 * WIDTH))
            at = lanes.offset(at, n * WIDTH)
            here = lanes.load(samples, at, FLOAT)
            before = lanes.load(samples, lanes.offset(at, -1), FLOAT)
            changed = lanes.not_equal(
                lanes.less(here, limit), lanes.less(before, limit)
            )
            lanes.write([lanes.add_int(lanes.read(count)[0], changed)], count)
            wide = lanes.widen(here)
            total = lanes.add(lanes.read([place])[0], lanes.mul(wide, wide))
            lanes.write([total], [place])
    lanes.store(lanes.add(*lanes.read(energy)), energies, lanes.index(0))
    lanes.store(lanes.read(count)[0], crossings, lanes.index(0))


@kernel("i8(f4[::1], i8, i8)")
def _changes(samples: Floats, start: int, stop: int) -> int:
    """Return how many samples of ``start:stop`` differ in sign from the one before."""
    count = 0
    for i in range(start, stop):
        count += (samples[i] < _CROSSING) != (samples[i - 1] < _CROSSING)
    return count


@kernel("Tuple((f8, i8))(f4[::1], i8, i8, i8)")
def _hop(samples: Floats, start: int, first: int, last: int) -> tuple[float, int]:
    """Return energy and sign changes of the hop from ``start`` on."""
    stop = start + HOP_LENGTH
    energy, count = 0.0, 0
    if start <= max(first, 0) or stop > last:
        for i in range(start, stop):
            energy += float(samples[i]) * samples[i]
        return energy, _changes(samples, max(start, first + 1), min(stop, last))
    energies, changes = np.empty(WIDTH), np.empty(WIDTH, np.int32)
    _measure_hop(samples, start, energies, changes)
    for lane in range(WIDTH):
        energy += energies[lane]
        count += changes[lane]
    return energy, count


@kernel("void(f4[::1], i8, i8, f4[:,:])")
def measure_waveform(samples: Floats, first: int, last: int, level: Floats) -> None:
    """Write RMS and zero-crossing rate of each frame, as librosa defines them.

    Frames share the sums over their hops.

    Parameters
    ----------
    samples : float32, shape (64 * 512 + 1536,)
    first, last : int
        ``samples[first:last]`` belong to the track; the rest is padding, in which
        nothing crosses.
    level : float32, shape (64, 2)
        Gets the RMS, full scale being 1, and the rate, 0 to 1.
    """
    n_steps = level.shape[0] + _STEPS - 1
    energy = np.zeros(n_steps)
    crossings = np.zeros(n_steps, np.int64)
    opening = np.zeros(n_steps, np.int64)
    for step in range(n_steps):
        start = step * HOP_LENGTH
        energy[step], crossings[step] = _hop(samples, start, first, last)
        if first < start < last:
            opening[step] = _changes(samples, start, start + 1)
    for t in range(level.shape[0]):
        frame_energy = 0.0
        count = -opening[t]
        for step in range(t, t + _STEPS):
            frame_energy += energy[step]
            count += crossings[step]
        level[t, 0] = math.sqrt(frame_energy / N_FFT)
        level[t, 1] = count / N_FFT


@vector_code
def _downmix_stereo(lanes: Lanes, block: Value, count: Value, out: Value) -> None:
    """Emit: the mean of two channels for ``count`` groups of samples."""
    half = lanes.constant(FLOAT, 0.5)
    sides = [[2 * n + side for n in range(WIDTH)] for side in range(2)]
    with lanes.loop(count) as group:
        at = lanes.offset(group, 0, 2 * WIDTH)
        first = lanes.load(block, at, FLOAT)
        second = lanes.load(block, lanes.offset(at, WIDTH), FLOAT)
        left, right = (lanes.shuffle(first, second, side) for side in sides)
        mean = lanes.mul(lanes.add(left, right), half)
        lanes.store(mean, out, lanes.offset(group, 0, WIDTH))


@kernel("void(f4[:,::1], f4[::1])", exact=True)
def downmix_channels(block: Floats, out: Floats) -> None:
    """Write the mean of the channels."""
    n, channels = block.shape
    done = 0
    if channels == 2:
        _downmix_stereo(block, n // WIDTH, out)
        done = n - n % WIDTH
    for i in range(done, n):
        total = np.float32(0.0)
        for c in range(channels):
            total += block[i, c]
        out[i] = total / np.float32(channels)


@vector_code
def _highest(lanes: Lanes, bits: Value, count: Value, top: Value) -> None:
    """Emit: the largest magnitude of ``count`` groups, as the integer of its bits."""
    magnitude = lanes.constant(INT, 0x7FFFFFFF)
    held = lanes.variables([lanes.constant(INT, 0)])
    with lanes.loop(count) as group:
        value = lanes.load(bits, lanes.offset(group, 0, WIDTH), INT)
        lanes.write(
            [lanes.maximum(lanes.read(held)[0], lanes.bit_and(value, magnitude))], held
        )
    folded = lanes.reduce(lanes.read(held)[0], lanes.maximum)
    lanes.store_scalar(folded, top, lanes.index(0))


@kernel("i4(i4[::1])")
def largest_magnitude(bits: NDArray[np.int32]) -> np.int32:
    """Return the largest magnitude; those of NaN and infinity are larger still."""
    n = bits.shape[0]
    top = np.zeros(1, np.int32)
    _highest(bits, n // WIDTH, top)
    for i in range(n - n % WIDTH, n):
        top[0] = max(top[0], bits[i] & np.int32(0x7FFFFFFF))
    return np.int32(top[0])
