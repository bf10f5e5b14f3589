"""What a build has done so far, in a file: a build that was killed goes on, and the next one does only what changed.

Pictures are known by their key and fingerprint, what the models said of one by the SHA-256 of its bytes: a picture that
was moved or renamed is read again, but not described again. A picture that could not be read is tried in every build,
since the cause may lie outside of it.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from stash_sense.errors import BuildStateDamaged, DiskFull, NotWritable
from stash_sense.files import storage_errors
from stash_sense.performers.building.portraits import LOOK_SIDE, Face, Portrait
from stash_sense.performers.records import PerformerRecord
from stash_sense.performers.sources import SourcePerformer, SourcePicture

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS performers (
    universal_id TEXT PRIMARY KEY, place BLOB NOT NULL, origin TEXT NOT NULL, record TEXT NOT NULL, run INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pictures (
    key BLOB PRIMARY KEY, performer TEXT NOT NULL, fingerprint TEXT NOT NULL, url BLOB NOT NULL, run INTEGER NOT NULL,
    sha256 TEXT, problem TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS descriptions (
    sha256 TEXT NOT NULL, describer TEXT NOT NULL, faces INTEGER NOT NULL, quality REAL, look BLOB, vector BLOB,
    PRIMARY KEY (sha256, describer)
);
CREATE INDEX IF NOT EXISTS pictures_by_performer ON pictures(performer);
CREATE INDEX IF NOT EXISTS pictures_by_sha256 ON pictures(sha256);
"""
_APPLICATION = 0x53534253
"""Marks the file as one of these: "SSBS"."""
_SCHEMA = 1
_COMMIT_EVERY, _COMMIT_SECONDS = 16, 1.0
"""Pictures, and seconds, whose work a process that is killed may lose."""
_PAGE = 256
"""Pictures listed at once while the file is written to."""
_BUSY_SECONDS = 30.0
"""How long to wait for another process that writes to the file for a moment, to forget somebody."""
_RECORD = TypeAdapter(PerformerRecord)


@dataclass(frozen=True, slots=True, eq=False)
class DescribedPicture:
    """A picture of somebody, and what is known of it.

    Attributes:
        sha256: of the file; empty where it could not be read, and `problem` says why.
        faces: how many were found in it.
        face: the one it was taken for; None where there is none that can be described.
    """

    picture: SourcePicture
    sha256: str
    faces: int
    face: Face | None
    problem: str


class BuildState:
    """The state of the builds of one source.

    Args:
        path: of the file; made where it is missing.
        identity: of the source.
        describer: the pack and everything else that decides what a description is.

    Raises:
        BuildStateDamaged: there is a file that is no such state, or not of this source.
        StorageError: it cannot be written.
    """

    def __init__(self, path: Path, identity: str, describer: str) -> None:
        self._path = path
        self._describer = describer
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                self._open(identity)
            except BaseException:
                self._db.close()
                raise
        self._run = int(self.remembered("run") or 0)
        self._uncommitted = 0
        self._committed = time.monotonic()

    def _open(self, identity: str) -> None:
        empty = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if empty:
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {_SCHEMA}")
        marks = [self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks != [_APPLICATION, _SCHEMA]:
            raise BuildStateDamaged(path=self._path, reason="it is no state of a build")
        # Written ahead, and not flushed at each step: a killed process loses nothing that was committed.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            self._db.execute(f"PRAGMA {pragma}")
        if (said := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise BuildStateDamaged(path=self._path, reason=str(said))
        self._db.executescript(_TABLES)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('identity', ?)", (_bytes(identity),))
        if self._db.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()[0] != _bytes(identity):
            raise BuildStateDamaged(path=self._path, reason="it is of another source")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        self._db.close()

    def remembered(self, key: str) -> str | None:
        """Return what `remember` was told."""
        with self._errors():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, key: str, value: str) -> None:
        """Keep a text for later builds."""
        with self._errors():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def begin(self) -> None:
        """Begin to list the source; who and what is not listed from here on is gone."""
        self._run += 1
        self.remember("run", str(self._run))

    def list(self, performer: SourcePerformer) -> str | None:
        """Note somebody and their pictures; of a picture that changed, what was known is forgotten.

        Returns:
            The place of somebody else with the same universal id, who was listed before: then nothing is noted.
        """
        record = storable(performer.record)
        who = record.universal_id
        with self._errors():
            self._begin_work()
            taken = self._db.execute(
                "SELECT place FROM performers WHERE universal_id = ? AND run = ?", (who, self._run)
            ).fetchone()
            if taken is not None:
                return _text(taken[0])
            self._db.execute(
                "INSERT OR REPLACE INTO performers VALUES (?, ?, ?, ?, ?)",
                (who, _bytes(performer.place), performer.origin, _RECORD.dump_json(record).decode(), self._run),
            )
        for picture in performer.pictures:
            with self._errors():
                self._db.execute(
                    "INSERT INTO pictures (key, performer, fingerprint, url, run) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET performer = excluded.performer, url = excluded.url,"
                    " run = excluded.run, problem = '', sha256 = iif(fingerprint = excluded.fingerprint, sha256, NULL),"
                    " fingerprint = excluded.fingerprint",
                    (_bytes(picture.key), who, picture.fingerprint, _bytes(picture.url), self._run),
                )
        self._work_done()
        return None

    def counts(self) -> tuple[int, int]:
        """Return how many pictures are listed, and how many of them are due."""
        with self._errors():
            self._commit()
            listed = self._db.execute("SELECT count(*) FROM pictures WHERE run = ?", (self._run,)).fetchone()[0]
            due = self._db.execute(f"SELECT count(*) FROM pictures WHERE {_DUE}", self._due()).fetchone()[0]  # noqa: S608
        return int(listed), int(due)

    def due(self) -> Iterator[tuple[str, SourcePicture]]:
        """Yield the pictures that are not described yet, with their person's id, each once."""
        last = b""
        query = (
            f"SELECT performer, key, fingerprint, url FROM pictures WHERE {_DUE} AND key > :last"  # noqa: S608
            f" ORDER BY key LIMIT {_PAGE}"
        )
        while True:
            with self._errors():
                page = self._db.execute(query, self._due() | {"last": last}).fetchall()
            if not page:
                return
            for who, key, fingerprint, url in page:
                yield who, SourcePicture(_text(key), fingerprint, _text(url))
            last = page[-1][1]

    def is_described(self, sha256: str) -> bool:
        """Whether a picture of these bytes was described."""
        query = "SELECT 1 FROM descriptions WHERE sha256 = ? AND describer = ?"
        with self._errors():
            return self._db.execute(query, (sha256, self._describer)).fetchone() is not None

    def keep(self, portrait: Portrait) -> None:
        """Note what came of a picture."""
        with self._errors():
            self._begin_work()
            self._db.execute(
                "UPDATE pictures SET sha256 = ?, problem = ? WHERE key = ?",
                (portrait.sha256 or None, _clean(portrait.problem), _bytes(portrait.picture.key)),
            )
            if portrait.sha256 and not portrait.known:
                face = portrait.face
                said = (None, None, None) if face is None else (face.quality, face.look.tobytes(), _blob(face))
                self._db.execute(
                    "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?, ?)",
                    (portrait.sha256, self._describer, portrait.faces, *said),
                )
        self._work_done()

    def performers(self) -> Iterator[tuple[PerformerRecord, str]]:
        """Yield everybody who is listed, by universal id, with the origin of their pictures."""
        query = (
            "SELECT universal_id, record, origin FROM performers"
            f" WHERE run = ? AND universal_id > ? ORDER BY universal_id LIMIT {_PAGE}"  # noqa: S608
        )
        last = ""
        while True:
            with self._errors():
                self._commit()
                page = self._db.execute(query, (self._run, last)).fetchall()
            if not page:
                return
            for _, record, origin in page:
                yield self._record(record), origin
            last = page[-1][0]

    def pictures_of(self, who: str) -> list[DescribedPicture]:
        """Return somebody's listed pictures, by key."""
        query = (
            "SELECT key, fingerprint, url, p.sha256, problem, coalesce(faces, 0), quality, look, vector FROM pictures p"
            " LEFT JOIN descriptions d ON d.sha256 = p.sha256 AND d.describer = ?"
            " WHERE performer = ? AND run = ? ORDER BY key"
        )
        with self._errors():
            rows = self._db.execute(query, (self._describer, who, self._run)).fetchall()
        return [_described(*row) for row in rows]

    def shared(self) -> dict[str, list[tuple[str, str]]]:
        """Return the SHA-256 of pictures that stand under several people, with person and key of each."""
        query = (
            "SELECT p.sha256, performer, key FROM pictures p WHERE run = :run AND p.sha256 IN"
            " (SELECT q.sha256 FROM pictures q JOIN descriptions d ON d.sha256 = q.sha256 AND d.describer = :describer"
            "  WHERE run = :run AND vector IS NOT NULL GROUP BY q.sha256 HAVING count(DISTINCT performer) > 1)"
            " ORDER BY key"
        )
        found: dict[str, list[tuple[str, str]]] = {}
        with self._errors():
            for sha256, who, key in self._db.execute(query, self._due()):
                found.setdefault(sha256, []).append((who, _text(key)))
        return found

    def drop_vanished(self) -> None:
        """Forget what was not listed."""
        with self._errors():
            self._begin_work()
            for table in ("performers", "pictures"):
                self._db.execute(f"DELETE FROM {table} WHERE run <> ?", (self._run,))  # noqa: S608  our own names
            self._drop_orphans()
            self._commit()

    def forget(self, who: str) -> None:
        """Forget somebody: nothing of them stays in the file."""
        with self._errors():
            self._begin_work()
            self._db.execute("DELETE FROM performers WHERE universal_id = ?", (who,))
            self._db.execute("DELETE FROM pictures WHERE performer = ?", (who,))
            self._drop_orphans()
            self._commit()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
