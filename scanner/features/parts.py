"""Which modules hold kernels, in parts to be compiled side by side."""

from __future__ import annotations

from importlib import import_module

PARTS = (
    ("spectrum", "separation", "sequences", "waveform"),
    ("weighting", "peaks", "upper_edge", "summary", "mixing"),
)
"""Modules with kernels, in parts that take about as long to compile."""


def load(part: int) -> None:
    """Compile the kernels of a part, or load them from the cache."""
    for module in PARTS[part]:
        import_module(f"scanner.features.{module}")
