"""The faces that are kept of scenes and images, and pictures of some, in a file of their own: faces.db.

They take far more room than all the rest of the state, and a scan makes them anew; so they are in no backup, and a
commit does not wait for the disk. Faces have a key of their own. Whoever refers to them does so by the key: where
another look at the item has put others in their place, or the file is an older one, they are not there.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock, RLock

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    select,
)

from stash_sense.adapters.store.engine import (
    Durability,
    connect,
    make_engine,
    reading,
    sqlite_errors,
    without_transaction,
)
from stash_sense.adapters.store.locks import state_alone
from stash_sense.errors import FacesFileDamaged, FacesFileTooNew, StateDamaged, StateForeign
from stash_sense.files import storage_errors
from stash_sense.kernel.once import once

SCHEMA = 1
"""In `PRAGMA user_version`. Faces of an older schema would be made anew rather than migrated."""
AT_ONCE = 500
"""Of which those that are there are asked for in one question."""

_METADATA = MetaData()
_FACES = Table(
    "faces",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    # All in one, and last: a picture of 2 kB with a row of its own would take a page of 4 kB.
    Column("crops", LargeBinary, nullable=False),
)
# Answers what is there without a look at the faces, of which eight fill a page of the file.
Index("faces_item", _FACES.c.kind, _FACES.c.number, _FACES.c.key, unique=True)
_ROW = _FACES.c


class FacesFile:
    """Faces by kind, number in Stash and key. The file is opened, or made, when it is first used.

    Args:
        path: the file.

    All methods raise:
        FacesFileDamaged, FacesFileTooNew, StateForeign: the file cannot be used.
        StateBusy: another process writes for longer than 5 s.
        StorageError: the disk said no.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = Lock()
        self._making: dict[str, RLock] = {}

    def put(self, kind: str, number: int, key: int, packed: bytes, crops: bytes) -> None:
        """Add faces of an item, and pictures of some, to those that may be there."""
        with self._write() as connection:
            row = {"kind": kind, "number": number, "key": key, "packed": packed, "crops": crops}
            connection.execute(insert(_FACES), row)

    def keep_only(self, kind: str, keys: Mapping[int, int | None]) -> None:
        """Remove the faces of some items but for those with the key; None: but for none."""
        there = self.keys(kind, keys)
        if gone := [(number, key) for number, of_it in there.items() for key in of_it - {keys[number]}]:
            with self._write() as connection:
                for number, key in gone:
                    connection.execute(delete(_FACES).where(*_is(kind, number, key)))

    def keys(self, kind: str, numbers: Collection[int]) -> dict[int, set[int]]:
        """Keys of the faces that are there of some items."""
        found: dict[int, set[int]] = {}
        if not numbers:
            return found
        with self._read() as connection:
            for some in batches(numbers):
                wanted = select(_ROW.number, _ROW.key).where(_ROW.kind == kind, _ROW.number.in_(some))
                for number, key in connection.execute(wanted):
                    found.setdefault(number, set()).add(key)
        return found

    def between(self, kind: str, after: int, upto: int | None) -> set[int]:
        """Numbers of a stretch of which there are faces."""
        wanted = select(_ROW.number).where(_ROW.kind == kind, _ROW.number > after)
        with self._read() as connection:
            return set(connection.scalars(wanted if upto is None else wanted.where(_ROW.number <= upto)))

    def packed(self, kind: str, keys: Mapping[int, int]) -> dict[int, bytes]:
        """The faces of some items by their keys, as far as they are there."""
        found: dict[int, bytes] = {}
        if not keys:
            return found
        with self._read() as connection:
            for some in batches(keys):
                wanted = select(_ROW.number, _ROW.key, _ROW.packed).where(_ROW.kind == kind, _ROW.number.in_(some))
                found |= {number: packed for number, key, packed in connection.execute(wanted) if key == keys[number]}
        return found

    def crops(self, kind: str, number: int, key: int) -> bytes | None:
        """The pictures of faces of an item."""
        with self._read() as connection:
            return connection.scalar(select(_ROW.crops).where(*_is(kind, number, key)))

    def close(self) -> None:
        """Close all connections; what is used later opens new ones."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @once
    def _engine(self) -> Engine:
        if not self._is_ready():
            with state_alone(self._path):
                self._prepare()
        return make_engine(self._path, Durability.NORMAL)

    def _is_ready(self) -> bool:
        if not self._path.is_file():
            return False
        with sqlite_errors(self._path), closing(connect(self._path)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if version > SCHEMA:
            raise FacesFileTooNew(path=self._path, schema=version, known=SCHEMA)
        if not version and names:
            raise StateForeign(path=self._path, reason="it has other tables")
        return version == SCHEMA and mode == "wal"

    def _prepare(self) -> None:
        with storage_errors(self._path):
            if not self._path.exists():
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if self._is_ready():
            return
        engine = make_engine(self._path)
        try:
            with engine.begin() as connection:
                _METADATA.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
            with without_transaction(engine) as outside:
                outside.exec_driver_sql("PRAGMA journal_mode = WAL")
        finally:
            engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._own_words(), self._writing, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._own_words(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _own_words(self) -> Iterator[None]:
        """Say of a damaged file what can be done: no backup has it."""
        try:
            yield
        except StateDamaged as error:
            raise FacesFileDamaged(path=self._path, reason=error.fields["reason"]) from error


def batches(numbers: Collection[int]) -> Iterator[list[int]]:
    """Give numbers in as many parts as can be asked for at once."""
    ordered = sorted(numbers)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def _is(kind: str, number: int, key: int) -> tuple[ColumnElement[bool], ...]:
    """Condition: these faces."""
    return _ROW.kind == kind, _ROW.number == number, _ROW.key == key
