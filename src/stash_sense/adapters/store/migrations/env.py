"""What alembic runs for a migration: on the connection it is given, whose transaction is the caller's."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
