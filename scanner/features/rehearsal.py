"""Run the whole engine once on noise, so that everything is compiled and loaded."""

from __future__ import annotations

import numpy as np

from scanner.features.definition import SR
from scanner.features.extractor import Extractor


def rehearse() -> None:
    """Measure six seconds of noise in stereo at 44 100 Hz."""
    sr = 2 * SR
    noise = np.random.default_rng(0).standard_normal((6 * sr, 2), np.float32)
    extractor = Extractor(sr, 2)
    extractor.push(0.1 * noise)
    extractor.finish()
