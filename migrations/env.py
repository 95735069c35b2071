"""Run the migrations on the connection that the catalog hands over."""

from __future__ import annotations

from alembic import context

from catalog.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite too: the catalog's engine begins by itself
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
