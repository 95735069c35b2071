"""Have every kernel compiled before it is needed: all here, or a part of them."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from scanner.features.definition import SR

PARTS = (
    ("spectrum", "separation", "sequences"),
    ("weighting", "peaks", "upper_edge", "summary", "mixing"),
)
"""Modules with kernels, in parts that take about as long to compile."""


def load(part: int) -> None:
    """Compile the kernels of a part, or load them from the cache."""
    for module in PARTS[part]:
        import_module(f"scanner.features.{module}")


def rehearse() -> None:
    """Measure six seconds of noise in stereo at 44 100 Hz."""
    from scanner.features.extractor import Extractor  # noqa: PLC0415  (compiles)

    sr = 2 * SR
    noise = np.random.default_rng(0).standard_normal((6 * sr, 2), np.float32)
    extractor = Extractor(sr, 2)
    extractor.push(0.1 * noise)
    extractor.finish()
