"""What was learned: runs, their scores by fold, their predictions, their models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.models.base import Base


class Run(Base):
    """One model trained and judged on one labelling of the library."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    label_kind: Mapped[str]  # "artist", "genre", "decade", "tag:NAME", "csv:FILE"
    model: Mapped[str]
    seed: Mapped[int]
    feature_set_id: Mapped[int] = mapped_column(
        ForeignKey("feature_sets.id"), index=True
    )
    dataset_hash: Mapped[str]
    labels: Mapped[list[str]]  # the order of every list of probabilities
    parameters: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any]]


class FoldScore(Base):
    """How one fold of a run went."""

    __tablename__ = "fold_scores"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    fold: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tracks: Mapped[int]
    albums: Mapped[int]
    accuracy: Mapped[float]
    balanced_accuracy: Mapped[float]
    macro_f1: Mapped[float]
    parameters: Mapped[dict[str, Any]]
    fit_cpu_s: Mapped[float | None]
    predict_cpu_s: Mapped[float | None]


class TrackPrediction(Base):
    """What a run says of a track; out of fold where the track has a label."""

    __tablename__ = "track_predictions"
    __table_args__ = (UniqueConstraint("run_id", "track_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), index=True
    )
    fold: Mapped[int | None]
    out_of_fold: Mapped[bool]
    true_label: Mapped[str | None]
    label: Mapped[str]
    p_true: Mapped[float | None]
    p_label: Mapped[float]
    probabilities: Mapped[list[float]]


class WindowPrediction(Base):
    """What a run says of a window; out of fold where its track has a label."""

    __tablename__ = "window_predictions"
    __table_args__ = (UniqueConstraint("run_id", "window_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    window_id: Mapped[int] = mapped_column(
        ForeignKey("windows.id", ondelete="CASCADE"), index=True
    )
    fold: Mapped[int | None]
    out_of_fold: Mapped[bool]
    true_label: Mapped[str | None]
    label: Mapped[str]
    p_true: Mapped[float | None]
    p_label: Mapped[float]
    probabilities: Mapped[list[float]]


class Artifact(Base):
    """A fitted model of a run, as bytes in a stated format, with its checksum."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    name: Mapped[str]  # "model", "calibration", ...
    format: Mapped[str]  # "skops", "json", ...
    sha256: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)
