"""The map of a library: tracks or windows laid out in the plane by their sound.

Arrays in, arrays out. A map keeps what it takes to place further points on it, so that
a new track finds its place without moving the others.
"""

from __future__ import annotations

from classify.embedding.basis import Basis, fit_basis
from classify.embedding.mapping import Map, draw_map, place
from classify.embedding.neighbours import nearest
from classify.embedding.stored import pack, unpack

__all__ = [
    "Basis",
    "Map",
    "draw_map",
    "fit_basis",
    "nearest",
    "pack",
    "place",
    "unpack",
]
