"""Arrays as the catalog keeps them, and the guard against NaN and infinity."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.exceptions import NotFiniteError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.records import Analysis

VECTOR = np.dtype("<f4")
SEQUENCE = np.dtype("<f2")


def pack_vectors(vectors: NDArray[np.float32]) -> list[bytes]:
    """Return each row of (n, d) as little-endian float32 bytes."""
    return [row.tobytes() for row in np.ascontiguousarray(vectors, VECTOR)]


def unpack_vectors(packed: list[bytes], width: int) -> NDArray[np.float32]:
    """Return float32, shape (n, width), from the rows of :func:`pack_vectors`.

    Raises
    ------
    ValueError
        The bytes are not n rows of ``width`` numbers.
    """
    flat = np.frombuffer(b"".join(packed), VECTOR).astype(np.float32, copy=False)
    return flat.reshape(len(packed), width)


def pack_sequence(values: NDArray[np.float16]) -> bytes:
    """Return (steps, dims) as compressed little-endian float16 bytes, row by row."""
    return zlib.compress(np.ascontiguousarray(values, SEQUENCE).tobytes())


def unpack_sequence(packed: bytes, steps: int, dims: int) -> NDArray[np.float16]:
    """Return float16, shape (steps, dims), from :func:`pack_sequence`."""
    flat = np.frombuffer(zlib.decompress(packed), SEQUENCE)
    return flat.astype(np.float16, copy=False).reshape(steps, dims)


def require_finite(analysis: Analysis) -> None:
    """Refuse an analysis that holds NaN or an infinity anywhere.

    Raises
    ------
    NotFiniteError
        Names the first array or fact that is not finite.
    """
    windows = analysis.windows
    arrays: dict[str, NDArray[Any]] = {
        "start_s": windows.start_s,
        "window duration_s": windows.duration_s,
        **windows.columns,
        "vector": windows.vectors,
        **{f"sequence {one.kind}": one.values for one in analysis.sequences},
        **{name: np.asarray(fact) for name, fact in analysis.audio_facts.items()},
        "duration_s": np.asarray(analysis.duration_s),
        "loudness_lufs": np.asarray(analysis.loudness_lufs or 0.0),
    }
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise NotFiniteError(f"{name} is not finite; nothing of it is stored")
