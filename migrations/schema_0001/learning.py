"""What was learned: runs, their scores, their predictions, their models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("label_kind", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("feature_set_id", sa.Integer(), nullable=False),
        sa.Column("dataset_hash", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feature_set_id"], ["feature_sets.id"], name="fk_runs_feature_set_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_feature_set_id", "runs", ["feature_set_id"], unique=False)
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_artifacts_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
        sa.UniqueConstraint("run_id", "name", name="uq_artifacts_run_id_name"),
    )
    op.create_table(
        "fold_scores",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("fold", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tracks", sa.Integer(), nullable=False),
        sa.Column("albums", sa.Integer(), nullable=False),
        sa.Column("accuracy", sa.Double(), nullable=False),
        sa.Column("balanced_accuracy", sa.Double(), nullable=False),
        sa.Column("macro_f1", sa.Double(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("fit_cpu_s", sa.Double(), nullable=True),
        sa.Column("predict_cpu_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_fold_scores_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "fold", name="pk_fold_scores"),
    )
    op.create_table(
        "track_predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.Integer(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=True),
        sa.Column("out_of_fold", sa.Boolean(), nullable=False),
        sa.Column("true_label", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("p_true", sa.Double(), nullable=True),
        sa.Column("p_label", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name="fk_track_predictions_run_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["track_id"],
            ["tracks.id"],
            name="fk_track_predictions_track_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_track_predictions"),
        sa.UniqueConstraint(
            "run_id", "track_id", name="uq_track_predictions_run_id_track_id"
        ),
    )
    op.create_index(
        "ix_track_predictions_track_id", "track_predictions", ["track_id"], unique=False
    )
    op.create_table(
        "window_predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("window_id", sa.Integer(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=True),
        sa.Column("out_of_fold", sa.Boolean(), nullable=False),
        sa.Column("true_label", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("p_true", sa.Double(), nullable=True),
        sa.Column("p_label", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name="fk_window_predictions_run_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["window_id"],
            ["windows.id"],
            name="fk_window_predictions_window_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_window_predictions"),
        sa.UniqueConstraint(
            "run_id", "window_id", name="uq_window_predictions_run_id_window_id"
        ),
    )
    op.create_index(
        "ix_window_predictions_window_id",
        "window_predictions",
        ["window_id"],
        unique=False,
    )
