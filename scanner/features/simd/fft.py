"""The Fourier transform of eight real frames at once, a lane for each of them."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

from scanner.features.definition import HOP_LENGTH, N_FFT
from scanner.features.simd.llvm import (
    FLOAT,
    HALF_DOUBLE,
    HALF_FLOAT,
    WIDTH,
    Lanes,
    Value,
    vector_code,
)

# A real transform of 2048 is a complex one of 1024 on pairs of samples; that is 32
# times 32, so that data passes through memory twice only. Each of 32 points is four of
# 8, which find room in the registers, and then eight of 4, written out. Lanes are
# frames, so no step ever mixes lanes, and what comes out stands side by side, as the
# filters along frequency want it.
# In single precision the transform's own noise, some 140 dB below a frame's peak, shows
# in the spectral contrast of lossy files, which is empty above a cut-off.

POINTS = N_FFT // 2
SIDE = 32
_HALF = WIDTH // 2
_PITCH = SIDE + 1
"""Numbers from one line of 32 to the next: powers of two would fight over the cache."""

_EIGHT, FOUR = 8, 4
_TWIDDLES_WITHIN = POINTS + POINTS // 2

WORK_ROWS = _PITCH * SIDE
ROOM_ROWS = SIDE
FRAME_ROWS = 2 * WORK_ROWS


@dataclass(frozen=True, slots=True)
class Complex:
    """A vector of complex numbers."""

    lanes: Lanes
    re: Value
    im: Value

    def __add__(self, other: Complex) -> Complex:
        """Return the sum."""
        add = self.lanes.add
        return Complex(self.lanes, add(self.re, other.re), add(self.im, other.im))

    def __sub__(self, other: Complex) -> Complex:
        """Return the difference."""
        sub = self.lanes.sub
        return Complex(self.lanes, sub(self.re, other.re), sub(self.im, other.im))

    def __mul__(self, other: Complex) -> Complex:
        """Return the product."""
        v = self.lanes
        re = v.sub(v.mul(self.re, other.re), v.mul(self.im, other.im))
        im = v.add(v.mul(self.re, other.im), v.mul(self.im, other.re))
        return Complex(v, re, im)

    def turned(self) -> Complex:
        """Return the product with -i."""
        v = self.lanes
        negative = v.sub(v.constant(HALF_DOUBLE, -0.0), self.re)
        return Complex(v, self.im, negative)

    def times(self, factor: complex) -> Complex:
        """Return the product with a constant."""
        v = self.lanes

        def constant(value: float) -> Value:
            return v.constant(HALF_DOUBLE, value)

        if factor == 1.0:
            return self
        if math.isclose(factor.real, -factor.imag):  # an eighth of a turn
            size = constant(factor.real)
            total, rest = v.add(self.re, self.im), v.sub(self.im, self.re)
            return Complex(v, v.mul(total, size), v.mul(rest, size))
        return self * Complex(v, constant(factor.real), constant(factor.imag))

    def power(self) -> Value:
        """Return the squared magnitudes."""
        v = self.lanes
        return v.add(v.mul(self.re, self.re), v.mul(self.im, self.im))


def _transform(x: list[Complex]) -> list[Complex]:
    """Return the Fourier transform, written out, by split radix."""
    n = len(x)
    if n == 1:
        return x
    if n == 2:
        return [x[0] + x[1], x[0] - x[1]]
    even, first, third = _transform(x[::2]), _transform(x[1::4]), _transform(x[3::4])
    quarter = n // 4
    out = [*even, *even]
    for k in range(quarter):
        turn = cmath.exp(-2j * math.pi * k / n)
        a = first[k].times(turn if k else 1.0)
        b = third[k].times(turn**3 if k else 1.0)
        both, apart = a + b, (a - b).turned()
        out[k], out[k + 2 * quarter] = even[k] + both, even[k] - both
        out[k + quarter] = even[k + quarter] + apart
        out[k + 3 * quarter] = even[k + quarter] - apart
    return out


def _load(lanes: Lanes, work: Value, place: Value) -> Complex:
    at = lanes.offset(place, 0, 2 * _HALF)
    re = lanes.load(work, at, HALF_DOUBLE)
    return Complex(lanes, re, lanes.load(work, lanes.offset(at, _HALF), HALF_DOUBLE))


def _store(lanes: Lanes, value: Complex, work: Value, place: Value) -> None:
    at = lanes.offset(place, 0, 2 * _HALF)
    lanes.store(value.re, work, at)
    lanes.store(value.im, work, lanes.offset(at, _HALF))


def _twiddle(lanes: Lanes, twiddles: Value, place: Value) -> Complex:
    at = lanes.offset(place, 0, 2)
    re = lanes.broadcast(twiddles, at, _HALF)
    return Complex(lanes, re, lanes.broadcast(twiddles, lanes.offset(at, 1), _HALF))


def _transform_line(
    lanes: Lanes,
    read: Callable[[Value], Complex],
    write: Callable[[Value, Complex], None],
    twiddles: Value,
    room: Value,
) -> None:
    """Emit a transform of 32 points, in two loops with ``room`` between them."""
    with lanes.loop(lanes.index(FOUR)) as j:
        points = [read(lanes.offset(j, FOUR * i)) for i in range(_EIGHT)]
        for k, value in enumerate(_transform(points)):
            place = lanes.offset(j, FOUR * k)
            twiddle = _twiddle(lanes, twiddles, lanes.offset(place, _TWIDDLES_WITHIN))
            _store(lanes, value * twiddle if k else value, room, place)
    with lanes.loop(lanes.index(_EIGHT)) as k:
        first = lanes.offset(k, 0, FOUR)
        points = [_load(lanes, room, lanes.offset(first, j)) for j in range(FOUR)]
        for m, value in enumerate(_transform(points)):
            write(lanes.offset(k, _EIGHT * m), value)


@vector_code
def interleave(lanes: Lanes, samples: Value, first: Value, out: Value) -> None:
    """Emit: the samples of eight frames side by side; ``out`` has shape (2112, 8)."""
    origin = lanes.offset(first, 0, HOP_LENGTH)
    with (
        lanes.loop(lanes.index(SIDE)) as line,
        lanes.loop(lanes.index(SIDE // _HALF)) as n,
    ):
        block = lanes.offset(n, 0, WIDTH)
        start = lanes.add_int(
            origin, lanes.add_int(lanes.offset(line, 0, 2 * SIDE), block)
        )
        frames = [
            lanes.load(samples, lanes.offset(start, n * HOP_LENGTH), FLOAT)
            for n in range(WIDTH)
        ]
        place = lanes.add_int(lanes.offset(line, 0, 2 * _PITCH), block)
        for i, values in enumerate(lanes.transpose(frames)):
            lanes.store(values, out, lanes.offset(lanes.offset(place, i), 0, WIDTH))


@vector_code
def power_spectra(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    lanes: Lanes,
    frames: Value,
    half: Value,
    taper: Value,
    twiddles: Value,
    columns: Value,
    spectrum: Value,
    room: Value,
    power: Value,
) -> None:
    """Emit: powers of four of eight frames.

    ``frames`` has shape (2112, 8) and is read from column ``half`` on; so is ``power``,
    shape (1025, 8), written. ``columns`` and ``spectrum`` are room for (1056, 8), and
    ``room`` is for (32, 8).
    """

    def sample(line: Value, column: Value, part: int) -> Value:
        n = lanes.offset(column, part, 2)
        at = lanes.offset(lanes.add_int(n, lanes.offset(line, 0, 2 * _PITCH)), 0, WIDTH)
        value = lanes.widen(lanes.load(frames, lanes.add_int(at, half), HALF_FLOAT))
        at = lanes.add_int(n, lanes.offset(line, 0, 2 * SIDE))
        return lanes.mul(value, lanes.broadcast(taper, at, _HALF))

    with lanes.loop(lanes.index(SIDE)) as column:

        def read(line: Value) -> Complex:
            return Complex(lanes, sample(line, column, 0), sample(line, column, 1))

        def write(row: Value, value: Complex) -> None:
            twiddle = _twiddle(
                lanes, twiddles, lanes.add_int(column, lanes.offset(row, 0, SIDE))
            )
            place = lanes.add_int(column, lanes.offset(row, 0, _PITCH))
            _store(lanes, value * twiddle, columns, place)

        _transform_line(lanes, read, write, twiddles, room)
    with lanes.loop(lanes.index(SIDE)) as row:
        start = lanes.offset(row, 0, _PITCH)
        _transform_line(
            lanes,
            lambda n: _load(lanes, columns, lanes.add_int(start, n)),
            lambda n, value: _store(
                lanes, value, spectrum, lanes.add_int(row, lanes.offset(n, 0, _PITCH))
            ),
            twiddles,
            room,
        )
    _unpack(lanes, spectrum, twiddles, half, power)


def _unpack(
    lanes: Lanes, spectrum: Value, twiddles: Value, half: Value, power: Value
) -> None:
    """Emit the step from pairs of samples to real frames."""
    quarter = lanes.constant(HALF_DOUBLE, 0.25)

    def write(value: Value, k: Value) -> None:
        at = lanes.add_int(lanes.offset(k, 0, WIDTH), half)
        lanes.store(lanes.narrow(value), power, at)

    def read(k: Value) -> Complex:
        return _load(lanes, spectrum, lanes.add_int(k, lanes.index_div(k, SIDE)))

    ends = read(lanes.index(0))
    for value, k in (
        (lanes.add(ends.re, ends.im), 0),
        (lanes.sub(ends.re, ends.im), POINTS),
    ):
        write(lanes.mul(value, value), lanes.index(k))
    middle = lanes.index(POINTS // 2)
    write(read(middle).power(), middle)
    with lanes.loop(lanes.index(POINTS // 2 - 1)) as n:
        k = lanes.offset(n, 1)
        mirrored = lanes.sub_int(lanes.index(POINTS), k)
        a, b = read(k), read(mirrored)
        even = Complex(lanes, lanes.add(a.re, b.re), lanes.sub(a.im, b.im))
        odd = Complex(lanes, lanes.sub(a.re, b.re), lanes.add(a.im, b.im)).turned()
        odd = odd * _twiddle(lanes, twiddles, lanes.offset(k, POINTS))
        write(lanes.mul((even + odd).power(), quarter), k)
        write(lanes.mul((even - odd).power(), quarter), mirrored)
