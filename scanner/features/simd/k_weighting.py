"""The K-weighting filters of ITU-R BS.1770, for eight steps of 100 ms at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanner.features.kernels import kernel
from scanner.features.simd.llvm import (
    FLOAT,
    HALF_DOUBLE,
    WIDTH,
    Lanes,
    Value,
    vector_code,
)

# A filter whose every output waits for the one before leaves most of a processor idle,
# so a lane is a step. What a lane cannot know is where the step before it leaves the
# filters. The shelf's past fades within a few hundred samples: it starts that much
# earlier. The high-pass's does not; but it is linear: what is left in it adds a known
# response to the output, and energy follows from three sums.

Doubles = NDArray[np.float64]

_NOTHING = 1e-30
_HALVES = (range(WIDTH // 2), range(WIDTH // 2, WIDTH))
_SUMS = 5
_BYTES = 4
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The first filter over eight steps, in direct form II transposed."""

    lanes: Lanes
    starts: list[Value]
    pitch: Value
    factors: Value
    states: list[list[Value]]

    def take(self, n: Value) -> list[Value]:
        """Take sample ``n`` of each step; return the output, in halves."""
        lanes = self.lanes
        b1, b2, a1, a2 = _repeated(lanes, self.factors, lanes.index(0), 4)
        ahead = lanes.mul_int(n, self.pitch)
        places = [lanes.add_int(start, ahead) for start in self.starts]
        samples = lanes.gather(places, FLOAT)
        outputs = []
        for half, states in zip(_HALVES, self.states, strict=True):
            x = lanes.widen(lanes.shuffle(samples, samples, list(half)))
            first, second = lanes.read(states)
            y = lanes.add(x, first)
            first = lanes.add(second, lanes.mul(b1, x))
            first = lanes.sub(first, lanes.mul(a1, y))
            second = lanes.sub(lanes.mul(b2, x), lanes.mul(a2, y))
            lanes.write([first, second], states)
            outputs.append(y)
        return outputs


@dataclass(frozen=True, slots=True)
class _HighPass:
    """The second filter, likewise, and the sums of what comes out."""

    lanes: Lanes
    factors: Value
    response: Value
    states: list[list[Value]]
    sums: list[list[Value]]

    def take(self, n: Value, inputs: list[Value]) -> None:
        """Take sample ``n`` of each step, in halves."""
        lanes = self.lanes
        d1, d2 = _repeated(lanes, self.factors, lanes.index(4), 2)
        left = _repeated(lanes, self.response, lanes.offset(n, 0, 2), 2)
        for y, states, sums in zip(inputs, self.states, self.sums, strict=True):
            first, second = lanes.read(states)
            z = lanes.add(y, first)
            first = lanes.sub(second, lanes.add(y, y))
            first = lanes.sub(first, lanes.mul(d1, z))
            lanes.write([first, lanes.sub(y, lanes.mul(d2, z))], states)
            held = zip(lanes.read(sums), (z, *left), strict=True)
            lanes.write([lanes.add(s, lanes.mul(z, f)) for s, f in held], sums)


def _repeated(lanes: Lanes, pointer: Value, first: Value, n: int) -> list[Value]:
    """Return ``n`` numbers of an array, each repeated in all lanes."""
    places = [lanes.offset(first, k) for k in range(n)]
    return [lanes.broadcast(pointer, place, WIDTH // 2) for place in places]


@vector_code
def _filter_steps(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    lanes: Lanes,
    firsts: Value,
    pitch: Value,
    reach: Value,
    step: Value,
    factors: Value,
    response: Value,
    between: Value,
    out: Value,
) -> None:
    """Emit: eight steps that begin at ``firsts``, the high-pass at rest.

    ``firsts`` are addresses, ``pitch`` the bytes from one sample to the next. Five
    rows of ``out``: energy, the sums of products with the two responses, the states at
    the end. ``between`` is room for (64, 8): two filters in one loop would not find
    room in the registers.
    """
    lanes = lanes.in_order()
    zero = lanes.constant(HALF_DOUBLE, 0.0)
    before, after, sums = (
        [lanes.variables([zero] * n) for _ in _HALVES] for n in (2, 2, 3)
    )
    starts = [lanes.load_index(firsts, lanes.index(n)) for n in range(WIDTH)]
    shelf = _Shelf(lanes, starts, pitch, factors, before)
    high_pass = _HighPass(lanes, factors, response, after, sums)
    with lanes.loop(reach) as n:
        shelf.take(lanes.sub_int(n, reach))
    with lanes.loop(lanes.index_div(lanes.offset(step, _CHUNK - 1), _CHUNK)) as chunk:
        done = lanes.offset(chunk, 0, _CHUNK)
        count = lanes.minimum(lanes.index(_CHUNK), lanes.sub_int(step, done))
        with lanes.loop(count) as n:
            for half, y in zip(
                _HALVES, shelf.take(lanes.add_int(done, n)), strict=True
            ):
                lanes.store(y, between, lanes.offset(n, half[0], WIDTH))
        with lanes.loop(count) as n:
            places = [lanes.offset(n, half[0], WIDTH) for half in _HALVES]
            inputs = [lanes.load(between, place, HALF_DOUBLE) for place in places]
            high_pass.take(lanes.add_int(done, n), inputs)
    for half, states, totals in zip(_HALVES, after, sums, strict=True):
        for row, value in enumerate([*lanes.read(totals), *lanes.read(states)]):
            lanes.store(value, out, lanes.index(row * WIDTH + half[0]))


@kernel("f8(f8[:,::1], i8, f8[:,::1], f8[:,::1], f8[:])")
def _finish_step(
    found: Doubles, lane: int, energies: Doubles, onward: Doubles, state: Doubles
) -> float:
    """Return the energy of a step that began with ``state``; move that on."""
    s, t = state[0], state[1]
    energy = found[0, lane] + 2.0 * (s * found[1, lane] + t * found[2, lane])
    energy += s * s * energies[0, 0] + t * t * energies[1, 1]
    energy += 2.0 * s * t * energies[0, 1]
    state[0] = found[3, lane] + onward[0, 0] * s + onward[0, 1] * t
    state[1] = found[4, lane] + onward[1, 0] * s + onward[1, 1] * t
    if abs(state[0]) + abs(state[1]) < _NOTHING:
        state[:] = 0.0  # it would decay into slow tiny numbers
    return energy if energy > 0.0 else 0.0


@kernel(
    "void(f4[:,::1], f4[:,::1], i8[::1], i8[:,::1], i8, f8[::1], i8, f8[:,::1],"
    " f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1])"
)
def add_powers(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    seam: NDArray[np.float32],
    block: NDArray[np.float32],
    place: NDArray[np.int64],
    sets: NDArray[np.int64],
    step: int,
    factors: Doubles,
    reach: int,
    response: Doubles,
    energies: Doubles,
    onward: Doubles,
    state: Doubles,
    weights: Doubles,
    out: Doubles,
) -> None:
    """Add the weighted energies of steps to ``out``.

    Parameters
    ----------
    seam, block : shape (n, channels)
        Some steps lie in the seam, behind ``reach`` samples of the past, the
        others in the block.
    place : shape (2,)
        How many lie in the seam; where the others begin.
    sets : shape (m, 1 or 2)
        Channels that share the eight lanes; one that stands twice counts once.
    step : int
        Samples of a step.
    factors, reach, response, energies, onward
        As in `scanner.features.loudness.KWeighting`.
    state : shape (channels, 2)
        Of the high-pass before the first step; after the last one on return.
    weights : shape (channels,)
    out : shape (count,)
    """
    count, sides = out.shape[0], sets.shape[1]
    abreast = WIDTH // sides
    pitch = seam.shape[1] * _BYTES
    before = np.int64(seam.ctypes.data) + reach * pitch
    inside = np.int64(block.ctypes.data) + (place[1] - place[0] * step) * pitch
    firsts = np.empty(WIDTH, np.int64)
    found = np.empty((_SUMS, WIDTH))
    between = np.empty((_CHUNK, WIDTH))
    for first in range(0, count, abreast):
        used = min(count - first, abreast)
        for one in range(sets.shape[0]):
            for lane in range(WIDTH):  # those without a step repeat the last one
                number = first + min(lane % abreast, used - 1)
                origin = before if number < place[0] else inside
                ahead = number * step * pitch + sets[one, lane // abreast] * _BYTES
                firsts[lane] = origin + ahead
            _filter_steps(firsts, pitch, reach, step, factors, response, between, found)
            for side in range(sides):
                c = sets[one, side]
                if side and c == sets[one, 0]:
                    break
                for n in range(used):
                    lane = side * abreast + n
                    energy = _finish_step(found, lane, energies, onward, state[c])
                    out[first + n] += weights[c] * energy
