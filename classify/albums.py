"""Which tracks must stay on one side of every split.

The catalog gives every track the key of its album, discs and editions joined. Tracks
whose audio is identical must not be parted either, whatever their tags say, so that
albums which share a payload are one group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from catalog.datasets import TrackRow


def album_groups(tracks: Sequence[TrackRow]) -> NDArray[np.intp]:
    """Return the number of each track's group, counted in order of appearance.

    Returns
    -------
    intp, shape (len(tracks),)
        Tracks with equal numbers never stand on two sides of a split.
    """
    parent = list(range(len(tracks)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, track in enumerate(tracks):
        for key in (("album", track.group_key), ("payload", track.payload_hash)):
            a, b = sorted((root(first.setdefault(key, i)), root(i)))
            parent[b] = a
    roots = [root(i) for i in range(len(tracks))]
    numbers = {r: n for n, r in enumerate(dict.fromkeys(roots))}
    return np.array([numbers[r] for r in roots], dtype=np.intp)
