"""Rows of the fingerprint tables -> fingerprints, and the other way round."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, insert, select

from stash_sense.adapters.store.job_rows import iso, json_text
from stash_sense.adapters.store.tables import (
    IMAGE_FINGERPRINT_FACES,
    IMAGE_FINGERPRINT_GALLERIES,
    IMAGE_FINGERPRINTS,
    SCENE_FINGERPRINT_FACES,
    SCENE_FINGERPRINTS,
)
from stash_sense.fingerprints.fingerprint import FaceMark, Fingerprint, FingerprintPerson, Item, Outcome, Rival
from stash_sense.kernel.text import as_unicode


@dataclass(frozen=True, slots=True)
class Tables:
    """Where the fingerprints of a kind are, who is named in them, and of images the galleries they are in."""

    items: Table
    persons: Table
    galleries: Table | None = None


TABLES: Mapping[str, Tables] = {
    "scene": Tables(SCENE_FINGERPRINTS, SCENE_FINGERPRINT_FACES),
    "image": Tables(IMAGE_FINGERPRINTS, IMAGE_FINGERPRINT_FACES, IMAGE_FINGERPRINT_GALLERIES),
}


def insert_all(connection: Connection, tables: Tables, new: Mapping[int, tuple[Fingerprint, int | None]]) -> None:
    """Put in fingerprints, each with the key of its faces, by their numbers."""
    of_galleries = [
        {"number": number, "place": place, "gallery_id": gallery}
        for number, (one, _) in new.items()
        for place, gallery in enumerate(one.galleries)
    ]
    parts: list[tuple[Table | None, list[dict[str, Any]]]] = [
        (tables.items, [_item_values(number, one, key) for number, (one, key) in new.items()]),
        (tables.persons, [row for number, (one, _) in new.items() for row in _person_rows(tables, number, one)]),
        (tables.galleries, of_galleries),
    ]
    for table, rows in parts:
        if table is not None and rows:
            connection.execute(insert(table), rows)


def fingerprints_of(connection: Connection, kind: str, *where: ColumnElement[bool]) -> list[Fingerprint]:
    """Read fingerprints by rising number: in two questions, of images in three.

    Args:
        connection: to read from.
        kind: which tables.
        where: conditions about the items.
    """
    tables = TABLES[kind]
    item = tables.items.c
    own = select(item.number).where(*where)
    persons: dict[int, list[FingerprintPerson]] = {}
    person = tables.persons.c
    for row in connection.execute(select(tables.persons).where(person.number.in_(own)).order_by(person.place)):
        persons.setdefault(row.number, []).append(_person(row))
    galleries: dict[int, list[str]] = {}
    if tables.galleries is not None:
        gallery = tables.galleries.c
        for row in connection.execute(
            select(tables.galleries).where(gallery.number.in_(own)).order_by(gallery.place)
        ):
            galleries.setdefault(row.number, []).append(row.gallery_id)
    return [
        _fingerprint(kind, row, persons.get(row.number, []), galleries.get(row.number, []))
        for row in connection.execute(select(tables.items).where(*where).order_by(item.number))
    ]


def moment(text: str | None) -> datetime | None:
    """Read a moment."""
    return None if text is None else datetime.fromisoformat(text)


def _item_values(number: int, one: Fingerprint, key: int | None) -> dict[str, Any]:
    return {
        "number": number,
        "outcome": one.outcome.value,
        "database": one.database,
        "content": one.content,
        "pack": one.pack,
        "conditions": one.conditions,
        "code": one.code,
        "faces_key": key,
        "frames": one.frames,
        "faces": one.faces,
        "unknown": one.unknown,
        # These may have the name of a file, which may be no text.
        "title": as_unicode(one.title),
        "message": as_unicode(one.message),
        "details": json_text(dict(one.details)),
        "looked_at": None if one.looked_at is None else iso(one.looked_at),
        "matched_at": None if one.matched_at is None else iso(one.matched_at),
    }


def _fingerprint(kind: str, row: Row[Any], persons: list[FingerprintPerson], galleries: list[str]) -> Fingerprint:
    return Fingerprint(
        item=Item(kind, str(row.number)),
        content=row.content,
        pack=row.pack,
        database=row.database,
        outcome=Outcome(row.outcome),
        code=row.code,
        message=row.message,
        title=row.title,
        frames=row.frames,
        faces=row.faces,
        persons=tuple(persons),
        unknown=row.unknown,
        galleries=tuple(galleries),
        conditions=row.conditions,
        looked_at=moment(row.looked_at),
        matched_at=moment(row.matched_at),
        details=json.loads(row.details),
    )


def _person_rows(tables: Tables, number: int, one: Fingerprint) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "place": place,
            "person_id": person.person_id,
            "name": person.name,
            "face_count": person.face_count,
            "frame_count": person.frame_count,
            "proportion": person.proportion,
            "confidence": person.confidence,
            "distance": person.distance,
            "marks": json.dumps([(mark.face, mark.t, mark.box) for mark in person.marks]),
            "rivals": json.dumps(
                [(other.person_id, other.name, other.probability, other.distance) for other in person.rivals]
            ),
            "reference": None if person.reference is None else json_text(dict(person.reference)),
        }
        | (_box(person) if "bbox_x" in tables.persons.c else {})
        for place, person in enumerate(one.persons)
    ]


def _box(person: FingerprintPerson) -> dict[str, float | None]:
    box = person.marks[0].box if person.marks else (None, None, None, None)
    return {f"bbox_{side}": value for side, value in zip("xywh", box, strict=True)}


def _person(row: Row[Any]) -> FingerprintPerson:
    return FingerprintPerson(
        person_id=row.person_id,
        name=row.name,
        face_count=row.face_count,
        frame_count=row.frame_count,
        proportion=row.proportion,
        confidence=row.confidence,
        distance=row.distance,
        marks=tuple(FaceMark(face, t, (box[0], box[1], box[2], box[3])) for face, t, box in json.loads(row.marks)),
        rivals=tuple(Rival(*other) for other in json.loads(row.rivals)),
        reference=None if row.reference is None else json.loads(row.reference),
    )
