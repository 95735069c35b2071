"""Maps: the library laid out in the plane by its sound."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "maps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feature_set_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_sets.id"], name="fk_maps_feature_set_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_maps"),
        sa.UniqueConstraint(
            "feature_set_id",
            "level",
            "seed",
            name="uq_maps_feature_set_id_level_seed",
        ),
    )
    op.create_table(
        "map_points",
        sa.Column("map_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("window_id", sa.Integer(), nullable=True),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["map_id"], ["maps.id"], name="fk_map_points_map_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name="fk_map_points_track_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["window_id"],
            ["windows.id"],
            name="fk_map_points_window_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("map_id", "position", name="pk_map_points"),
    )
    op.create_index("ix_map_points_track_id", "map_points", ["track_id"], unique=False)
    op.create_index(
        "ix_map_points_window_id", "map_points", ["window_id"], unique=False
    )
