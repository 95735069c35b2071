"""The descriptors of eight spectra at once, a lane for each frame."""

from __future__ import annotations

from scanner.features.definition import (
    MARGIN,
    N_BINS,
    N_CHROMA,
    N_MELS,
    STRIDE,
    contrast_bands,
)
from scanner.features.simd.llvm import (
    DOUBLE,
    FLOAT,
    INT,
    WIDTH,
    Lanes,
    Value,
    vector_code,
)

# In ``bins`` the magnitudes of eight frames stand side by side: row 16 + k is bin k of
# all of them. The emitters below write rows of eight likewise.

CHUNK = 32
"""Bins between two stored partial sums, from which the rolloff is found."""

N_CHUNKS = N_BINS // CHUNK
MOMENT_ROWS = N_CHUNKS + 6
"""Partial sums; then total, first and second moment, and flatness in three parts."""

POWER_ROWS = -(-N_BINS // WIDTH) * WIDTH

_MANTISSA_BITS = 23
_MANTISSA = (1 << _MANTISSA_BITS) - 1
_EXPONENT_BIAS = 127
_ONE = _EXPONENT_BIAS << _MANTISSA_BITS
_AMIN = 1e-10
_TOP = 2**31 - 1
_REACH = 15

# log(1 + x) on half an octave around x = 0, from the Cephes library (logf)
_LOG_TERMS = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_SQRT_HALF_BITS = 0x3F3504F3
_DB_PER_OCTAVE = 3.0102999566398120
_DB_PER_NEPER = 4.3429448190325183


@vector_code
def magnitudes(
    lanes: Lanes, power: Value, bins: Value, rows: Value, row: Value
) -> None:
    """Emit: roots of ``power``, shape (1032, 8), side by side and as rows.

    ``bins`` gets mirrored margins; ``rows`` is written from ``row`` on.
    """
    with lanes.loop(lanes.index(POWER_ROWS // WIDTH)) as block:
        start = lanes.offset(block, 0, WIDTH)
        line = []
        for n in range(WIDTH):
            k = lanes.offset(start, n)
            S = lanes.sqrt(lanes.load(power, lanes.offset(k, 0, WIDTH), FLOAT))
            lanes.store(S, bins, _bin(lanes, k))
            line.append(S)
        for n, values in enumerate(lanes.transpose(line)):
            at = lanes.offset(lanes.offset(row, n), 0, STRIDE)
            lanes.store(values, rows, lanes.add_int(at, start))
    end = MARGIN + N_BINS
    for n in range(_REACH):
        for source, target in ((MARGIN + n, MARGIN - 1 - n), (end - 1 - n, end + n)):
            values = lanes.load(bins, lanes.index(source * WIDTH), FLOAT)
            lanes.store(values, bins, lanes.index(target * WIDTH))


def _bin(lanes: Lanes, k: Value) -> Value:
    return lanes.offset(lanes.offset(k, MARGIN), 0, WIDTH)


def _decibels(lanes: Lanes, power: Value) -> Value:
    """Return ten times the decimal logarithm of at least 1e-10."""
    least = lanes.bitcast(lanes.constant(FLOAT, _AMIN), INT)
    bits = lanes.maximum(lanes.bitcast(power, INT), least)
    above = lanes.add_int(bits, lanes.constant(INT, _ONE - _SQRT_HALF_BITS))
    octaves = lanes.shift_right(above, _MANTISSA_BITS)
    octaves = lanes.add_int(octaves, lanes.constant(INT, -_EXPONENT_BIAS))
    rest = lanes.bit_and(above, lanes.constant(INT, _MANTISSA))
    rest = lanes.add_int(rest, lanes.constant(INT, _SQRT_HALF_BITS))
    x = lanes.add(lanes.bitcast(rest, FLOAT), lanes.constant(FLOAT, -1.0))
    series = lanes.constant(FLOAT, _LOG_TERMS[0])
    for term in _LOG_TERMS[1:]:
        series = lanes.add(lanes.mul(series, x), lanes.constant(FLOAT, term))
    square = lanes.mul(x, x)
    series = lanes.mul(lanes.mul(series, x), square)
    series = lanes.add(series, lanes.mul(square, lanes.constant(FLOAT, -0.5)))
    nepers = lanes.add(series, x)
    return lanes.add(
        lanes.mul(nepers, lanes.constant(FLOAT, _DB_PER_NEPER)),
        lanes.mul(lanes.to_float(octaves), lanes.constant(FLOAT, _DB_PER_OCTAVE)),
    )


@vector_code
def mel_decibels(
    lanes: Lanes, power: Value, spans: Value, weights: Value, out: Value, row: Value
) -> None:
    """Emit: mel bands in dB, into eight rows of ``out`` from ``row`` on.

    ``spans`` has first bin, number of bins and first weight of each band.
    """

    def band(m: Value) -> Value:
        first, count, weight = (
            lanes.load_index(spans, lanes.offset(m, n, 3)) for n in range(3)
        )
        places = lanes.variables([lanes.constant(FLOAT, 0.0)])
        with lanes.loop(count) as n:
            (total,) = lanes.read(places)
            P = lanes.load(
                power, lanes.offset(lanes.add_int(first, n), 0, WIDTH), FLOAT
            )
            w = lanes.broadcast(weights, lanes.add_int(weight, n))
            lanes.write([lanes.add(total, lanes.mul(P, w))], places)
        return _decibels(lanes, lanes.read(places)[0])

    with lanes.loop(lanes.index(N_MELS // WIDTH)) as block:
        start = lanes.offset(block, 0, WIDTH)
        bands = [band(lanes.offset(start, n)) for n in range(WIDTH)]
        for n, frame in enumerate(lanes.transpose(bands)):
            at = lanes.offset(lanes.offset(row, n), 0, N_MELS)
            lanes.store(frame, out, lanes.add_int(at, start))


@vector_code
def chroma(lanes: Lanes, power: Value, weights: Value, out: Value) -> None:
    """Emit: twelve rows of chroma, not normalised; ``weights`` has a row per bin."""
    places = lanes.variables([lanes.constant(FLOAT, 0.0)] * N_CHROMA)
    with lanes.loop(lanes.index(N_BINS)) as k:
        P = lanes.load(power, lanes.offset(k, 0, WIDTH), FLOAT)
        for c, place in enumerate(places):
            w = lanes.broadcast(weights, lanes.offset(k, c, N_CHROMA))
            (total,) = lanes.read([place])
            lanes.write([lanes.add(total, lanes.mul(P, w))], [place])
    for c, total in enumerate(lanes.read(places)):
        lanes.store(total, out, lanes.index(c * WIDTH))


@vector_code
def contrast_decibels(lanes: Lanes, bins: Value, out: Value) -> None:
    """Emit: seven rows of peaks, then seven of valleys, in dB.

    The highest and the lowest few of a band sink through two short sorted chains.
    """
    bands = contrast_bands()
    for k, band in enumerate(bands):
        peaks = lanes.variables([lanes.constant(INT, 0)] * band.extremes)
        valleys = lanes.variables([lanes.constant(INT, _TOP)] * band.extremes)
        with lanes.loop(lanes.index(band.stop - band.start)) as n:
            S = lanes.load(bins, _bin(lanes, lanes.offset(n, band.start)), INT)
            _sink(lanes, S, peaks, lanes.maximum, lanes.minimum)
            _sink(lanes, S, valleys, lanes.minimum, lanes.maximum)
        for places, row in ((peaks, k), (valleys, len(bands) + k)):
            total = lanes.constant(FLOAT, 0.0)
            for value in lanes.read(places):
                total = lanes.add(total, lanes.bitcast(value, FLOAT))
            mean = lanes.mul(total, lanes.constant(FLOAT, 1.0 / band.extremes))
            lanes.store(_decibels(lanes, mean), out, lanes.index(row * WIDTH))


def _sink(
    lanes: Lanes, value: Value, places: list[Value], keep: Value, pass_on: Value
) -> None:
    for place in places:
        (held,) = lanes.read([place])
        lanes.write([keep(held, value)], [place])
        value = pass_on(held, value)


@vector_code
def moments(lanes: Lanes, bins: Value, out: Value) -> None:
    """Emit: sums over the bins, in double precision, as ``MOMENT_ROWS`` rows.

    The geometric mean behind flatness is kept as a sum of exponents and a product of
    mantissas: one logarithm a frame.
    """
    zero = lanes.constant(DOUBLE, 0.0)
    sums = lanes.variables([zero, zero, zero, zero])
    product = lanes.variables(
        [lanes.constant(INT, 0), lanes.constant(FLOAT, 1.0), lanes.constant(FLOAT, 0.0)]
    )
    number = lanes.variables([zero])

    def take(k: Value) -> None:
        S = lanes.load(bins, _bin(lanes, k), FLOAT)
        _take_moments(lanes, S, number, sums)
        _take_factor(lanes, lanes.mul(S, S), product)

    with lanes.loop(lanes.index(N_CHUNKS)) as chunk:
        with lanes.loop(lanes.index(CHUNK)) as n:
            take(lanes.add_int(lanes.offset(chunk, 0, CHUNK), n))
        lanes.store(lanes.read(sums)[0], out, lanes.offset(chunk, 0, WIDTH))
        _carry_over(lanes, product, sums)
    take(lanes.index(N_BINS - 1))
    _carry_over(lanes, product, sums)
    total, first, second, power = lanes.read(sums)
    exponents, mantissas, _ = lanes.read(product)
    rows = (total, first, second, power, lanes.widen(exponents), lanes.widen(mantissas))
    for n, values in enumerate(rows):
        lanes.store(values, out, lanes.index((N_CHUNKS + n) * WIDTH))


def _take_moments(
    lanes: Lanes, S: Value, number: list[Value], sums: list[Value]
) -> None:
    wide, (k,) = lanes.widen(S), lanes.read(number)
    total, first, second, power = lanes.read(sums)
    once = lanes.mul(wide, k)
    first, second = lanes.add(first, once), lanes.add(second, lanes.mul(once, k))
    lanes.write([lanes.add(total, wide), first, second, power], sums)
    lanes.write([lanes.add(k, lanes.constant(DOUBLE, 1.0))], number)


def _take_factor(lanes: Lanes, power: Value, product: list[Value]) -> None:
    exponents, mantissas, total = lanes.read(product)
    least = lanes.bitcast(lanes.constant(FLOAT, _AMIN), INT)
    bits = lanes.maximum(lanes.bitcast(power, INT), least)
    total = lanes.add(total, lanes.bitcast(bits, FLOAT))
    exponents, mantissa = _split(lanes, bits, exponents)
    lanes.write([exponents, lanes.mul(mantissas, mantissa), total], product)


def _split(lanes: Lanes, bits: Value, exponents: Value) -> tuple[Value, Value]:
    """Return the exponents with those of ``bits`` added, and the mantissas."""
    biased = lanes.shift_right(bits, _MANTISSA_BITS)
    exponents = lanes.add_int(exponents, biased)
    exponents = lanes.add_int(exponents, lanes.constant(INT, -_EXPONENT_BIAS))
    rest = lanes.bit_and(bits, lanes.constant(INT, _MANTISSA))
    return exponents, lanes.bitcast(
        lanes.bit_or(rest, lanes.constant(INT, _ONE)), FLOAT
    )


def _carry_over(lanes: Lanes, product: list[Value], sums: list[Value]) -> None:
    """Bring the product of mantissas back to [1, 2), and widen the sum of powers."""
    exponents, mantissas, power = lanes.read(product)
    exponents, mantissas = _split(lanes, lanes.bitcast(mantissas, INT), exponents)
    lanes.write([exponents, mantissas, lanes.constant(FLOAT, 0.0)], product)
    places = sums[3:]
    lanes.write([lanes.add(lanes.read(places)[0], lanes.widen(power))], places)
