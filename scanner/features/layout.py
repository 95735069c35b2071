"""How frames lie in memory while they are worked on."""

from __future__ import annotations

TILE = 64
"""Frames handled at once, on a grid that starts with the track."""

CONTEXT = 32
"""Frames kept from before a tile for the medians along time."""

LAG = 16
"""A tile's last frames wait for the next tile, which their medians reach into."""

STRIDE = 1040
"""Floats from one frame to the next: the bins, filled up to whole pairs of blocks."""

MARGIN = 16
"""Mirrored rows before and after the bins where frames lie side by side."""

BINS_ROWS = STRIDE + 2 * MARGIN
