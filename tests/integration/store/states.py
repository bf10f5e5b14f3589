"""States to open, back up and restore: of the shipped schema, and of a next one that only tests know."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from stash_sense.adapters.store.schema import SHIPPED, Migrations
from stash_sense.adapters.store.store import Store

NEXT = f"{int(SHIPPED.head) + 1:04}"
_STEP = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"


def upgrade():
    op.create_table("added", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("user_settings") as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
{more}
"""


def next_migrations(folder: Path, more: str = "") -> Migrations:
    """The shipped steps and one more, which makes a table anew."""
    steps = folder / "migrations"
    shutil.copytree(SHIPPED.folder, steps, ignore=shutil.ignore_patterns("__pycache__"))
    text = _STEP.format(next=NEXT, head=SHIPPED.head, more=more)
    (steps / "versions" / "next.py").write_text(text)
    return Migrations(steps, NEXT)


def made_state(path: Path, **values: str) -> Path:
    """A state of the shipped schema with these settings, closed."""
    store = Store.open(path)
    with store.write() as connection:
        for key, value in values.items():
            connection.exec_driver_sql("INSERT INTO user_settings VALUES (?, ?, '')", (key, value))
    store.close()
    return path


def rows(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT key, value FROM user_settings").fetchall())


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def names(folder: Path) -> set[str]:
    """Files of a folder that are nobody's lock."""
    return {file.name for file in folder.iterdir() if not file.name.endswith(".lock")} if folder.is_dir() else set()
