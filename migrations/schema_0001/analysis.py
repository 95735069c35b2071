"""What was extracted from the audio: feature sets, analyses, windows, sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "feature_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feature_sets"),
        sa.UniqueConstraint("digest", name="uq_feature_sets_digest"),
    )
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payload_id", sa.Integer(), nullable=False),
        sa.Column("feature_set_id", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("loudness_lufs", sa.Double(), nullable=True),
        sa.Column("decoder", sa.String(), nullable=False),
        sa.Column("audio_facts", sa.JSON(), nullable=False),
        sa.Column("analysed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_sets.id"], name="fk_analyses_feature_set_id"
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"],
            ["payloads.id"],
            name="fk_analyses_payload_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
        sa.UniqueConstraint(
            "payload_id",
            "feature_set_id",
            "variant",
            name="uq_analyses_payload_id_feature_set_id_variant",
        ),
    )
    op.create_index(
        "ix_analyses_feature_set_id", "analyses", ["feature_set_id"], unique=False
    )
    op.create_index("ix_analyses_payload_id", "analyses", ["payload_id"], unique=False)
    op.create_table(
        "sequences",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rate_hz", sa.Double(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("dims", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["analyses.id"],
            name="fk_sequences_analysis_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("analysis_id", "kind", name="pk_sequences"),
    )
    op.create_table(
        "stage_costs",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("cpu_s", sa.Double(), nullable=False),
        sa.Column("wall_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["analyses.id"],
            name="fk_stage_costs_analysis_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("analysis_id", "stage", name="pk_stage_costs"),
    )
    op.create_table(
        "windows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("tempo_bpm", sa.Double(), nullable=False),
        sa.Column("rms_mean", sa.Double(), nullable=False),
        sa.Column("rms_max", sa.Double(), nullable=False),
        sa.Column("rms_above_mean", sa.Double(), nullable=False),
        sa.Column("rms_crossings_per_s", sa.Double(), nullable=False),
        sa.Column("energy_changes_per_s", sa.Double(), nullable=False),
        sa.Column("energy_drops_per_s", sa.Double(), nullable=False),
        sa.Column("spectral_flatness", sa.Double(), nullable=False),
        sa.Column("spectral_centroid_hz", sa.Double(), nullable=False),
        sa.Column("zero_crossing_rate", sa.Double(), nullable=False),
        sa.Column("harmonic_fraction", sa.Double(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["analyses.id"],
            name="fk_windows_analysis_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_windows"),
        sa.UniqueConstraint(
            "analysis_id", "position", name="uq_windows_analysis_id_position"
        ),
    )
