"""The first schema: library, analyses, runs and the views over them."""

from __future__ import annotations

from alembic import op

from migrations.schema_0001 import analysis, learning, library, maps
from migrations.schema_0001.views import VIEWS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "albums",
    "artists",
    "feature_sets",
    "genres",
    "payloads",
    "roots",
    "scans",
    "analyses",
    "failures",
    "runs",
    "tracks",
    "artifacts",
    "fold_scores",
    "raw_tags",
    "sequences",
    "stage_costs",
    "tag_sources",
    "track_artists",
    "track_genres",
    "track_predictions",
    "windows",
    "window_predictions",
    "maps",
    "map_points",
)


def upgrade() -> None:
    library.create()
    analysis.create()
    learning.create()
    maps.create()
    for view in VIEWS.values():
        op.execute(view)


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    for name in reversed(TABLES):
        op.drop_table(name)
