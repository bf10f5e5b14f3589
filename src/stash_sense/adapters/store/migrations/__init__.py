"""The steps by which stash_sense.db became what it is; alembic runs them."""
