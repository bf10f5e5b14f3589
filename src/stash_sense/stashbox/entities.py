"""Performers, scenes, studios, tags and edits of a stash-box. Everything is as strangers wrote it.

Texts that nobody has filled in are empty, numbers None; dates are texts, for "1980", "1980-01" and "yesterday" occur.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from stash_sense.stashbox.fingerprints import StoredFingerprint

PICTURE_SIZES = (300, 600, 1280)
"""Longest sides, in pixels, that a stash-box gives its pictures in."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page about something, and the site that it is of."""

    url: str
    site: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its address; width and height in pixels, 0 where not known."""

    id: str
    url: str
    width: int
    height: int

    def sized_for(self, side: int) -> "Picture":
        """Return the same picture no larger than needed: the smallest that is offered and has `side` pixels.

        Only what a stash-box serves itself can be asked for in another size; other addresses are left as they are.
        """
        size = next((size for size in PICTURE_SIZES if size >= side), None)
        longest = max(self.width, self.height)
        parts = urlsplit(self.url)
        if size is None or longest <= size or not parts.path.endswith(f"/images/{self.id}") or parts.query:
            return self
        scale = size / longest
        url = urlunsplit(parts._replace(query=f"size={size}"))
        return replace(self, url=url, width=round(self.width * scale), height=round(self.height * scale))


@dataclass(frozen=True, slots=True)
class BodyMark:
    """A tattoo or a piercing."""

    location: str
    description: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Something by its id and its name at that time."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Performer:
    """One performer.

    Attributes:
        gender: MALE, FEMALE, TRANSGENDER_MALE, TRANSGENDER_FEMALE, INTERSEX, NON_BINARY or empty; likewise
            `ethnicity`, `eye_color`, `hair_color` and `breast_type` in capitals.
        height_cm: in centimetres.
        band_size: as `cup_size`, `waist_size` and `hip_size` in the units of the site, inches as a rule.
        pictures: portraits first.
        deleted: nobody lists them any more; they can still be found by their id.
        merged_into: id of the performer that this one became part of; empty for none.
        merged_ids: ids of those that became part of this one.
        updated: None where the endpoint does not say.
    """

    id: str
    name: str
    disambiguation: str
    aliases: tuple[str, ...]
    gender: str
    links: tuple[Link, ...]
    birth_date: str
    death_date: str
    ethnicity: str
    country: str
    eye_color: str
    hair_color: str
    height_cm: int | None
    cup_size: str
    band_size: int | None
    waist_size: int | None
    hip_size: int | None
    breast_type: str
    career_start_year: int | None
    career_end_year: int | None
    tattoos: tuple[BodyMark, ...]
    piercings: tuple[BodyMark, ...]
    pictures: tuple[Picture, ...]
    scene_count: int | None
    deleted: bool
    merged_into: str
    merged_ids: tuple[str, ...]
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Appearance:
    """A performer in a scene, and the name in its credits; empty where it is the performer's own."""

    performer: Reference
    credited_as: str


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; `duration` in seconds."""

    id: str
    title: str
    details: str
    release_date: str
    production_date: str
    code: str
    director: str
    duration: int | None
    links: tuple[Link, ...]
    studio: Reference | None
    tags: tuple[Reference, ...]
    performers: tuple[Appearance, ...]
    pictures: tuple[Picture, ...]
    fingerprints: tuple[StoredFingerprint, ...]
    deleted: bool
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Studio:
    """One studio."""

    id: str
    name: str
    aliases: tuple[str, ...]
    links: tuple[Link, ...]
    parent: Reference | None
    pictures: tuple[Picture, ...]
    deleted: bool
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; `category` and `group` (PEOPLE, SCENE, ACTION) are empty where it has none."""

    id: str
    name: str
    description: str
    aliases: tuple[str, ...]
    category: str
    group: str
    deleted: bool
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Removal:
    """An edit that was carried out, by which things are no more: deleted, or merged into another.

    Attributes:
        id: of the edit.
        gone: ids of what is no more.
        into: id of what they became part of; empty where they were deleted.
        closed: when it was carried out; None where the endpoint does not say.
    """

    id: str
    gone: tuple[str, ...]
    into: str
    closed: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is; `roles` are in capitals, READ among them or not."""

    name: str
    roles: tuple[str, ...]
