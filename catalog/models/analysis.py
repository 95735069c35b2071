"""What was extracted from the audio: feature sets, analyses, windows, sequences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.models.base import Base


class FeatureSet(Base):
    """The meaning of a window's vector; rows of two sets never mix."""

    __tablename__ = "feature_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(unique=True)
    names: Mapped[list[str]]
    parameters: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]


class Analysis(Base):
    """One payload under one feature set, as it is or re-encoded (``variant``)."""

    __tablename__ = "analyses"
    __table_args__ = (UniqueConstraint("payload_id", "feature_set_id", "variant"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    payload_id: Mapped[int] = mapped_column(
        ForeignKey("payloads.id", ondelete="CASCADE"), index=True
    )
    feature_set_id: Mapped[int] = mapped_column(
        ForeignKey("feature_sets.id"), index=True
    )
    variant: Mapped[str]
    status: Mapped[str]
    duration_s: Mapped[float]
    loudness_lufs: Mapped[float | None]
    decoder: Mapped[str]
    audio_facts: Mapped[dict[str, Any]]
    analysed_at: Mapped[datetime]


class Window(Base):
    """Some seconds of a payload: the named columns and the feature set's vector."""

    __tablename__ = "windows"
    __table_args__ = (UniqueConstraint("analysis_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(
        ForeignKey("analyses.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    start_s: Mapped[float]
    duration_s: Mapped[float]
    silent: Mapped[bool]
    tempo_bpm: Mapped[float]
    rms_mean: Mapped[float]
    rms_max: Mapped[float]
    rms_above_mean: Mapped[float]
    rms_crossings_per_s: Mapped[float]
    energy_changes_per_s: Mapped[float]
    energy_drops_per_s: Mapped[float]
    spectral_flatness: Mapped[float]
    spectral_centroid_hz: Mapped[float]
    zero_crossing_rate: Mapped[float]
    harmonic_fraction: Mapped[float]
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class Sequence(Base):
    """One track-long sequence: zlib-compressed little-endian float16, row by row."""

    __tablename__ = "sequences"

    analysis_id: Mapped[int] = mapped_column(
        ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    rate_hz: Mapped[float]
    steps: Mapped[int]
    dims: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class StageCost(Base):
    """What one stage of an analysis cost."""

    __tablename__ = "stage_costs"

    analysis_id: Mapped[int] = mapped_column(
        ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True
    )
    stage: Mapped[str] = mapped_column(primary_key=True)
    cpu_s: Mapped[float]
    wall_s: Mapped[float]
