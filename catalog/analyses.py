"""The analyses of tracks as rows: windows, sequences, costs, and packed vectors."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, exists, insert, select, text

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


_ROWS = 500  # of one insert
_HEARD_WINDOWS = """
    SELECT analysis_id, start_s, duration_s, vector FROM windows
    WHERE NOT silent ORDER BY analysis_id, position
"""


@dataclass(frozen=True, slots=True, eq=False)
class WindowStatistics:
    """What is kept of the n windows of one track that are not silent.

    Attributes
    ----------
    windows : int
    effective_windows : float
        As `effective_number` has it.
    mean : float64, shape (d,)
    scatter : float64, shape (d,)
        The sum of squared deviations from the mean, column by column.
    """

    windows: int
    effective_windows: float
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]


def window_statistics(
    vectors: NDArray[np.float32],
    start_s: NDArray[np.float64],
    duration_s: NDArray[np.float64],
) -> WindowStatistics | None:
    """Return the statistics of windows; None where there is no window.

    Parameters
    ----------
    vectors : float32, shape (n, d)
        Of the windows that are not silent.
    start_s, duration_s : float64, shape (n,)
    """
    if not len(vectors):
        return None
    mean = vectors.mean(axis=0, dtype=np.float64)
    return WindowStatistics(
        windows=len(vectors),
        effective_windows=effective_number(start_s, duration_s),
        mean=mean,
        scatter=((vectors - mean) ** 2).sum(axis=0),
    )


def effective_number(
    start_s: NDArray[np.float64], duration_s: NDArray[np.float64]
) -> float:
    """Return how many windows that share nothing would say as much as these.

    Two windows that share a stretch of the track are correlated by the share of it,
    were the track white noise; the mean of n windows then varies as that of
    n^2 / (sum of all correlations) independent ones.

    Parameters
    ----------
    start_s, duration_s : float64, shape (n,)
        n at least 1, durations above 0.

    Returns
    -------
    float
        From 1 to n; n / 3 nearly for many windows that overlap threefold.

    Examples
    --------
    >>> effective_number(np.array([0.0, 30.0]), np.array([30.0, 30.0]))
    2.0

    References
    ----------
    .. [1] Bayley and Hammersley, "The 'effective' number of independent observations
       in an autocorrelated time series", 1946.
    """
    order = np.argsort(start_s, kind="stable")
    start, duration = start_s[order], duration_s[order]
    end = start + duration
    n = len(start)
    total = float(n)
    for lag in range(1, n):
        shared = np.minimum(end[:-lag], end[lag:]) - start[lag:]
        if not (shared > 0).any():
            break
        lengths = np.sqrt(duration[:-lag] * duration[lag:])
        total += 2.0 * float((np.maximum(shared, 0.0) / lengths).sum())
    return n * n / total


def statistics_row(analysis_id: int, found: WindowStatistics) -> dict[str, Any]:
    """Return the row of a track's statistics."""
    return {
        "analysis_id": analysis_id,
        "windows": found.windows,
        "effective_windows": found.effective_windows,
        "mean": found.mean.astype(VECTOR).tobytes(),
        "scatter": found.scatter.astype(VECTOR).tobytes(),
    }


def fill_statistics(connection: Connection) -> Iterator[int]:
    """Store the statistics of all analyses; yield from time to time how many it did."""
    rows: list[dict[str, Any]] = []
    done = 0
    for analysis_id, found in _stored(connection):
        rows.append(statistics_row(analysis_id, found))
        if len(rows) == _ROWS:
            connection.execute(insert(TrackStatistics), rows)
            done += len(rows)
            yield done
            rows.clear()
    if rows:
        connection.execute(insert(TrackStatistics), rows)


def _stored(connection: Connection) -> Iterator[tuple[int, WindowStatistics]]:
    streamed = {"yield_per": 10_000}
    result = connection.execute(text(_HEARD_WINDOWS), execution_options=streamed)
    for analysis_id, windows in groupby(result, key=lambda row: row[0]):
        _, start_s, duration_s, vectors = zip(*windows, strict=True)
        flat = np.frombuffer(b"".join(vectors), VECTOR)
        found = window_statistics(
            flat.reshape(len(vectors), -1), np.array(start_s), np.array(duration_s)
        )
        if found is not None:
            yield analysis_id, found
