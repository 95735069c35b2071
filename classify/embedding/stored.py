"""A map as bytes: NumPy's own archive, without pickle."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from classify.map.map import Map
from classify.map.neighbors import Basis


def pack(drawn: Map) -> bytes:
    """Return a map as bytes that `unpack` reads."""
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        mean=drawn.basis.mean,
        scale=drawn.basis.scale,
        components=drawn.basis.components,
        points=drawn.points,
        xy=drawn.xy,
        perplexity=np.float64(drawn.perplexity),
    )
    return archive.getvalue()


def unpack(data: bytes) -> Map:
    """Return the map that `pack` wrote.

    Raises
    ------
    ValueError
        The bytes are no map.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return Map(
                Basis(archive["mean"], archive["scale"], archive["components"]),
                archive["points"],
                archive["xy"],
                float(archive["perplexity"]),
            )
    except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"the stored map cannot be read: {error}") from error
