"""The user's own state: stash_sense.db through SQLAlchemy."""
