"""Sample peak, true peak and crest factor of a signal, in one pass."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scanner.features.kernels import kernel
from scanner.features.simd.llvm import FLOAT, INT, WIDTH, Lanes, Value, vector_code

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_PHASES = 4
_REACH = 6
"""Samples on either side that an interpolated value is made of."""

_CHUNK = 128
"""Samples, of all channels, that are passed over together."""

_NEAR = 0.7
"""Only a sample that reaches this share of the peak so far may hide a higher one.

Between the samples of a wave below a quarter of the rate lies at most 1 / 0.7 of them.
"""


def _interpolator() -> Floats:
    """Return a windowed sinc at 1/4, 1/2 and 3/4 between samples, shape (13, 8).

    As many taps as the 4-fold oversampling of BS.1770-4, annex 2, has; lanes 0 to 2
    before the seventh of 13 samples, 4 to 6 behind it.
    """
    offsets = np.arange(-_REACH + 1, _REACH + 1, dtype=np.float64)
    phases = np.arange(1, _PHASES)[None, :] / _PHASES
    distance = phases - offsets[:, None]
    taps = np.sinc(distance) * np.cos(0.5 * np.pi * distance / _REACH) ** 2
    table = np.zeros((2 * _REACH + 1, WIDTH), np.float32)
    table[:-1, : _PHASES - 1] = taps / taps.sum(axis=0)
    table[1:, WIDTH // 2 : WIDTH // 2 + _PHASES - 1] = taps / taps.sum(axis=0)
    return table


_TAPS = _interpolator()


@vector_code
def _survey(
    lanes: Lanes, samples: Value, chunks: Value, energies: Value, tops: Value
) -> None:
    """Emit: energy and largest magnitude of each chunk.

    Magnitudes order like the integers that their bits are.
    """
    magnitude = lanes.constant(INT, 0x7FFFFFFF)
    with lanes.loop(chunks) as chunk:
        parts = [lanes.constant(FLOAT, 0.0)] * 4
        highest = [lanes.constant(INT, 0)] * 4
        for n in range(_CHUNK // WIDTH):
            at = lanes.offset(lanes.offset(chunk, 0, _CHUNK), n * WIDTH)
            value = lanes.load(samples, at, FLOAT)
            bits = lanes.bit_and(lanes.bitcast(value, INT), magnitude)
            parts[n % 4] = lanes.add(parts[n % 4], lanes.mul(value, value))
            highest[n % 4] = lanes.maximum(highest[n % 4], bits)
        energy = lanes.add(lanes.add(*parts[:2]), lanes.add(*parts[2:]))
        top = lanes.maximum(lanes.maximum(*highest[:2]), lanes.maximum(*highest[2:]))
        lanes.store_scalar(lanes.reduce(energy, lanes.add), energies, chunk)
        lanes.store_scalar(lanes.reduce(top, lanes.maximum), tops, chunk)


@vector_code
def _mark(
    lanes: Lanes,
    bits: Value,
    first: Value,
    count: Value,
    channels: Value,
    least: Value,
    marks: Value,
) -> None:
    """Emit: note which samples of ``count`` groups are extremes of ``least`` and more.

    A bit for each sample, set where neither neighbour of its channel is greater.
    """
    magnitude = lanes.constant(INT, 0x7FFFFFFF)
    floor = lanes.broadcast(least, lanes.index(0))
    with lanes.loop(count) as group:
        at = lanes.add_int(first, lanes.offset(group, 0, WIDTH))
        here, before, after = (
            lanes.bit_and(lanes.load(bits, place, INT), magnitude)
            for place in (at, lanes.sub_int(at, channels), lanes.add_int(at, channels))
        )
        highest = lanes.maximum(floor, lanes.maximum(before, after))
        lanes.store_bits(lanes.greater_equal(here, highest), marks, group)


@vector_code
def _interpolate(
    lanes: Lanes, flat: Value, first: Value, channels: Value, taps: Value, out: Value
) -> None:
    """Emit: the values between three samples, of which the first is out of reach."""
    sums = [lanes.constant(FLOAT, 0.0)] * 2
    for k in range(2 * _REACH + 1):
        at = lanes.add_int(first, lanes.mul_int(channels, lanes.index(k)))
        row = lanes.load(taps, lanes.index(k * WIDTH), FLOAT)
        sums[k % 2] = lanes.add(sums[k % 2], lanes.mul(lanes.broadcast(flat, at), row))
    lanes.store(lanes.add(*sums), out, lanes.index(0))


@kernel("f8(f4[::1], i4[::1], i8, i8, i8, i8, i4[::1], f8, f4[:,::1])")
def _peak_among(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    flat: Floats,
    bits: Ints,
    channels: int,
    start: int,
    stop: int,
    begin: int,
    least: Ints,
    known: float,
    taps: Floats,
) -> float:
    """Return the highest value beside the extremes of the groups from ``begin`` on.

    As many groups as end before ``stop``; extremes before ``start`` are passed over.
    """
    between = np.empty(WIDTH, np.float32)
    marks = np.empty(_CHUNK // WIDTH, np.uint8)
    best = np.float32(known)
    count = (stop - begin) // WIDTH
    _mark(bits, begin, count, channels, least, marks)
    for group in range(count):
        if marks[group] == 0:
            continue
        for bit in range(WIDTH):
            i = begin + WIDTH * group + bit
            if marks[group] >> bit & 1 and i >= start:
                _interpolate(flat, i - _REACH * channels, channels, taps, between)
                for p in range(WIDTH):
                    best = max(best, abs(between[p]))
    return max(known, float(best))


@kernel("f8(f4[::1], i4[::1], i8, i8, i8, i4[::1], f8, f4[:,::1])")
def _interpolated_peak(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    flat: Floats,
    bits: Ints,
    channels: int,
    start: int,
    stop: int,
    least: Ints,
    known: float,
    taps: Floats,
) -> float:
    """Return the highest value beside the local extremes in ``start:stop``.

    Extremes below ``least`` are skipped; ``known`` where there is nothing higher.
    """
    if stop <= start:
        return known
    best = known
    if stop - start >= WIDTH:
        best = _peak_among(flat, bits, channels, start, stop, start, least, best, taps)
    if (stop - start) % WIDTH:  # the rest, with some of what was looked at before
        begin = stop - WIDTH
        best = _peak_among(flat, bits, channels, start, stop, begin, least, best, taps)
    return best


@kernel("void(f4[:,::1], i4[:,::1], i8, i8, f4[::1], f8[::1], f4[:,::1])")
def _measure(
    chunks: Floats,
    bits: Ints,
    size: int,
    channels: int,
    seam: Floats,
    found: NDArray[np.float64],
    taps: Floats,
) -> None:
    """Measure the first ``size`` samples of the chunks.

    ``seam`` begins with the last twelve frames before them, and does so again for the
    next ones; ``found`` holds energy, sample peak and interpolated peak so far.
    """
    flat, flat_bits = chunks.reshape(-1), bits.reshape(-1)
    half, reach = seam.shape[0] // 2, seam.shape[0] // 4
    tops = np.empty(chunks.shape[0], np.float32)
    energies = np.empty(chunks.shape[0], np.float32)
    _survey(flat, tops.shape[0], energies, tops.view(np.int32))
    for chunk in range(tops.shape[0]):
        found[0] += float(energies[chunk])
        found[1] = max(found[1], float(tops[chunk]))
    least, best = np.empty(1, np.float32), found[2]
    least[0] = _NEAR * max(found[1], best)
    floor = least.view(np.int32)
    for i in range(half):  # assigning slices takes numba seconds to compile
        seam[half + i] = flat[i]
    if least[0] > 0.0:
        start, seam_bits = reach, seam.view(np.int32)
        while start < seam.shape[0] - reach:
            stop = min(start + _CHUNK, seam.shape[0] - reach)
            best = _interpolated_peak(
                seam, seam_bits, channels, start, stop, floor, best, taps
            )
            start = stop
        for chunk in range(tops.shape[0]):
            if tops[chunk] >= least[0]:
                start = max(chunk * _CHUNK, reach)
                stop = min((chunk + 1) * _CHUNK, size - reach)
                best = _interpolated_peak(
                    flat, flat_bits, channels, start, stop, floor, best, taps
                )
    found[2] = best
    for i in range(half):
        seam[i] = flat[size - half + i]


class TruePeakMeter:
    """Measures a stream of blocks, of which the last alone may be very short.

    Parameters
    ----------
    channels : int

    Notes
    -----
    Values between samples are computed only beside local extremes that reach 0.7 of
    the highest value so far: elsewhere only a signal near the Nyquist frequency could
    pass a peak that was found already.

    References
    ----------
    ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio
    level", annex 2, 2015.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._seam = np.zeros(4 * _REACH * channels, np.float32)
        self._found = np.zeros(3)
        self._samples = 0

    def push(self, block: Floats) -> None:
        """Take the next samples, shape (n, channels)."""
        self._samples += block.size
        flat = np.ascontiguousarray(block).reshape(-1)
        size = max(flat.size, self._seam.size // 2 + WIDTH)
        rest = -size % _CHUNK + size - flat.size
        if rest:
            flat = np.concatenate([flat, np.zeros(rest, np.float32)])
        chunks = flat.reshape(-1, _CHUNK)
        _measure(
            chunks,
            chunks.view(np.int32),
            size,
            self._channels,
            self._seam,
            self._found,
            _TAPS,
        )

    def finish(self) -> dict[str, float]:
        """Return what was found; nothing may be pushed afterwards.

        Returns
        -------
        dict
            ``sample_peak_dbfs``, ``true_peak_dbtp`` and ``crest_db`` (highest sample
            above the RMS of all channels); empty where all is digital silence.
        """
        self.push(np.zeros((0, self._channels), np.float32))
        energy, peak, true_peak = self._found
        if not peak > 0.0:
            return {}
        peak_db = 20.0 * math.log10(peak)
        return {
            "sample_peak_dbfs": peak_db,
            "true_peak_dbtp": 20.0 * math.log10(max(peak, true_peak)),
            "crest_db": peak_db - 10.0 * math.log10(energy / self._samples),
        }
