"""The K-weighting filters of BS.1770, four samples a step, two channels abreast.

A filter whose every output waits for the one before leaves most of a processor idle.
Four steps of the two biquads written as one are matrices: of the inputs and of the
state before, which makes one wait of four.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scanner.features.compiled import kernel
from scanner.features.lanes import HALF_DOUBLE, WIDTH, Lanes, Value, vector_code

_STEP = WIDTH // 2
_STATES = 4
_NOTHING = 1e-30


def coefficients(sr: float) -> NDArray[np.float64]:
    """Return the shelf and the high-pass at rate ``sr``, rows b0 b1 b2 a1 a2.

    The analogue prototypes behind the coefficients that BS.1770 gives for 48 kHz,
    transformed to any other rate.
    """
    shelf_hz, gain_db, shelf_q = (
        1681.974450955533,
        3.999843853973347,
        0.7071752369554196,
    )
    k = math.tan(math.pi * shelf_hz / sr)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    norm = 1.0 + k / shelf_q + k * k
    shelf = [
        (high + band * k / shelf_q + k * k) / norm,
        2.0 * (k * k - high) / norm,
        (high - band * k / shelf_q + k * k) / norm,
        2.0 * (k * k - 1.0) / norm,
        (1.0 - k / shelf_q + k * k) / norm,
    ]
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / sr)
    norm = 1.0 + k / pass_q + k * k
    high_pass = [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / norm]
    high_pass.append((1.0 - k / pass_q + k * k) / norm)
    return np.array([shelf, high_pass])


def matrices(biquads: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what four samples and the state before make of the next four.

    Returns
    -------
    shape (16, 4)
        Outputs by each of four inputs, outputs by each of four states, the state after
        by each input, the state after by each state.
    """
    (b0, b1, b2, a1, a2), (c0, c1, c2, d1, d2) = biquads
    into = np.array([b1 - a1 * b0, b2 - a2 * b0, b0 * (c1 - d1 * c0), 0.0])
    into[3] = b0 * (c2 - d2 * c0)
    on = np.array(
        [
            [-a1, 1.0, 0.0, 0.0],
            [-a2, 0.0, 0.0, 0.0],
            [c1 - d1 * c0, 0.0, -d1, 1.0],
            [c2 - d2 * c0, 0.0, -d2, 0.0],
        ]
    )
    out, through = np.array([c0, 0.0, 1.0, 0.0]), b0 * c0
    powers = [np.linalg.matrix_power(on, n) for n in range(_STEP + 1)]
    outputs = np.zeros((_STEP, _STEP))
    for j in range(_STEP):
        outputs[j, j] = through
        for i in range(j + 1, _STEP):
            outputs[j, i] = out @ powers[i - j - 1] @ into
    by_state = np.array([out @ powers[i] for i in range(_STEP)]).T
    after = np.array([powers[_STEP - 1 - j] @ into for j in range(_STEP)])
    return np.concatenate([outputs, by_state, after, powers[_STEP].T])


@vector_code
def _steps(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    lanes: Lanes,
    block: Value,
    channels: Value,
    first: Value,
    count: Value,
    pair: Value,
    tables: Value,
    state: Value,
    energy: Value,
) -> None:
    """Emit: ``count`` steps of four samples from ``first`` on, for two channels."""
    rows = [lanes.load(tables, lanes.index(n * _STEP), HALF_DOUBLE) for n in range(16)]
    zero = lanes.constant(HALF_DOUBLE, 0.0)
    numbers = [lanes.integer(pair, lanes.index(side)) for side in range(2)]
    before = [
        lanes.load(state, lanes.offset(c, 0, _STEP), HALF_DOUBLE) for c in numbers
    ]
    states, totals = lanes.variables(before), lanes.variables([zero, zero])
    with lanes.loop(count) as step:
        for side, channel in enumerate(numbers):
            factors = []
            for n in range(_STEP):
                at = lanes.sum(first, lanes.offset(step, n, _STEP))
                at = lanes.times(at, channels)
                sample = lanes.scalar(block, lanes.sum(at, channel), _STEP)
                factors.append(lanes.widen(sample))
            (held,) = lanes.read(states[side : side + 1])
            factors += [lanes.shuffle(held, held, [n] * _STEP) for n in range(_STEP)]
            out = _product(lanes, rows[:8], factors)
            (total,) = lanes.read(totals[side : side + 1])
            total = lanes.add(total, lanes.mul(out, out))
            lanes.write([total], totals[side : side + 1])
            after = _product(lanes, rows[8:], factors)
            lanes.write([after], states[side : side + 1])
    for side, channel in enumerate(numbers):
        (held,) = lanes.read(states[side : side + 1])
        lanes.store(held, state, lanes.offset(channel, 0, _STEP))
        (total,) = lanes.read(totals[side : side + 1])
        lanes.store(total, energy, lanes.index(side * _STEP))


def _product(lanes: Lanes, rows: list[Value], factors: list[Value]) -> Value:
    """Return the sum of products; those with the state, which come late, apart."""
    parts = []
    for half in (range(_STEP), range(_STEP, 2 * _STEP)):
        total = lanes.mul(rows[half[0]], factors[half[0]])
        for n in half[1:]:
            total = lanes.add(total, lanes.mul(rows[n], factors[n]))
        parts.append(total)
    return lanes.add(*parts)


@kernel("void(f4[:,::1], i8, i8, i8[:], f8[:,::1], f8[:,::1], f8[:,::1], f8[::1])")
def _add_energy(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    block: NDArray[np.float32],
    start: int,
    stop: int,
    pair: NDArray[np.int64],
    biquads: NDArray[np.float64],
    tables: NDArray[np.float64],
    state: NDArray[np.float64],
    energy: NDArray[np.float64],
) -> None:
    """Add the energy of two channels of ``block[start:stop]`` after the filters."""
    count = (stop - start) // _STEP
    sums = np.empty((2, _STEP))
    _steps(block, block.shape[1], start, count, pair, tables, state, sums)
    for side in range(1 if pair[0] == pair[1] else 2):
        channel = pair[side]
        total = 0.0
        for k in range(_STEP):
            total += sums[side, k]
        s1, s2 = state[channel, 0], state[channel, 1]
        t1, t2 = state[channel, 2], state[channel, 3]
        for i in range(start + count * _STEP, stop):
            x = float(block[i, channel])
            y = biquads[0, 0] * x + s1
            s1 = biquads[0, 1] * x - biquads[0, 3] * y + s2
            s2 = biquads[0, 2] * x - biquads[0, 4] * y
            z = biquads[1, 0] * y + t1
            t1 = biquads[1, 1] * y - biquads[1, 3] * z + t2
            t2 = biquads[1, 2] * y - biquads[1, 4] * z
            total += z * z
        state[channel, 0], state[channel, 1] = s1, s2
        state[channel, 2], state[channel, 3] = t1, t2
        for k in range(_STATES):  # in silence it would decay into slow tiny numbers
            if abs(state[channel, k]) < _NOTHING:
                state[channel, k] = 0.0
        energy[channel] += total


@kernel(
    "i8(f4[:,::1], i8[:,::1], f8[::1], f8[:,::1], f8[:,::1], f8[:,::1],"
    " f8[::1], i8[::1], f8[::1])"
)
def weighted_powers(  # noqa: PLR0913, PLR0917  (a kernel's arrays)
    block: NDArray[np.float32],
    pairs: NDArray[np.int64],
    weights: NDArray[np.float64],
    biquads: NDArray[np.float64],
    tables: NDArray[np.float64],
    state: NDArray[np.float64],
    energy: NDArray[np.float64],
    place: NDArray[np.int64],
    out: NDArray[np.float64],
) -> int:
    """Write the power of each stretch that ends in the block; return how many do.

    Parameters
    ----------
    block : shape (n, channels)
    pairs : shape (m, 2)
        Channels that are filtered together; one without a second stands twice.
    weights : shape (channels,)
    biquads, tables
        As `coefficients` and `matrices` return them.
    state : shape (channels, 4)
    energy : shape (channels,)
        Of the stretch that goes on.
    place : shape (2,)
        Length of a stretch, and how far the present one has come.
    out : shape (k,)
    """
    start, found = 0, 0
    n, channels = block.shape
    while start < n:
        stop = min(n, start + place[0] - place[1])
        for p in range(pairs.shape[0]):
            _add_energy(block, start, stop, pairs[p], biquads, tables, state, energy)
        place[1] += stop - start
        start = stop
        if place[1] == place[0]:
            total = 0.0
            for c in range(channels):
                total += weights[c] * energy[c]
                energy[c] = 0.0
            out[found] = total / place[0]
            found += 1
            place[1] = 0
    return found
