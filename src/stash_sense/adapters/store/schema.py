"""The schema of stash_sense.db: which a file has, which this program knows, and the way from one to the other."""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from stash_sense.adapters.store.engine import connect_to_read, sqlite_errors
from stash_sense.adapters.store.tables import METADATA
from stash_sense.errors import StateForeign, StateTooNew

SCHEMA = "0004"
"""The newest revision; revisions are numbers of four digits, so that a newer one is told from an unknown one."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """The steps that a program knows.

    Attributes:
        folder: alembic's, with env.py and versions/.
        head: the last of them.
    """

    folder: Path = Path(__file__).parent / "migrations"
    head: str = SCHEMA

    def require_known(self, path: Path, schema: str | None) -> None:
        """Make sure that a file's schema is one this program can use or migrate.

        Raises:
            StateTooNew: it is not.
        """
        if schema is not None and schema > self.head:
            raise StateTooNew(path=path, schema=schema, known=self.head)

    def run(self, connection: Connection) -> None:
        """Take a database to the newest schema, in the transaction that the connection is in."""
        # Imported here: a start that has nothing to migrate is half a second of CPU shorter.
        from alembic import command
        from alembic.config import Config

        config = Config(attributes={"connection": connection})
        config.set_main_option("path_separator", "os")
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        command.upgrade(config, "head")


SHIPPED = Migrations()


def schema_in(path: Path) -> str | None:
    """Return the schema of a file; None when there is nothing in it.

    Raises:
        StateForeign: something else's tables are in it.
        StateDamaged, StateBusy, StorageError: it cannot be read.
    """
    with sqlite_errors(path), closing(connect_to_read(path)) as connection:
        return schema_of(path, connection)


def schema_of(path: Path, connection: sqlite3.Connection) -> str | None:
    """As `schema_in`, on an open connection."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if not names:
        return None
    if ("alembic_version",) not in names:
        raise StateForeign(path=path, reason="it has other tables")
    versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(versions) != 1 or not re.fullmatch(r"[0-9]{4}", str(versions[0][0])):
        raise StateForeign(path=path, reason="its schema is not one of ours")
    return str(versions[0][0])


def differences(connection: Connection) -> list[str]:
    """Return in what a database differs from the tables this program knows; empty when it does not."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection)
    found = [_in_words(one) for one in compare_metadata(context, METADATA)]
    # Nothing of ours runs by itself; what a file from elsewhere brings along could.
    strange = "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('trigger', 'view')"
    return found + [str(row[0]) for row in connection.exec_driver_sql(strange)]


def _in_words(difference: Any) -> str:
    """Name one of alembic's differences: a tuple of what would have to be done, or a list of such."""
    what = difference[0] if isinstance(difference, list) else difference
    return " ".join(str(getattr(part, "name", part)) for part in what if part is not None)
