"""Albums as tagged, MusicBrainz's ids, what a run knew, and statistics of tracks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from alembic import op

from migrations import statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCRIPT = "0002_albums_and_runs.sql"
_VIEWS = ("v_predictions", "v_album_accuracy", "v_era_accuracy")


def upgrade() -> None:
    _run(statements(_SCRIPT, op.get_bind().dialect.name))


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    _run(f"DROP VIEW {view}" for view in reversed(_VIEWS))
    for statement in reversed(statements(_SCRIPT, dialect)):
        if made := re.match(r"CREATE (TABLE|INDEX) \w+", statement):
            op.execute(made[0].replace("CREATE", "DROP"))
        elif added := re.match(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", statement):
            op.execute(f"ALTER TABLE {added[1]} DROP COLUMN {added[2]}")
    marks = tuple(f"CREATE VIEW {view} " for view in _VIEWS)
    before = statements("0001_schema.sql", dialect)
    _run(statement for statement in before if statement.startswith(marks))


def _run(script: Iterable[str]) -> None:
    for statement in script:
        op.get_bind().exec_driver_sql(statement)
