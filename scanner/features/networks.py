"""Running medians of 31 by comparator networks that neighbouring outputs share.

After A. Adams, "Fast median filters using separable sorting networks" (2021), in one
dimension. Eight outputs next to each other have 24 of their 31 inputs in common. Blocks
of eight are sorted once; three of them merge into the common part, of which only the
ranks that can still be a median are kept; what differs joins in fours, twos and ones.
That takes 27 minima and maxima an output.

Nothing here knows what it compares: the caller gives the two operations. Results that
nobody reads cost nothing once a compiler has dropped them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

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
    """The networks over two operations and their bounds.

    Attributes
    ----------
    least, most : callable
        Return the smaller and the greater of two.
    bottom, top : T
        At or below, at or above every input.
    """

    least: Callable[[T, T], T]
    most: Callable[[T, T], T]
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
            values[i], values[j] = self.least(a, b), self.most(a, b)
        return values

    def merge(self, a: list[T], b: list[T]) -> list[T]:
        """Merge two sorted lists of one length, a power of two."""
        return self._bitonic(a + b[::-1])

    def _bitonic(self, values: list[T]) -> list[T]:
        half = len(values) // 2
        if half == 0:
            return values
        both = list(zip(values[:half], values[half:], strict=True))
        low = [self.least(a, b) for a, b in both]
        high = [self.most(a, b) for a, b in both]
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
            self.most(low, self.least(high, last))
            for (low, high), *singles in pairs
            for last in singles
        ]
