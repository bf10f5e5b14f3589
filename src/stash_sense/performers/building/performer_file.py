"""`performer.json` in a person's folder -> what the database says of them besides their faces."""

import codecs
import difflib
import json
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, from_json

from stash_sense.errors import GalleryLocked
from stash_sense.performers.ids import domain_of, is_universal_id, universal_id
from stash_sense.performers.records import Alias, BodyMark, PerformerRecord, StashBoxId

PERFORMER_FILE = "performer.json"
_MOST_BYTES = 1024 * 1024
"""A description takes a few kilobytes; what is larger is something else."""
_MOST_FAULTS = 20
"""Faults of one file that are said; of more it says how many there are."""
_LONGEST_SHOWN = 40
"""Characters of a wrong value that a sentence shows."""


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


_TEXT = "one line of text, of at most 1,000 characters"
_DATE = "a date such as 1815-12-10, 1815-12 or 1815"
_YEAR = "a year from 1800 to 2200"
_MARK = '{"location": "left arm", "description": "a rose"}, each one line of text'
_MUST_BE = {
    "stashbox_ids": '{"endpoint": "stashdb.org", "id": "0a1b2c3d-0000-4000-8000-000000000000"}',
    "birth_date": _DATE,
    "death_date": _DATE,
    "height_cm": "a whole number from 30 to 300",
    "career_start_year": _YEAR,
    "career_end_year": _YEAR,
    "tattoos": _MARK,
    "piercings": _MARK,
    "urls": "an address that begins with http:// or https:// and has no blanks in it",
}
"""What each field must be, or each entry of it where it is a list, in words; the others are `_TEXT`."""
_MOST_ENTRIES = {"stashbox_ids": 100} | dict.fromkeys(("aliases", "tattoos", "piercings", "urls"), 1000)


@dataclass(frozen=True, slots=True)
class Said:
    """A performer with what their file says of them, and what is wrong with it, as sentences."""

    record: PerformerRecord
    faults: tuple[str, ...] = ()


def read_performer_file(path: Path, known: PerformerRecord) -> Said:
    """Read a person's file, where there is one; each of its fields is of use without the others.

    Args:
        path: of the file; need not exist.
        known: what is known without it; it stays so where the file is of no use.

    Returns:
        The record with the file's fields; its universal id is that of the first stash-box id, where there is one.

    Raises:
        GalleryLocked: the folder it would be in cannot be looked into.
    """
    try:
        # A pipe in the file's place does not keep us waiting for somebody to write into it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return _unusable(path, known, "it is no file")
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Said(known)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        try:
            path.lstat()
        except OSError:  # then it cannot be told whether there is one
            raise GalleryLocked(path=path.parent, reason=reason) from error
        return _unusable(path, known, f"it cannot be read: {reason}")
    if len(content) > _MOST_BYTES:
        return _unusable(path, known, f"it is larger than {_MOST_BYTES // 1024} KiB")
    try:
        told = from_json(content.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        reason, _, place = str(error).rpartition(" at ")
        return _unusable(path, known, f"it is no JSON: {reason} in {place}")
    if not isinstance(told, dict):
        return _unusable(path, known, 'it is no object such as {"name": "Ada Lovelace"}')
    file, faults = _usable(told)
    record = _joined(known, file)
    if not record.stashbox_ids:
        other = f"; without one this person is {record.universal_id}"
        faults = [fault + other * ("stashbox_ids" in fault) for fault in faults]
    return Said(record, tuple(f"{path}: {fault}." for fault in _first(faults)))


def _usable(told: dict[str, Any]) -> tuple[_PerformerFile, list[str]]:
    """Take out what cannot be used, until the rest can, and say what it was."""
    faults: list[str] = []
    while True:
        try:
            return _PerformerFile.model_validate(told), faults
        except ValidationError as error:
            by_field: dict[str, list[ErrorDetails]] = {}
            for one in error.errors(include_url=False, include_context=False):
                by_field.setdefault(str(one["loc"][0]), []).append(one)
            for field, errors in by_field.items():
                faults += _taken_out(told, field, errors)


def _taken_out(told: dict[str, Any], field: str, errors: list[ErrorDetails]) -> Iterator[str]:
    """Take out a field, or those of its entries that are wrong."""
    must_be = _MUST_BE.get(field, _TEXT)
    if errors[0]["type"] == "extra_forbidden" and len(errors[0]["loc"]) == 1:
        del told[field]
        yield _no_such_field(field, _PerformerFile)
        return
    bad = sorted({int(one["loc"][1]) for one in errors if len(one["loc"]) > 1 and one["type"] != "extra_forbidden"})
    if any(len(one["loc"]) == 1 for one in errors):
        if field in _MOST_ENTRIES:
            must_be = f"a list, of at most {_MOST_ENTRIES[field]:,} of these: {must_be}"
        yield f"{field} is not used: it must be {must_be}; it is {_shown(told.pop(field))}"
    elif bad:
        some = f"one entry of {field} is" if len(bad) == 1 else f"{len(bad):,} entries of {field} are"
        first = "it" if len(bad) == 1 else "the first one"
        yield f"{some} not used: each must be {must_be}; {first} is {_shown(told[field][bad[0]])}"
        told[field] = [entry for place, entry in enumerate(told[field]) if place not in set(bad)]
    else:
        kind = _StashBoxEntry if field == "stashbox_ids" else _Mark
        for one in errors:
            _, place, name = one["loc"]
            told[field][int(place)].pop(name)
            yield f"in {field} {_no_such_field(str(name), kind)}"


def _no_such_field(name: str, kind: type[BaseModel]) -> str:
    meant = difflib.get_close_matches(name, kind.model_fields, 1)
    return f"there is no field {name[:_LONGEST_SHOWN]}" + (f"; {meant[0]} is meant, perhaps" if meant else "")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}\N{HORIZONTAL ELLIPSIS}"


def _first(faults: list[str]) -> Iterable[str]:
    more = len(faults) - _MOST_FAULTS
    return faults if more <= 0 else [*faults[:_MOST_FAULTS], f"and {more:,} more things are wrong with it"]


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
    message = f"{path} is not used ({reason}); mend or remove it. This person is {known.universal_id}."
    return Said(known, (message,))
