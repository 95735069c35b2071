"""Which tracks to encode anew: a few of every label, from as many albums as may be."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.variants import Candidate


def sample(candidates: Sequence[Candidate], n: int, *, seed: int) -> list[Candidate]:
    """Choose `n` tracks, labels in turn and within a label its albums in turn.

    Parameters
    ----------
    candidates : sequence of Candidate
    n : int
    seed : int

    Notes
    -----
    The order is drawn from hashes of the audio, not from positions: a library that has
    grown keeps most of its sample. Of tracks with the same audio, one is a candidate.
    """
    labels: dict[str, dict[str, list[Candidate]]] = defaultdict(
        lambda: defaultdict(list)
    )
    drawn = {one.payload_hash: one for one in candidates}
    for one in sorted(drawn.values(), key=lambda c: _lot(c.payload_hash, seed)):
        labels[one.label or ""][one.group_key].append(one)
    order = _in_turn(
        [list(_in_turn(list(albums.values()))) for albums in labels.values()]
    )
    return [one for one, _ in zip(order, range(n), strict=False)]


def _in_turn(heaps: list[list[Candidate]]) -> Iterator[Candidate]:
    """Yield the first of every heap, then the second of every heap, and so on."""
    for i in range(max(map(len, heaps), default=0)):
        for heap in heaps:
            if i < len(heap):
                yield heap[i]


def _lot(payload_hash: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {payload_hash}".encode(), digest_size=8).digest()
