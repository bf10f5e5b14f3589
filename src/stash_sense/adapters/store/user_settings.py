"""What the user set, in the table `user_settings`: the port `configuration.user_settings.UserSettings`."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from stash_sense.adapters.store.engine import connect_to_read, make_engine, reading
from stash_sense.adapters.store.schema import SHIPPED, schema_in
from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.tables import USER_SETTINGS
from stash_sense.configuration.values import Value

_LOG = logging.getLogger(__name__)
_VALUES = select(USER_SETTINGS.c.key, USER_SETTINGS.c.value)


class SqlUserSettings:
    """The user's values in stash_sense.db; reading makes no file, and reads one that cannot be written.

    Args:
        path: of the file.
        store: opens it, which makes or migrates it; called when something is written.
    """

    def __init__(self, path: Path, store: Callable[[], Store]) -> None:
        self._path = path
        self._store = store

    def read(self) -> dict[str, object]:
        """Return what the user set; what is no JSON is left out.

        Raises:
            StateError, StorageError: there is a state, and it cannot be read.
        """
        if not self._path.is_file():
            return {}
        schema = schema_in(self._path)
        SHIPPED.require_known(self._path, schema)
        if schema is None:
            return {}
        engine = make_engine(self._path, opened=connect_to_read)
        try:
            with reading(engine) as connection:
                return _read(connection)
        finally:
            engine.dispose()

    def write(self, changes: Mapping[str, Value | None]) -> None:
        """Set values, all or none; None removes one.

        Raises:
            StateError, StorageError: nothing was changed.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [
            {"key": key, "value": json.dumps(value, ensure_ascii=False, allow_nan=False), "updated_at": now}
            for key, value in changes.items()
            if value is not None
        ]
        with self._store().write() as connection:
            connection.execute(delete(USER_SETTINGS).where(USER_SETTINGS.c.key.in_(list(changes))))
            if rows:
                connection.execute(insert(USER_SETTINGS), rows)


def _read(connection: Connection) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, text in connection.execute(_VALUES):
        try:
            values[key] = json.loads(text)
        except ValueError:
            _LOG.warning("the value of the setting %r in the state is no JSON and is passed over", key)
    return values
