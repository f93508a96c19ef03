"""What Alembic runs: the connection comes from whoever asks for the migration."""

from __future__ import annotations

from alembic import context

from api.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
