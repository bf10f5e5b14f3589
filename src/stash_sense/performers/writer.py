"""Performers with their faces, in canonical order -> the files of one version of the database."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from stash_sense.errors import DatabaseUnwritten, DiskFull
from stash_sense.files import flush_folder, storage_errors
from stash_sense.kernel.arrays import Floats
from stash_sense.performers import schema
from stash_sense.performers.ids import is_universal_id, short_name_of
from stash_sense.performers.manifest import (
    DATABASE_NAME,
    MANIFEST_NAME,
    REQUIRES,
    EmbedderVectors,
    FileEntry,
    Manifest,
)
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.vectors import DType, VectorFile

_UNIT_LENGTH = 1e-2
"""How far from 1 the length of a vector may be: half precision makes up to 1e-3 of it."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a version is, besides its contents.

    Attributes:
        pack: id of the model pack whose vectors these are.
        embedders: id and dimension of each, in the order of the vectors.
        sources: where the performers come from, in plain words.
    """

    version: str
    created_at: datetime
    pack: str
    embedders: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]
    imported_from: str | None = None
    dtype: DType = "float16"


class VersionWriter:
    """Fills an empty folder with one version; the folder is nobody's version before `finish` has returned.

    Performers come in ascending order of their universal ids, so that equal contents give equal files and digests.
    Memory stays bounded, however many there are.
    """

    def __init__(self, folder: Path, heading: Heading) -> None:
        """Begin.

        Raises:
            StorageError: the folder cannot be written.
        """
        self._folder = folder
        self._heading = heading
        self._created = heading.created_at.isoformat()
        self._content = hashlib.sha256()
        self._performers = self._faces = self._aliases = 0
        self._last = ""
        self._files: list[VectorFile] = []
        try:
            with storage_errors(folder):
                for name, dim in heading.embedders:
                    self._files.append(VectorFile(folder / f"vectors-{name}.npy", dim, heading.dtype))
            with _database_errors(folder):
                self._db = schema.create(folder / DATABASE_NAME, heading.version)
        except BaseException:
            for file in self._files:
                file.__exit__(None, None, None)
            raise
        self._digest({"pack": heading.pack, "embedders": heading.embedders, "dtype": heading.dtype})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.__exit__(kind, error, trace)
        self._db.close()

    def add(self, performer: PerformerRecord, faces: Sequence[FaceRecord], vectors: Sequence[Floats]) -> None:
        """Add a performer and all their faces.

        Args:
            performer: whose universal id comes after that of the one before.
            faces: in any order; they are kept in that of their pictures' hashes.
            vectors: (faces, dim) unit vectors of each embedder.

        Raises:
            ValueError: out of order, not of the heading's shapes, or not unit vectors.
            StorageError, DatabaseUnwritten: the disk said no.
        """
        if performer.universal_id <= self._last or not is_universal_id(performer.universal_id):
            raise ValueError(f"{performer.universal_id!r} cannot come after {self._last!r}")
        self._last = performer.universal_id
        order = sorted(range(len(faces)), key=lambda place: faces[place].image_hash or "")
        faces = [faces[place] for place in order]
        ordered = [_checked(part, len(order))[order] for part in vectors]
        self._performers += 1
        self._digest(asdict(performer) | {"faces": [asdict(face) for face in faces]})
        with _database_errors(self._folder):
            self._insert(performer, faces)
        with storage_errors(self._folder):
            for file, part in zip(self._files, ordered, strict=True):
                self._content.update(file.append(part))
        self._faces += len(faces)

    def finish(self) -> Manifest:
        """Make everything durable, write the manifest, and return it.

        Raises:
            StorageError, DatabaseUnwritten: the disk said no; there is no manifest then.
        """
        with _database_errors(self._folder):
            schema.finish(self._db)
        with storage_errors(self._folder):
            for file in self._files:
                file.finish()
            with (self._folder / DATABASE_NAME).open("r+b") as database:
                os.fsync(database.fileno())
            manifest = self._manifest()
            with (self._folder / MANIFEST_NAME).open("wb") as out:
                out.write(manifest.to_json())
                out.flush()
                os.fsync(out.fileno())
            flush_folder(self._folder)
        return manifest

    def _manifest(self) -> Manifest:
        heading = self._heading
        embedders = tuple(
            EmbedderVectors(id=name, dim=dim, file=f"vectors-{name}.npy", dtype=heading.dtype)
            for name, dim in heading.embedders
        )
        names = [DATABASE_NAME, *(embedder.file for embedder in embedders)]
        return Manifest(
            schema=1,
            version=heading.version,
            requires=REQUIRES,
            created_at=heading.created_at,
            pack=heading.pack,
            embedders=embedders,
            performer_count=self._performers,
            face_count=self._faces,
            sources=heading.sources,
            content=self._content.hexdigest(),
            files={name: file_entry(self._folder / name) for name in names},
            imported_from=heading.imported_from,
        )

    def _digest(self, value: dict[str, Any]) -> None:
        self._content.update(json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode())
        self._content.update(b"\n")

    def _insert(self, performer: PerformerRecord, faces: Sequence[FaceRecord]) -> None:
        number, created = self._performers, self._created
        scalars = {column: getattr(performer, name) for name, column in schema.COLUMN_OF.items()}
        row = {"id": number, **scalars, "face_count": len(faces)}
        self._put("performers", [(*row.values(), created, created)], [*row, "created_at", "updated_at"])
        self._put(
            "stashbox_ids",
            [(number, short_name_of(known.endpoint), known.id, created) for known in performer.stashbox_ids],
        )
        aliases = [
            (self._aliases + place, number, alias.name, short_name_of(alias.source) or None, created)
            for place, alias in enumerate(performer.aliases, start=1)
        ]
        self._aliases += len(aliases)
        self._put("aliases", aliases)
        self._put("faces", [self._face(number, self._faces + place, face) for place, face in enumerate(faces)])
        for table, marks in (("tattoos", performer.tattoos), ("piercings", performer.piercings)):
            self._put(table, [(number, mark.location, mark.description) for mark in marks])
        self._put("external_urls", [(number, url) for url in performer.urls])
        if (body := performer.body) is not None:
            ratios = body.shoulder_hip_ratio, body.leg_torso_ratio, body.arm_span_height_ratio
            self._put("body_proportions", [(number, *ratios, body.confidence)])
        if (seen := performer.tattoo_detection) is not None:
            self._put("tattoo_detections", [(number, seen.has_tattoos, seen.confidence, seen.detections)])

    def _face(self, performer: int, row: int, face: FaceRecord) -> tuple[object, ...]:
        origin = face.image_url, short_name_of(face.source) or None
        return (
            *(row + 1, performer, row, row, *origin, face.quality, self._created, 0, face.yaw),
            *(self._heading.pack, row, face.image_hash),
        )

    def _put(self, table: str, rows: Sequence[tuple[object, ...]], columns: Sequence[str] = ()) -> None:
        if rows:
            names = f" ({', '.join(columns)})" if columns else ""
            marks = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT INTO {table}{names} VALUES ({marks})", rows)  # noqa: S608  our own names


@contextmanager
def _database_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise DiskFull(path=folder) from error
        raise DatabaseUnwritten(path=folder, reason=str(error)) from error


def file_entry(path: Path) -> FileEntry:
    """Say what the bytes of a file are."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        return FileEntry(size=content.tell(), sha256=digest)


def _checked(vectors: Floats, count: int) -> Floats:
    if len(vectors) != count:
        raise ValueError(f"{len(vectors)} vectors for {count} faces")
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    if not (np.abs(lengths - 1.0) <= _UNIT_LENGTH).all():  # also false of what is no number
        raise ValueError("a vector that is not of unit length")
    return vectors
