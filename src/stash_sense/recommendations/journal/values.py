"""Fields of the library's things as the journal keeps them: read, compared, and written back."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from stash_sense.errors import JournalFieldUnknown, JournalPictureTooLarge, StashMediaMissing, StashMediaOdd
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS, Kind
from stash_sense.library.ports import LibraryMedia
from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.entry import Values

MOST_KEPT_BYTES = 8 * 1024 * 1024
"""Of a picture that is replaced; a photograph of 4000 pixels has 4 MiB."""
IMAGE = "image"
_DIGEST = "sha256"
KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (SCENES, IMAGES, GALLERIES, PERFORMERS, STUDIOS, TAGS)}
_OTHER_NAMES = {"alias_list": "aliases", "career_length": "career"}
"""Under which a thing has what is written by another name."""
_NOT_WRITTEN = frozenset({"id", "files", "paths", "picture", "created_at", "updated_at", "custom_fields"})


def read(kind: Kind[Any], entity: object, fields: Iterable[str]) -> dict[str, Any]:
    """Read fields, by the names under which they are written, without the picture.

    Raises:
        JournalFieldUnknown: what one of them is cannot be read.
    """
    found = {}
    for field in fields:
        name = _OTHER_NAMES.get(field, field)
        if name in _NOT_WRITTEN or not hasattr(entity, name):
            raise JournalFieldUnknown(field=field, kind=kind.name)
        found[field] = plain(getattr(entity, name))
    return found


def plain(value: object) -> Any:
    """Return a value as JSON has it; named tuples become objects."""
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            return {name: plain(part) for name, part in value._asdict().items()}
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def whole(entity: Any) -> dict[str, Any]:
    """Return all that is known of something, as JSON."""
    parts = asdict(entity) if is_dataclass(entity) and not isinstance(entity, type) else entity._asdict()
    return {name: plain(value) for name, value in parts.items()}


def is_same(one: object, other: object) -> bool:
    """Whether two values of a field mean the same: lists in any order, null as an empty text, pictures by content."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return sorted(map(_text, one)) == sorted(map(_text, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping) and _DIGEST in one and _DIGEST in other:
        return bool(one[_DIGEST] == other[_DIGEST])
    return bool(plain(None if one == "" else one) == plain(None if other == "" else other))


def differing(one: Values, other: Values) -> list[str]:
    """Name the fields of `one` that `other` has in another way."""
    return [field for field, value in one.items() if not is_same(value, other.get(field))]


def cleared(values: Values) -> dict[str, Any]:
    """Return values as they are written back: an empty text clears as null does, and is no gender."""
    return {field: None if value == "" else value for field, value in values.items()}


def sent_picture(value: object) -> Values | None:
    """Say what a picture is that is being written: None for no picture."""
    if not value:
        return None
    head, _, body = str(value).partition(",")
    if head.startswith("data:") and head.endswith(";base64"):
        try:
            return described(Picture(base64.b64decode(body), head[5:-7]))
        except binascii.Error:
            pass
    return {"address": str(value)[:500]}


def described(picture: Picture) -> dict[str, Any]:
    """Say what a picture is, without itself."""
    digest = hashlib.sha256(picture.content).hexdigest()
    return {_DIGEST: digest, "bytes": len(picture.content), "type": picture.content_type}


def in_words(value: object) -> str:
    """Say what a field is, for a sentence or a table: lists with commas, pictures by their size."""
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, Mapping):
        if "bytes" in value:
            return f"a picture of {value['bytes']:,} bytes"
        return str(value["address"]) if "address" in value else " ".join(map(in_words, value.values()))
    if isinstance(value, list | tuple):
        return ", ".join(map(in_words, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def pictures_of(values: Values) -> list[str]:
    """Return the digest of the picture among values, if there is one."""
    picture = values.get(IMAGE)
    return [str(picture[_DIGEST])] if isinstance(picture, Mapping) and _DIGEST in picture else []


def data_address(picture: Picture) -> str:
    """Return a picture as it is written."""
    return f"data:{picture.content_type};base64,{base64.b64encode(picture.content).decode()}"


async def read_picture(media: LibraryMedia, kind: Kind[Any], entity: Any) -> Picture | None:
    """Read the picture of a performer, studio or tag; None where there is none, or what is there is no picture.

    Raises:
        JournalFieldUnknown: a thing of this kind has none that can be read.
        JournalPictureTooLarge: it is too large to be kept.
    """
    if kind.name not in (PERFORMERS.name, STUDIOS.name):
        raise JournalFieldUnknown(field=IMAGE, kind=kind.name)
    if not entity.picture:
        return None
    try:
        picture = await media.picture(entity.picture)
    except (StashMediaMissing, StashMediaOdd):
        return None
    if len(picture.content) > MOST_KEPT_BYTES:
        size = len(picture.content)
        raise JournalPictureTooLarge(kind=kind.name, id=entity.id, size=size, most=MOST_KEPT_BYTES)
    return picture


def _text(value: object) -> str:
    return json.dumps(plain(value), sort_keys=True)
