"""The first schema: library, analyses, runs, maps and the views over them."""

from __future__ import annotations

import re

from alembic import op

from migrations import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCRIPT = "0001_schema.sql"


def upgrade() -> None:
    connection = op.get_bind()
    for statement in statements(_SCRIPT, connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    for statement in reversed(statements(_SCRIPT, "sqlite")):
        if made := re.match(r"CREATE (TABLE|VIEW) \w+", statement):
            op.execute(made[0].replace("CREATE", "DROP"))
