"""Answers of a stash-box -> entities. What is missing is empty, for compatible servers have fewer fields.

Values of the wrong kind where no id depends on them count as missing: upstream data can be dirty.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from stash_sense.stashbox.entities import (
    Account,
    Appearance,
    BodyMark,
    Link,
    Performer,
    Picture,
    Reference,
    Removal,
    Scene,
    Studio,
    Tag,
)
from stash_sense.stashbox.fingerprints import Fingerprint, StoredFingerprint

Row = Mapping[str, Any]
_SHOWN_OF = {"YEAR": 4, "MONTH": 7}
"""How much of an old date is known."""


def performer(row: Row) -> Performer:
    """Read one performer."""
    sizes = _row(row.get("measurements"))
    return Performer(
        id=row["id"],
        name=_text(row["name"]),
        disambiguation=_text(row.get("disambiguation")),
        aliases=_texts(row.get("aliases")),
        gender=_text(row.get("gender")),
        links=_links(row),
        birth_date=_text(row.get("birth_date")) or _fuzzy(row.get("birthdate")),
        death_date=_text(row.get("death_date")),
        ethnicity=_text(row.get("ethnicity")),
        country=_text(row.get("country")),
        eye_color=_text(row.get("eye_color")),
        hair_color=_text(row.get("hair_color")),
        height_cm=_number(row.get("height")),
        cup_size=_text(row.get("cup_size") or sizes.get("cup_size")),
        band_size=_number(row.get("band_size") or sizes.get("band_size")),
        waist_size=_number(row.get("waist_size") or sizes.get("waist")),
        hip_size=_number(row.get("hip_size") or sizes.get("hip")),
        breast_type=_text(row.get("breast_type")),
        career_start_year=_number(row.get("career_start_year")),
        career_end_year=_number(row.get("career_end_year")),
        tattoos=_marks(row.get("tattoos")),
        piercings=_marks(row.get("piercings")),
        pictures=_pictures(row),
        scene_count=_number(row.get("scene_count")),
        deleted=row.get("deleted") is True,
        merged_into=_text(row.get("merged_into_id")),
        merged_ids=_texts(row.get("merged_ids")),
        created=_moment(row.get("created")),
        updated=_moment(row.get("updated")),
    )


def scene(row: Row) -> Scene:
    """Read one scene."""
    return Scene(
        id=row["id"],
        title=_text(row["title"]),
        details=_text(row.get("details")),
        release_date=_text(row.get("release_date") or row.get("date")),
        production_date=_text(row.get("production_date")),
        code=_text(row.get("code")),
        director=_text(row.get("director")),
        duration=_number(row.get("duration")),
        links=_links(row),
        studio=_reference(row["studio"]),
        tags=_references(row["tags"]),
        performers=tuple(_appearance(part) for part in row["performers"]),
        pictures=_pictures(row),
        fingerprints=tuple(found for one in row["fingerprints"] if (found := _fingerprint(one))),
        deleted=row.get("deleted") is True,
        created=_moment(row.get("created")),
        updated=_moment(row.get("updated")),
    )


def studio(row: Row) -> Studio:
    """Read one studio."""
    return Studio(
        id=row["id"],
        name=_text(row["name"]),
        aliases=_texts(row.get("aliases")),
        links=_links(row),
        parent=_reference(row["parent"]),
        pictures=_pictures(row),
        deleted=row.get("deleted") is True,
        created=_moment(row.get("created")),
        updated=_moment(row.get("updated")),
    )


def tag(row: Row) -> Tag:
    """Read one tag."""
    category = _row(row.get("category"))
    return Tag(
        id=row["id"],
        name=_text(row["name"]),
        description=_text(row.get("description")),
        aliases=_texts(row.get("aliases")),
        category=_text(category.get("name")),
        group=_text(category.get("group")),
        deleted=row.get("deleted") is True,
        created=_moment(row.get("created")),
        updated=_moment(row.get("updated")),
    )


def removal(row: Row) -> Removal:
    """Read one edit that deletes or merges."""
    target = row["target"]["id"] if row["target"] else ""
    merged = row["operation"] == "MERGE"
    gone = [source["id"] for source in row["merge_sources"]] if merged else [target]
    return Removal(row["id"], tuple(one for one in gone if one), target if merged else "", _moment(row["closed"]))


def account(row: Row) -> Account:
    """Read whose key it is."""
    return Account(_text(row["name"]), _texts(row.get("roles")))


READERS: Mapping[str, Callable[[Row], Any]] = {
    "performer": performer,
    "scene": scene,
    "studio": studio,
    "tag": tag,
}
"""By the name of the kind."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _row(value: object) -> Row:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> list[Row]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _fuzzy(value: object) -> str:
    """Read a date as older servers write it: complete, with a word on how much of it is known."""
    told = _row(value)
    return _text(told.get("date"))[: _SHOWN_OF.get(_text(told.get("accuracy")))]


def _links(row: Row) -> tuple[Link, ...]:
    return tuple(
        Link(_text(one.get("url")), _text(_row(one.get("site")).get("name"))) for one in _rows(row.get("urls"))
    )


def _marks(value: object) -> tuple[BodyMark, ...]:
    return tuple(BodyMark(_text(one.get("location")), _text(one.get("description"))) for one in _rows(value))


def _pictures(row: Row) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            _text(one.get("id")),
            _text(one.get("url")),
            _number(one.get("width")) or 0,
            _number(one.get("height")) or 0,
        )
        for one in _rows(row.get("images"))
        if _text(one.get("url"))
    )


def _reference(row: Row | None) -> Reference | None:
    return None if row is None else Reference(row["id"], _text(row["name"]))


def _references(rows: list[Row]) -> tuple[Reference, ...]:
    return tuple(Reference(row["id"], _text(row["name"])) for row in rows)


def _appearance(row: Row) -> Appearance:
    who = row["performer"]
    return Appearance(Reference(who["id"], _text(who["name"])), _text(row["as"]))


def _fingerprint(row: Row) -> StoredFingerprint | None:
    found = Fingerprint.read(_text(row["algorithm"]), _text(row["hash"]))
    if found is None:
        return None
    submissions, reports = _number(row.get("submissions")), _number(row.get("reports"))
    return StoredFingerprint(found, _number(row["duration"]) or 0, submissions, reports, _moment(row.get("created")))
