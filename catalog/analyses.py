"""Store what was extracted from the audio, in place of what was there before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select

from catalog.models.analysis import Analysis, Sequence, StageCost, Window
from catalog.models.library import Payload, Track
from catalog.vectors import pack_sequence, pack_vectors

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from catalog import records


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
    ):
        if rows:
            connection.execute(insert(table), rows)


def drop_unused(connection: Connection) -> None:
    """Remove payloads that no track has any more, with their analyses."""
    used = exists().where(Track.payload_id == Payload.id)
    connection.execute(delete(Payload).where(~used))


def analysed(connection: Connection, payload_id: int) -> bool:
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
