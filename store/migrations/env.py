"""Alembic's entry: migrate on the connection that `store.migrate` holds."""

from alembic import context
from sqlmodel import SQLModel

from store.migrate import ours

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, include_object=ours, transaction_per_migration=False)
context.run_migrations()
