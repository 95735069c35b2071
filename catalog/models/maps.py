"""Maps: the library laid out in the plane by its sound."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.models.base import Base


class LibraryMap(Base):
    """One map of the tracks or the windows under a feature set."""

    __tablename__ = "maps"
    __table_args__ = (UniqueConstraint("feature_set_id", "level", "seed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feature_set_id: Mapped[int] = mapped_column(ForeignKey("feature_sets.id"))
    level: Mapped[str]  # "tracks" or "windows"
    seed: Mapped[int]
    created_at: Mapped[datetime]
    data: Mapped[bytes] = mapped_column(LargeBinary)  # what placing new points takes


class MapPoint(Base):
    """Where a track or a window lies; the axes mean nothing."""

    __tablename__ = "map_points"

    map_id: Mapped[int] = mapped_column(
        ForeignKey("maps.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(
        ForeignKey("tracks.id", ondelete="CASCADE"), index=True
    )
    window_id: Mapped[int | None] = mapped_column(
        ForeignKey("windows.id", ondelete="CASCADE"), index=True
    )
    x: Mapped[float]
    y: Mapped[float]
