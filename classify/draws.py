"""Which windows of a track are listened to: some from its middle, drawn repeatedly.

Beginnings and ends say little of who plays. A model hears a few windows around the
middle, moved by a random offset; drawing that offset again and again shows how steady
its answer is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 20
WINDOWS_PER_DRAW = 5
OFFSET_S = 15.0
"""A draw is moved by at most this much to either side."""


def draws(
    start_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    usable: NDArray[np.bool_],
    *,
    hop_s: float,
    seed: int,
) -> list[NDArray[np.intp]]:
    """Draw windows around the middle of a track, `DRAWS` times.

    Parameters
    ----------
    start_s, duration_s : float64, shape (n,)
        Windows on a fine grid, ascending.
    usable : bool, shape (n,)
        Which of them a model may hear.
    hop_s : float
        Distance between the windows of one draw, as the model was taught.
    seed : int

    Returns
    -------
    list of intp, shape (1 to WINDOWS_PER_DRAW,)
        Indices of each draw, ascending; empty where no window is usable. On a track
        that is too short to move about in, all draws are the same.
    """
    candidates = np.flatnonzero(usable)
    if not len(candidates):
        return []
    centre_s = (start_s + duration_s / 2)[candidates]
    middle_s = float(start_s[0] + (start_s[-1] + duration_s[-1] - start_s[0]) / 2)
    places = (np.arange(WINDOWS_PER_DRAW) - (WINDOWS_PER_DRAW - 1) / 2) * hop_s
    random = np.random.default_rng(seed)
    chosen = []
    for offset in random.uniform(-OFFSET_S, OFFSET_S, DRAWS):
        wanted = middle_s + offset + places
        nearest = np.abs(centre_s[:, None] - wanted).argmin(axis=0)
        chosen.append(candidates[np.unique(nearest)])
    return chosen
