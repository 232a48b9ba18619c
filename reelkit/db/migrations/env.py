"""Alembic's environment: runs on the connection that :meth:`reelkit.db.Database.open` hands over."""

from alembic import context

from reelkit.db.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter most things in place; batch mode copies the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
