"""Windowed audio features: arrays in, arrays out."""

from __future__ import annotations


def warm_up() -> None:
    """Compile the kernels, or load them from the cache, before workers need them."""
    from scanner.features.rehearsal import rehearse  # noqa: PLC0415  (heavy)

    rehearse()
