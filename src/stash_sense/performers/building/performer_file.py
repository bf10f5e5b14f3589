"""`performer.json` in a person's folder -> what the database says of them besides their faces."""

import os
import stat
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from stash_sense.performers.ids import domain_of, is_universal_id, universal_id
from stash_sense.performers.records import Alias, BodyMark, PerformerRecord, StashBoxId

PERFORMER_FILE = "performer.json"
_MOST_BYTES = 1024 * 1024
"""A description takes a few kilobytes; what is larger is something else."""


def _printable(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("it has control characters, such as ends of lines")
    return text


def _on_the_calendar(text: str) -> str:
    year, month, day = (int(part) for part in [*text.split("-"), "1", "1"][:3])
    date(year, month, day)
    return text


Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_printable)]
Description = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
Url = Annotated[Text, Field(pattern=r"^(?i:https?)://[^/\s]+(/\S*)?$")]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"), AfterValidator(_on_the_calendar)]
Year = Annotated[int, Field(ge=1800, le=2200)]


def _domain(endpoint: Any) -> Any:
    """Take an endpoint's address or short name for its domain."""
    if not isinstance(endpoint, str):
        return endpoint
    bare = endpoint.strip().lower().split("://", 1)[-1].split("/", 1)[0]
    return domain_of(bare)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _StashBoxEntry(_Part):
    endpoint: Annotated[str, BeforeValidator(_domain), Field(max_length=200)]
    id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]

    @model_validator(mode="after")
    def _is_one(self) -> "_StashBoxEntry":
        if not is_universal_id(universal_id(self.endpoint, self.id)):
            raise ValueError("an endpoint is a domain such as stashdb.org")
        return self


class _Mark(_Part):
    location: Text
    description: Description = ""


class _PerformerFile(_Part):
    """What the file may hold; every field may be left out."""

    name: Text | None = None
    disambiguation: Text | None = None
    aliases: Annotated[tuple[Text, ...], Field(max_length=1000)] = ()
    stashbox_ids: Annotated[tuple[_StashBoxEntry, ...], Field(max_length=100)] = ()
    gender: Text | None = None
    country: Text | None = None
    ethnicity: Text | None = None
    birth_date: Date | None = None
    death_date: Date | None = None
    height_cm: Annotated[int, Field(ge=30, le=300)] | None = None
    eye_color: Text | None = None
    hair_color: Text | None = None
    career_start_year: Year | None = None
    career_end_year: Year | None = None
    tattoos: Annotated[tuple[_Mark, ...], Field(max_length=1000)] = ()
    piercings: Annotated[tuple[_Mark, ...], Field(max_length=1000)] = ()
    urls: Annotated[tuple[Url, ...], Field(max_length=1000)] = ()


_SCALARS = {field.name for field in fields(PerformerRecord)} & set(_PerformerFile.model_fields) - {
    "name",
    "aliases",
    "stashbox_ids",
    "tattoos",
    "piercings",
    "urls",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A performer with what their file says of them, and what is wrong with it, as sentences."""

    record: PerformerRecord
    faults: tuple[str, ...] = ()


def read_performer_file(path: Path, known: PerformerRecord) -> Said:
    """Read a person's file, where there is one.

    Args:
        path: of the file; need not exist.
        known: what is known without it; it stays so where the file is of no use.

    Returns:
        The record with the file's fields; its universal id is that of the first stash-box id, where there is one.
    """
    try:
        # A pipe in the file's place does not keep us waiting for somebody to write into it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _unusable(path, known, "it is no file")
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Said(known)
    except OSError as error:
        return _unusable(path, known, error.strerror or type(error).__name__)
    if len(content) > _MOST_BYTES:
        return _unusable(path, known, f"it is larger than {_MOST_BYTES // 1024} KiB")
    try:
        return Said(_joined(known, _PerformerFile.model_validate_json(content)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return _unusable(path, known, f"{place or 'it'}: {first['msg']}")


def _joined(known: PerformerRecord, file: _PerformerFile) -> PerformerRecord:
    ids = tuple(StashBoxId(entry.endpoint, entry.id) for entry in file.stashbox_ids)
    return replace(
        known,
        universal_id=universal_id(ids[0].endpoint, ids[0].id) if ids else known.universal_id,
        name=file.name or known.name,
        stashbox_ids=ids,
        aliases=tuple(Alias(name) for name in file.aliases),
        tattoos=tuple(BodyMark(mark.location, mark.description) for mark in file.tattoos),
        piercings=tuple(BodyMark(mark.location, mark.description) for mark in file.piercings),
        urls=file.urls,
        **{name: getattr(file, name) for name in _SCALARS},
    )


def _unusable(path: Path, known: PerformerRecord, reason: str) -> Said:
    message = f"{path} was passed over ({reason}); mend or remove it. The folder's name is used."
    return Said(known, (message,))
