"""Performers, studios and tags of a library. Texts are as the user or another server wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stash_sense.library.media import StashId


@dataclass(frozen=True, slots=True)
class Performer:
    """One performer. Texts that nobody has filled in are empty.

    Attributes:
        gender: MALE, FEMALE, TRANSGENDER_MALE, TRANSGENDER_FEMALE, INTERSEX or NON_BINARY; empty where not known.
        birthdate: and `death_date`: "1980-01-02", "1980-01", "1980", or what else a server took for a date.
        circumcised: CUT or UNCUT, or empty.
        career: as one text, such as "2001 - 2010".
        career_start: a date or a year; empty from servers that have only `career`, and so `career_end`.
        aliases: other names.
        picture: address of the picture; empty where there is none.
        custom_fields: the user's own, by name.
    """

    id: str
    name: str
    disambiguation: str
    aliases: tuple[str, ...]
    gender: str
    birthdate: str
    death_date: str
    country: str
    ethnicity: str
    eye_color: str
    hair_color: str
    height_cm: int | None
    weight: int | None
    measurements: str
    fake_tits: str
    penis_length: float | None
    circumcised: str
    career: str
    career_start: str
    career_end: str
    tattoos: str
    piercings: str
    details: str
    urls: tuple[str, ...]
    favorite: bool
    ignore_auto_tag: bool
    rating100: int | None
    tag_ids: tuple[str, ...]
    stash_ids: tuple[StashId, ...]
    picture: str
    scene_count: int
    image_count: int
    gallery_count: int
    created_at: datetime
    updated_at: datetime
    custom_fields: Mapping[str, Any]

    def id_at(self, endpoint: str) -> str | None:
        """Say who the performer is at a stash-box endpoint, None where nobody has said."""
        return next((found.stash_id for found in self.stash_ids if found.endpoint == endpoint), None)


@dataclass(frozen=True, slots=True)
class Studio:
    """One studio; `picture` is an address, empty where there is none."""

    id: str
    name: str
    aliases: tuple[str, ...]
    urls: tuple[str, ...]
    details: str
    parent_id: str | None
    favorite: bool
    ignore_auto_tag: bool
    rating100: int | None
    tag_ids: tuple[str, ...]
    stash_ids: tuple[StashId, ...]
    picture: str
    scene_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag."""

    id: str
    name: str
    sort_name: str
    aliases: tuple[str, ...]
    description: str
    favorite: bool
    ignore_auto_tag: bool
    parent_ids: tuple[str, ...]
    stash_ids: tuple[StashId, ...]
    scene_count: int
    created_at: datetime
    updated_at: datetime
