"""A finished version -> its performers with faces and vectors, one by one, as a `VersionWriter` takes them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stash_sense.errors import DatabaseDamaged
from stash_sense.kernel.arrays import AnyArray
from stash_sense.performers import schema
from stash_sense.performers.ids import domain_of
from stash_sense.performers.manifest import DATABASE_NAME, Manifest
from stash_sense.performers.records import (
    Alias,
    BodyMark,
    BodyProportions,
    FaceRecord,
    PerformerRecord,
    StashBoxId,
    TattooDetection,
)
from stash_sense.performers.vectors import map_vectors


@dataclass(frozen=True, slots=True, eq=False)
class StoredPerformer:
    """One performer of a version.

    Attributes:
        record: everything but the faces.
        faces: in the order of their rows.
        vectors: (faces, dim) unit vectors of each embedder, as they are stored.
    """

    record: PerformerRecord
    faces: tuple[FaceRecord, ...]
    vectors: tuple[AnyArray, ...]


def read_performers(folder: Path, manifest: Manifest) -> Iterator[StoredPerformer]:
    """Yield everybody in the order of their numbers, which is that of the universal ids; memory stays bounded.

    Args:
        folder: of the version.
        manifest: its manifest.

    Raises:
        DatabaseDamaged: the files cannot be read, or do not fit together.
    """
    parts = [map_vectors(folder / one.file, manifest.face_count, one.dim, one.dtype) for one in manifest.embedders]
    path = folder / DATABASE_NAME
    with schema.reading(path), closing(schema.open_finished(path)) as database:
        columns = ", ".join(schema.COLUMN_OF.values())
        people = database.execute(f"SELECT id, {columns} FROM performers ORDER BY id")  # noqa: S608  our own names
        for number, *scalars in people:
            yield _performer(database, path, number, dict(zip(schema.COLUMN_OF, scalars, strict=True)), parts)


def _performer(
    database: sqlite3.Connection, path: Path, number: int, scalars: dict[str, Any], parts: list[AnyArray]
) -> StoredPerformer:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return database.execute(f"{query} WHERE performer_id = ? ORDER BY rowid", (number,)).fetchall()

    faces = database.execute(
        "SELECT row, image_hash, image_url, source_endpoint, quality_score, yaw FROM faces WHERE performer_id = ?"
        " ORDER BY row",
        (number,),
    ).fetchall()
    body = [BodyProportions(*row) for row in rows(_BODY)]
    seen = [TattooDetection(bool(has), *rest) for has, *rest in rows(_DETECTION)]
    record = PerformerRecord(
        **scalars,
        stashbox_ids=tuple(StashBoxId(domain_of(str(endpoint)), str(id_)) for endpoint, id_ in rows(_STASHBOX)),
        aliases=tuple(Alias(str(name), domain_of(str(source or ""))) for name, source in rows(_ALIASES)),
        body=body[0] if body else None,
        tattoos=tuple(BodyMark(*row) for row in rows(_TATTOOS)),
        piercings=tuple(BodyMark(*row) for row in rows(_PIERCINGS)),
        tattoo_detection=seen[0] if seen else None,
        urls=tuple(str(url) for (url,) in rows(_URLS)),
    )
    first = faces[0][0] if faces else 0
    places = slice(first, first + len(faces))
    if [row for row, *_ in faces] != list(range(first, first + len(faces))) or first + len(faces) > len(parts[0]):
        raise DatabaseDamaged(path=path, reason=f"the faces of {record.universal_id} do not lie together")
    records = tuple(
        FaceRecord(digest, url, domain_of(source or ""), quality, yaw)
        for _, digest, url, source, quality, yaw in faces
    )
    return StoredPerformer(record, records, tuple(part[places] for part in parts))


_STASHBOX = "SELECT endpoint, stashbox_performer_id FROM stashbox_ids"
_ALIASES = "SELECT alias, source_endpoint FROM aliases"
_TATTOOS = "SELECT location, description FROM tattoos"
_PIERCINGS = "SELECT location, description FROM piercings"
_URLS = "SELECT url FROM external_urls"
_BODY = "SELECT shoulder_hip_ratio, leg_torso_ratio, arm_span_height_ratio, confidence FROM body_proportions"
_DETECTION = "SELECT has_tattoos, confidence, detections_json FROM tattoo_detections"
