"""What a build has done so far: a build that was killed goes on, and the next one does only what changed.

Pictures are known by their key and fingerprint, what the models said of one by the SHA-256 of its bytes: a picture
that was moved or renamed is read again, but not described again. A picture that could not be read is tried in every
build, since the cause may lie outside of it.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from stash_sense.errors import BuildStateDamaged
from stash_sense.performers.building.joining import joined
from stash_sense.performers.building.notes import ReferenceNote
from stash_sense.performers.building.portraits import LOOK_SIDE, Face, Portrait
from stash_sense.performers.building.sources import SourcePerformer, SourcePicture
from stash_sense.performers.building.state_file import NOTES, StateFile, text_of, to_bytes, to_text
from stash_sense.performers.records import PerformerRecord

_NOTED = TypeAdapter(list[ReferenceNote])
_PAGE = 256
"""Rows read at once while the file is written to."""
_DUE = (
    "run = :run AND (sha256 IS NULL OR NOT EXISTS"
    " (SELECT 1 FROM descriptions d WHERE d.sha256 = pictures.sha256 AND d.describer = :describer))"
)


@dataclass(frozen=True, slots=True, eq=False)
class KeptPicture:
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


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody who is in the source."""

    record: PerformerRecord
    place: str
    origin: str


class BuildState(StateFile):
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
        super().__init__(path, identity)
        self._describer = describer
        self._run = int(self.remembered("run") or 0)

    @property
    def _now(self) -> dict[str, object]:
        return {"run": self._run, "describer": self._describer}

    def begin(self) -> None:
        """Begin to list the source; who and what is not listed from here on is gone."""
        self._run += 1
        self.remember("run", str(self._run))

    @property
    def is_new(self) -> bool:
        """Whether the source was never listed."""
        return self._run == 0

    def adopt(self, other: Path) -> None:
        """Take over what is known of pictures elsewhere, which the builds of several sources name alike.

        Args:
            other: file of another state; nothing is taken from one that is of no use.
        """
        with contextlib.suppress(BuildStateDamaged), self._attached(other) as is_usable, self.errors():
            if is_usable:
                # Not as `begin_work` does, which would keep others from writing to that file as well.
                self.db.execute("BEGIN")
                self.db.execute(
                    "INSERT OR IGNORE INTO pictures SELECT key, performer, fingerprint, url, 0, sha256, x''"
                    " FROM other.pictures WHERE substr(key, 1, 1) = x'2F' AND sha256 NOT NULL"
                )
                self.db.execute(
                    "INSERT OR IGNORE INTO descriptions SELECT * FROM other.descriptions"
                    " WHERE sha256 IN (SELECT sha256 FROM pictures)"
                )

    @contextlib.contextmanager
    def _attached(self, other: Path) -> Iterator[bool]:
        """Have another file as `other` until the block ends, and tell whether there is anything to be read in it."""
        try:
            self.db.execute("ATTACH ? AS other", (str(other),))
        except sqlite3.Error:
            yield False
            return
        try:
            yield self._has_pictures_of_another()
        finally:
            with self.errors():
                self.commit()
                self.db.execute("DETACH other")

    def _has_pictures_of_another(self) -> bool:
        try:
            self.db.execute("SELECT 1 FROM other.pictures, other.descriptions LIMIT 1")
        except sqlite3.Error:
            return False
        return True

    def note(self, performer: SourcePerformer) -> str | None:
        """Note somebody and their pictures; of a picture that changed, what was known is forgotten.

        Args:
            performer: with texts that can be stored.

        Returns:
            The place of somebody else with the same universal id, who was noted before and whom this one does not
            join: then nothing is noted.
        """
        record, who = performer.record, performer.record.universal_id
        place, origin = to_bytes(performer.place), performer.origin
        with self.errors():
            self.begin_work()
            query = "SELECT place, origin, record FROM performers WHERE universal_id = ? AND run = ?"
            taken = self.db.execute(query, (who, self._run)).fetchone()
            if taken is not None and not performer.joins:
                return to_text(taken[0])
            if taken is not None:
                place, origin, record = taken[0], taken[1], joined(self.record_of(taken[2]), record)
            row = (who, place, origin, text_of(record), self._run)
            self.db.execute("INSERT OR REPLACE INTO performers VALUES (?, ?, ?, ?, ?)", row)
            self.commit()
        pictures = iter(performer.pictures)
        while page := list(islice(pictures, _PAGE)):  # which may take its time, while others may want to write
            with self.errors():
                self.begin_work()
                if self.db.execute(query, (who, self._run)).fetchone() is None:
                    self.commit()
                    return None  # they were forgotten meanwhile
                self.db.executemany(
                    "INSERT INTO pictures (key, performer, fingerprint, url, run) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET performer = excluded.performer, url = excluded.url,"
                    " run = excluded.run, problem = x'', fingerprint = excluded.fingerprint,"
                    " sha256 = CASE WHEN fingerprint = excluded.fingerprint THEN sha256 END",
                    [(to_bytes(one.key), who, one.fingerprint, to_bytes(one.url), self._run) for one in page],
                )
                self.commit()
        return None

    def counts(self) -> tuple[int, int]:
        """Return how many pictures are listed, and how many of them are due."""
        with self.errors():
            self.commit()
            listed = self.db.execute("SELECT count(*) FROM pictures WHERE run = :run", self._now).fetchone()[0]
            due = self.db.execute(f"SELECT count(*) FROM pictures WHERE {_DUE}", self._now).fetchone()[0]  # noqa: S608
        return int(listed), int(due)

    def files(self) -> tuple[int, int]:
        """Return how many of the listed pictures could be read, and how many different files they are."""
        query = "SELECT count(sha256), count(DISTINCT sha256) FROM pictures WHERE run = ?"
        with self.errors():
            readable, different = self.db.execute(query, (self._run,)).fetchone()
        return int(readable), int(different)

    def due(self) -> Iterator[tuple[str, SourcePicture]]:
        """Yield the pictures that are not described yet with the id of their person, by key, each once."""
        query = (
            f"SELECT performer, key, fingerprint, url FROM pictures WHERE {_DUE} AND key > :last"  # noqa: S608
            f" ORDER BY key LIMIT {_PAGE}"
        )
        last = b""
        while True:
            with self.errors():
                page = self.db.execute(query, self._now | {"last": last}).fetchall()
            if not page:
                return
            for who, key, fingerprint, url in page:
                yield who, SourcePicture(to_text(key), fingerprint, to_text(url))
            last = page[-1][1]

    def name_of(self, who: str) -> str:
        """Return somebody's name; empty where nobody has that universal id."""
        with self.errors():
            row = self.db.execute("SELECT record FROM performers WHERE universal_id = ?", (who,)).fetchone()
        return "" if row is None else self.record_of(row[0]).name

    def is_described(self, sha256: str) -> bool:
        """Whether a picture of these bytes was described."""
        query = "SELECT 1 FROM descriptions WHERE sha256 = ? AND describer = ?"
        with self.errors():
            return self.db.execute(query, (sha256, self._describer)).fetchone() is not None

    def keep(self, portrait: Portrait) -> None:
        """Note what came of a picture."""
        with self.errors():
            self.begin_work()
            noted = self.db.execute(
                "UPDATE pictures SET sha256 = ?, problem = ? WHERE key = ?",
                (portrait.sha256 or None, to_bytes(portrait.problem), to_bytes(portrait.picture.key)),
            )
            # Of whom was forgotten meanwhile nothing is kept.
            if noted.rowcount and portrait.sha256 and not portrait.known:
                face = portrait.face
                said: tuple[object, ...] = (None, None, None)
                if face is not None:
                    vector = np.ascontiguousarray(face.vector, "<f4").tobytes()
                    said = (face.quality, face.look.tobytes(), vector)
                self.db.execute(
                    "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?, ?, ?)",
                    (portrait.sha256, self._describer, portrait.faces, *said),
                )
            self.commit()

    def people(self) -> int:
        """Return how many people are listed."""
        with self.errors():
            row = self.db.execute("SELECT count(*) FROM performers WHERE run = ?", (self._run,)).fetchone()
        return int(row[0])

    def listed(self) -> Iterator[Listed]:
        """Yield everybody who is listed, by universal id."""
        query = (
            "SELECT universal_id, record, place, origin FROM performers WHERE run = ? AND universal_id > ?"
            " ORDER BY universal_id LIMIT ?"
        )
        last = ""
        while True:
            with self.errors():
                self.commit()
                page = self.db.execute(query, (self._run, last, _PAGE)).fetchall()
            if not page:
                return
            for _, record, place, origin in page:
                yield Listed(self.record_of(record), to_text(place), origin)
            last = page[-1][0]

    def pictures_of(self, who: str) -> list[KeptPicture]:
        """Return somebody's listed pictures, by key."""
        query = (
            "SELECT key, fingerprint, url, p.sha256, problem, coalesce(faces, 0), quality, look, vector"
            " FROM pictures p LEFT JOIN descriptions d ON d.sha256 = p.sha256 AND d.describer = :describer"
            " WHERE performer = :who AND run = :run ORDER BY key"
        )
        with self.errors():
            rows = self.db.execute(query, self._now | {"who": who}).fetchall()
        return [
            KeptPicture(
                SourcePicture(to_text(key), fingerprint, to_text(url)),
                sha256 or "",
                faces,
                None if vector is None else self._face(quality, look, vector),
                to_text(problem),
            )
            for key, fingerprint, url, sha256, problem, faces, quality, look, vector in rows
        ]

    def shared(self) -> dict[str, list[tuple[str, SourcePicture]]]:
        """Return the SHA-256 of pictures with a face that are several people's, with person and picture of each."""
        query = (
            "SELECT p.sha256, performer, key, fingerprint, url FROM pictures p WHERE run = :run AND p.sha256 IN"
            " (SELECT q.sha256 FROM pictures q JOIN descriptions d ON d.sha256 = q.sha256"
            "  WHERE d.describer = :describer AND run = :run AND vector IS NOT NULL"
            "  GROUP BY q.sha256 HAVING count(DISTINCT performer) > 1)"
            " ORDER BY key"
        )
        found: dict[str, list[tuple[str, SourcePicture]]] = {}
        with self.errors():
            for sha256, who, key, fingerprint, url in self.db.execute(query, self._now):
                found.setdefault(sha256, []).append((who, SourcePicture(to_text(key), fingerprint, to_text(url))))
        return found

    def picture_of(self, who: str, sha256: str) -> SourcePicture | None:
        """Return somebody's first picture of those bytes."""
        query = (
            "SELECT key, fingerprint, url FROM pictures WHERE performer = :who AND sha256 = :sha256 AND run = :run"
            " ORDER BY key LIMIT 1"
        )
        with self.errors():
            row = self.db.execute(query, self._now | {"who": who, "sha256": sha256}).fetchone()
        return None if row is None else SourcePicture(to_text(row[0]), row[1], to_text(row[2]))

    def compared(self, who: str) -> dict[str, tuple[str, str] | None]:
        """Return with whom somebody's pictures, by SHA-256, were found to be mixed up: universal id and SHA-256."""
        query = "SELECT sha256, other, other_sha256 FROM compared WHERE performer = :who AND describer = :describer"
        with self.errors():
            rows = self.db.execute(query, self._now | {"who": who}).fetchall()
        return {sha256: None if other is None else (other, other_sha256) for sha256, other, other_sha256 in rows}

    def keep_compared(self, who: str, sha256: str, other: tuple[str, str] | None) -> None:
        """Note that a picture was compared with everybody else's, and whom it looks like.

        Nothing is noted where one of them was forgotten meanwhile.
        """
        here = "EXISTS (SELECT 1 FROM pictures p WHERE p.performer = {} AND p.sha256 = {})"
        query = (
            "INSERT OR REPLACE INTO compared SELECT :who, :sha256, :describer, :other, :other_sha256"
            f" WHERE {here.format(':who', ':sha256')}"
            f" AND (:other IS NULL OR {here.format(':other', ':other_sha256')})"
        )
        whom, whose = other or (None, None)
        values = {"who": who, "sha256": sha256, "other": whom, "other_sha256": whose}
        with self.errors():
            self.begin_work()
            self.db.execute(query, self._now | values)

    def forget_compared(self, who: str) -> None:
        """Forget with whom somebody's pictures were compared."""
        with self.errors():
            self.begin_work()
            query = "DELETE FROM compared WHERE performer = :who AND describer = :describer"
            self.db.execute(query, {"who": who, "describer": self._describer})

    def keep_notes(self, notes: Sequence[ReferenceNote]) -> None:
        """Keep what this build noticed, but for what it says of people who are to be forgotten."""
        self.store(NOTES, _NOTED.dump_json([note for note in notes if note.code != "forgotten"]))

    def drop_vanished(self) -> None:
        """Forget what was not listed."""
        with self.errors():
            self.begin_work()
            self.db.execute("DELETE FROM performers WHERE run <> ?", (self._run,))
            self.db.execute("DELETE FROM pictures WHERE run <> ?", (self._run,))
            self.drop_orphans()
            self.commit()

    def _face(self, quality: float, look: bytes, vector: bytes) -> Face:
        try:
            seen = np.frombuffer(look, np.uint8).reshape(LOOK_SIDE, LOOK_SIDE)
            return Face(np.frombuffer(vector, "<f4"), float(quality), seen)
        except (TypeError, ValueError) as error:
            raise BuildStateDamaged(path=self._path, reason="a face in it cannot be read") from error


def last_noticed(path: Path) -> list[ReferenceNote]:
    """Return what the last build noticed whose state is there; nothing of one that is missing or of no use."""
    with contextlib.suppress(BuildStateDamaged, ValidationError):
        if path.is_file():
            with StateFile(path, None) as state:
                return _NOTED.validate_json(state.stored(NOTES) or b"[]")
    return []
