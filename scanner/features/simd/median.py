"""Running medians of 31 values by networks that neighbouring outputs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from scanner.features.definition import BINS_ROWS, STRIDE, TILE
from scanner.features.simd.llvm import FLOAT, INT, WIDTH, Lanes, Value, vector_code

# Magnitudes are compared as the integers that their bits are: non-negative floats order
# like these, and integer minima need no care for NaN.

T = TypeVar("T")

BLOCK = 8
"""Outputs that share a network; also the inputs that are sorted together."""

_PAIRS = ((0, 1), (2, 3), (4, 5), (6, 7))
_QUADS = ((0, 2), (1, 3), (1, 2), (4, 6), (5, 7), (5, 6))
_EIGHT = ((0, 4), (1, 5), (2, 6), (3, 7), (2, 4), (3, 5), (1, 2), (3, 4), (5, 6))


@dataclass(frozen=True)
class Block(Generic[T]):
    """Eight inputs: as they are, and sorted by twos, fours and all together."""

    raw: list[T]
    pairs: list[T]
    quads: list[T]
    ordered: list[T]


@dataclass(frozen=True)
class Network(Generic[T]):
    """Sorting and selection networks over two operations and their bounds.

    Attributes
    ----------
    minimum, maximum : callable
        Return the smaller and the greater of two.
    bottom, top : T
        At or below, at or above every input.

    References
    ----------
    A. Adams, "Fast median filters using separable sorting networks", ACM Trans. Graph.
    40 (4), 2021.
    """

    minimum: Callable[[T, T], T]
    maximum: Callable[[T, T], T]
    bottom: T
    top: T

    def block(self, raw: list[T]) -> Block[T]:
        """Sort eight inputs (Batcher's odd-even merge sort, 19 comparators)."""
        pairs = self._compare(raw, _PAIRS)
        quads = self._compare(pairs, _QUADS)
        return Block(raw, pairs, quads, self._compare(quads, _EIGHT))

    def _compare(self, values: list[T], steps: tuple[tuple[int, int], ...]) -> list[T]:
        values = list(values)
        for i, j in steps:
            a, b = values[i], values[j]
            values[i], values[j] = self.minimum(a, b), self.maximum(a, b)
        return values

    def merge(self, a: list[T], b: list[T]) -> list[T]:
        """Merge two sorted lists of one length, a power of two."""
        return self._bitonic(a + b[::-1])

    def _bitonic(self, values: list[T]) -> list[T]:
        half = len(values) // 2
        if half == 0:
            return values
        both = list(zip(values[:half], values[half:], strict=True))
        low = [self.minimum(a, b) for a, b in both]
        high = [self.maximum(a, b) for a, b in both]
        return self._bitonic(low) + self._bitonic(high)

    def middle(self, a: list[T], b: list[T]) -> list[T]:
        """Merge sorted ``a`` with half as many ``b``; return the middle, as many."""
        quarter = len(b) // 2
        padded = [self.bottom] * quarter + b + [self.top] * quarter
        merged = self.merge(a, padded)
        start = (len(merged) - len(b)) // 2
        return merged[start : start + len(b)]

    def medians(self, kept: list[T], left: Block[T], right: Block[T]) -> list[T]:
        """Return the medians of eight neighbours.

        Parameters
        ----------
        kept : list of 8
            Ranks 9 to 16 of the 24 inputs that all of them share.
        left, right : Block
            The blocks on either side of those 24. Output i has the last 7 - i of the
            left one and the first i of the right one.
        """
        early = self.middle(kept, left.quads[4:])
        late = self.middle(kept, right.quads[:4])
        pairs = (
            (self.middle(early, left.pairs[2:4]), left.raw[1], right.raw[0]),
            (self.middle(early, right.pairs[0:2]), left.raw[3], right.raw[2]),
            (self.middle(late, left.pairs[6:8]), left.raw[5], right.raw[4]),
            (self.middle(late, right.pairs[4:6]), left.raw[7], right.raw[6]),
        )
        return [
            self.maximum(low, self.minimum(high, last))
            for (low, high), *singles in pairs
            for last in singles
        ]


# the bounds of the type, so that LLVM knows that nothing lies beyond them
_BOTTOM, _TOP = -(2**31), 2**31 - 1
MEDIAN_ROW = 2 * BLOCK
"""The input that a line's first median is centred on."""

_TIME_TURNS = TILE // (2 * BLOCK)
_BIN_TURNS = (BINS_ROWS - 4 * BLOCK) // (2 * BLOCK)


def _running(
    lanes: Lanes,
    turns: int,
    load: Callable[[Value], Value],
    emit: Callable[[Value, list[Value]], None],
) -> None:
    """Emit medians along a line of inputs, sixteen a turn.

    Parameters
    ----------
    lanes : Lanes
    turns : int
    load : callable
        Returns input i.
    emit : callable
        Called with i and the medians around the inputs 16 + i to 23 + i.
    """
    network: Network[Value] = Network(
        lanes.minimum,
        lanes.maximum,
        lanes.constant(INT, _BOTTOM),
        lanes.constant(INT, _TOP),
    )

    def block(start: Value) -> Block[Value]:
        return network.block([load(lanes.offset(start, i)) for i in range(BLOCK)])

    carried = [block(lanes.index(n * BLOCK)).ordered for n in (1, 2, 3)]
    places = [lanes.variables(values) for values in carried]
    with lanes.loop(lanes.index(turns)) as turn:
        base = lanes.offset(turn, 0, 2 * BLOCK)
        before, first, second = (lanes.read(p) for p in places)
        left = [block(lanes.offset(base, n * BLOCK)) for n in (0, 1)]
        right = [block(lanes.offset(base, n * BLOCK)) for n in (4, 5)]
        both = network.merge(first, second)
        around = (before, right[0].ordered)
        for n in range(2):
            kept = network.middle(both, around[n])
            emit(
                lanes.offset(base, n * BLOCK), network.medians(kept, left[n], right[n])
            )
        for place, values in zip(
            places, (second, right[0].ordered, right[1].ordered), strict=True
        ):
            lanes.write(values, place)


@vector_code
def split_energies(
    lanes: Lanes, rows: Value, percussive: Value, energies: Value
) -> None:
    """Emit: medians of 31 frames, and the energies that the soft masks give.

    ``rows`` has shape (96, 1040), ``percussive`` the medians along frequency around
    rows 16 to 79. Added to ``energies``, shape (64, 2, 8), are the squares of
    S h² / (h² + p²) and of S p² / (h² + p²), lanes being neighbouring bins. Where both
    medians are zero either part gets half, as in librosa.
    """
    half = lanes.constant(FLOAT, 0.5)

    with lanes.loop(lanes.index(STRIDE // WIDTH)) as column:
        first = lanes.offset(column, 0, WIDTH)

        def place(i: Value) -> Value:
            return lanes.add_int(lanes.offset(i, 0, STRIDE), first)

        def emit(i: Value, medians: list[Value]) -> None:
            for n, median in enumerate(medians):
                row = lanes.offset(i, n)
                S = lanes.load(rows, place(lanes.offset(row, MEDIAN_ROW)), FLOAT)
                h = lanes.bitcast(median, FLOAT)
                p = lanes.load(percussive, place(row), FLOAT)
                h, p = lanes.mul(h, h), lanes.mul(p, p)
                both = lanes.add(h, p)
                share = lanes.divide(S, both)
                parts = (lanes.mul(h, share), lanes.mul(p, share))
                for side, part in enumerate(parts):
                    value = lanes.where_zero(both, lanes.mul(S, half), part)
                    at = lanes.offset(lanes.offset(row, 0, 2), side)
                    at = lanes.offset(at, 0, WIDTH)
                    total = lanes.load(energies, at, FLOAT)
                    total = lanes.add(total, lanes.mul(value, value))
                    lanes.store(total, energies, at)

        _running(lanes, _TIME_TURNS, lambda i: lanes.load(rows, place(i), INT), emit)


@vector_code
def medians_along_bins(lanes: Lanes, bins: Value, out: Value, row: Value) -> None:
    """Emit: medians of 31 bins; lanes are neighbouring frames.

    ``bins`` has shape (1072, 8), ``out`` (n, 1040): eight rows from ``row`` on.
    """

    def emit(i: Value, medians: list[Value]) -> None:
        for n, frame in enumerate(lanes.transpose(medians)):
            at = lanes.add_int(lanes.offset(lanes.offset(row, n), 0, STRIDE), i)
            lanes.store(frame, out, at)

    def load(i: Value) -> Value:
        return lanes.load(bins, lanes.offset(i, 0, WIDTH), INT)

    _running(lanes, _BIN_TURNS, load, emit)
