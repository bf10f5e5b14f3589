"""The SQLite file in which a build keeps its state: opened, checked, and safe from a kill at any moment."""

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter, ValidationError

from stash_sense.errors import BuildStateDamaged, DiskFull, NotWritable
from stash_sense.files import storage_errors
from stash_sense.performers.building.sources import known_ids
from stash_sense.performers.records import PerformerRecord

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS performers (
    universal_id TEXT PRIMARY KEY, place BLOB NOT NULL, origin TEXT NOT NULL, record TEXT NOT NULL,
    run INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pictures (
    key BLOB PRIMARY KEY, performer TEXT NOT NULL, fingerprint TEXT NOT NULL, url BLOB NOT NULL, run INTEGER NOT NULL,
    sha256 TEXT, problem BLOB NOT NULL DEFAULT x''
);
CREATE TABLE IF NOT EXISTS descriptions (
    sha256 TEXT NOT NULL, describer TEXT NOT NULL, faces INTEGER NOT NULL, quality REAL, look BLOB, vector BLOB,
    PRIMARY KEY (sha256, describer)
);
CREATE TABLE IF NOT EXISTS compared (
    performer TEXT NOT NULL, sha256 TEXT NOT NULL, describer TEXT NOT NULL, other TEXT, other_sha256 TEXT,
    PRIMARY KEY (performer, sha256, describer)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pictures_by_performer ON pictures(performer);
CREATE INDEX IF NOT EXISTS pictures_by_sha256 ON pictures(sha256);
"""
"""Texts that may hold what is no Unicode, as names of files may, are kept as bytes."""

NOTES = "notes"
"""Under this is stored what the last build noticed, which names people."""
_RECORD = TypeAdapter(PerformerRecord)
_APPLICATION, _SCHEMA = 0x53534253, 1
"""Mark the file as one of these: "SSBS"."""
_BUSY_SECONDS = 30.0
"""How long to wait for another process that writes to the file for a moment, to forget somebody."""


class StateFile:
    """An open file of this kind.

    Args:
        path: of the file; made where it is missing.
        identity: of the source whose state it is; None takes it as it is.

    Raises:
        BuildStateDamaged: there is a file that is no such state, or not of this source.
        StorageError: it cannot be written.
    """

    def __init__(self, path: Path, identity: str | None) -> None:
        self._path = path
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.errors():
            self.db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                self._open(identity)
            except BaseException:
                self.db.close()
                raise

    def _open(self, identity: str | None) -> None:
        if not self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self.db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self.db.execute(f"PRAGMA user_version = {_SCHEMA}")
        marks = [self.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks != [_APPLICATION, _SCHEMA]:
            raise BuildStateDamaged(path=self._path, reason="it is no state of a build")
        # Written ahead, and not flushed at each step: a killed process loses nothing that was committed.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "trusted_schema = OFF"):
            self.db.execute(f"PRAGMA {pragma}")
        if (said := self.db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BuildStateDamaged(path=self._path, reason=str(said))
        self.db.executescript(TABLES)
        if identity is not None:
            self.db.execute("INSERT OR IGNORE INTO meta VALUES ('identity', ?)", (to_bytes(identity),))
            if self.remembered("identity") != identity:
                raise BuildStateDamaged(path=self._path, reason="it is of another source")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self.db.in_transaction:
                self.db.execute("COMMIT")
        self.db.close()

    def remembered(self, key: str) -> str | None:
        """Return what `remember` was told."""
        content = self.stored(key)
        return None if content is None else to_text(content)

    def remember(self, key: str, value: str) -> None:
        """Keep a text for later builds."""
        self.store(key, to_bytes(value))

    def stored(self, key: str) -> bytes | None:
        """Return what `store` was given."""
        with self.errors():
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def store(self, key: str, content: bytes) -> None:
        """Keep some bytes for later builds."""
        with self.errors():
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, content))

    def drop(self, key: str) -> None:
        """Forget what was remembered or stored."""
        with self.errors():
            self.db.execute("DELETE FROM meta WHERE key = ?", (key,))

    def known_as(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield everybody's universal id, and all ids by which they are known."""
        with self.errors():
            for who, record, place, origin in self.db.execute(
                "SELECT universal_id, record, place, origin FROM performers"
            ):
                yield who, known_ids(self.record_of(record), to_text(place), origin) | {who}

    def people_with(self, pictures: Collection[str]) -> frozenset[str]:
        """Return the universal ids of those who have a picture of one of these SHA-256."""
        query = "SELECT performer FROM pictures WHERE sha256 = ?"
        with self.errors():
            return frozenset(
                str(who) for sha256 in pictures for (who,) in self.db.execute(query, (sha256,)).fetchall()
            )

    def forget(self, ids: Collection[str]) -> None:
        """Forget people by any of their ids: nothing of them stays in the file."""
        if not ids:
            return
        gone = {*ids, *(who for who, known in self.known_as() if not known.isdisjoint(ids))}
        these = json.dumps(sorted(gone))
        with self.errors():
            self.begin_work()
            self.drop(NOTES)
            # All at once: one by one, each of them would be looked for in all that was compared.
            for column in ("performers.universal_id", "pictures.performer", "compared.other"):
                table, _, name = column.partition(".")
                query = f"DELETE FROM {table} WHERE {name} IN (SELECT value FROM json_each(?))"  # noqa: S608
                self.db.execute(query, (these,))
            self.drop_orphans()
            self.commit()
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def record_of(self, text: str) -> PerformerRecord:
        """Read a performer that is kept as text."""
        try:
            return _RECORD.validate_json(text)
        except ValidationError as error:
            raise BuildStateDamaged(path=self._path, reason="a performer in it cannot be read") from error

    def drop_orphans(self) -> None:
        """Forget what was said of pictures that are nobody's any more."""
        self.db.execute(
            "DELETE FROM descriptions WHERE sha256 NOT IN (SELECT sha256 FROM pictures WHERE sha256 NOT NULL)"
        )
        self.db.execute(
            "DELETE FROM compared WHERE NOT EXISTS"
            " (SELECT 1 FROM pictures p WHERE p.performer = compared.performer AND p.sha256 = compared.sha256)"
        )

    def begin_work(self) -> None:
        """Begin to write, unless that was begun."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything so far outlive this process, and let others write."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise DiskFull(path=self._path) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(error, sqlite3.IntegrityError):
                raise BuildStateDamaged(path=self._path, reason=str(error)) from error
            raise NotWritable(path=self._path, reason=str(error)) from error


def to_bytes(text: str) -> bytes:
    """Keep a text that may hold what is no Unicode."""
    return text.encode("utf-8", "surrogatepass")


def to_text(content: bytes) -> str:
    """Undo `to_bytes`."""
    return content.decode("utf-8", "surrogatepass")


def text_of(record: PerformerRecord) -> str:
    """Write a performer as `StateFile.record_of` reads it."""
    return _RECORD.dump_json(record).decode()
