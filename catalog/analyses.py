"""The analyses of tracks as rows: windows, sequences, costs, and packed vectors."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, exists, insert, select

from catalog import records
from catalog.exceptions import NotFiniteError
from catalog.models import (
    Analysis,
    Payload,
    Sequence,
    StageCost,
    Track,
    TrackStatistics,
    Window,
)
from catalog.track_statistics import statistics_row, window_statistics


def replace_analysis(
    connection: Connection,
    payload_id: int,
    feature_set_id: int,
    analysis: records.Analysis,
) -> None:
    """Store an analysis; older ones of the payload and variant go when it is in."""
    older = select(Analysis.id).where(
        Analysis.payload_id == payload_id, Analysis.variant == analysis.variant
    )
    gone = list(connection.scalars(older))
    if gone:
        connection.execute(delete(Analysis).where(Analysis.id.in_(gone)))
    made = insert(Analysis).values(
        payload_id=payload_id,
        feature_set_id=feature_set_id,
        variant=analysis.variant,
        status=analysis.status,
        duration_s=float(analysis.duration_s),
        loudness_lufs=_number(analysis.loudness_lufs),
        decoder=analysis.decoder,
        audio_facts={key: float(fact) for key, fact in analysis.audio_facts.items()},
        analysed_at=datetime.now(UTC),
    )
    number = connection.execute(made.returning(Analysis.id)).scalar_one()
    for table, rows in (
        (Window, _windows(number, analysis.windows)),
        (Sequence, [_sequence(number, one) for one in analysis.sequences]),
        (StageCost, [_cost(number, one) for one in analysis.costs]),
        (TrackStatistics, _statistics(number, analysis.windows)),
    ):
        if rows:
            connection.execute(insert(table), rows)


def delete_unused_payloads(connection: Connection) -> None:
    """Remove payloads that no track has any more, with their analyses."""
    used = exists().where(Track.payload_id == Payload.id)
    connection.execute(delete(Payload).where(~used))


def has_analysis(connection: Connection, payload_id: int) -> bool:
    """Tell whether a payload has any analysis of its audio as it is."""
    found = exists().where(
        Analysis.payload_id == payload_id, Analysis.variant == "original"
    )
    return bool(connection.scalar(select(found)))


def _windows(analysis_id: int, windows: records.Windows) -> list[dict[str, Any]]:
    names = list(windows.columns)
    columns = (
        windows.start_s.tolist(),
        windows.duration_s.tolist(),
        windows.silent.tolist(),
        pack_vectors(windows.vectors),
        *(windows.columns[name].tolist() for name in names),
    )
    keys = ("start_s", "duration_s", "silent", "vector", *names)
    return [
        {
            "analysis_id": analysis_id,
            "position": position,
            **dict(zip(keys, row, strict=True)),
        }
        for position, row in enumerate(zip(*columns, strict=True))
    ]


def _statistics(analysis_id: int, windows: records.Windows) -> list[dict[str, Any]]:
    heard = ~windows.silent
    found = window_statistics(
        windows.vectors[heard], windows.start_s[heard], windows.duration_s[heard]
    )
    return [] if found is None else [statistics_row(analysis_id, found)]


def _sequence(analysis_id: int, sequence: records.Sequence) -> dict[str, Any]:
    steps, dims = sequence.values.shape
    return {
        "analysis_id": analysis_id,
        "kind": sequence.kind,
        "rate_hz": float(sequence.rate_hz),
        "steps": steps,
        "dims": dims,
        "data": pack_sequence(sequence.values),
    }


def _cost(analysis_id: int, cost: records.StageCost) -> dict[str, Any]:
    return {
        "analysis_id": analysis_id,
        "stage": cost.stage,
        "cpu_s": cost.cpu_s,
        "wall_s": cost.wall_s,
    }


def _number(value: float | None) -> float | None:
    """Return a plain float: drivers do not know NumPy's."""
    return None if value is None else float(value)


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


def require_finite(analysis: records.Analysis) -> None:
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
