"""Performers of a stash-box and of Stash about whom next to nothing is known, for tests."""

from datetime import UTC, datetime
from typing import Any

from stash_sense.library.people import Performer
from stash_sense.stashbox.entities import Performer as BoxPerformer

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def at_box(**columns: Any) -> BoxPerformer:
    texts = (
        "disambiguation",
        "gender",
        "birth_date",
        "death_date",
        "ethnicity",
        "country",
        "eye_color",
        "hair_color",
    )
    lists = ("aliases", "links", "tattoos", "piercings", "pictures", "merged_ids")
    numbers = ("height_cm", "band_size", "waist_size", "hip_size", "career_start_year", "career_end_year")
    blank: dict[str, Any] = {
        "id": "0-1",
        "name": "Somebody",
        **dict.fromkeys((*texts, "cup_size", "breast_type", "merged_into"), ""),
        **dict.fromkeys(lists, ()),
        **dict.fromkeys((*numbers, "scene_count", "created", "updated"), None),
        "deleted": False,
    }
    return BoxPerformer(**{**blank, **columns})


def in_stash(name: str) -> Performer:
    texts = ("disambiguation", "gender", "birthdate", "death_date", "country", "ethnicity", "eye_color", "hair_color")
    more = (
        "measurements",
        "fake_tits",
        "circumcised",
        "career",
        "career_start",
        "career_end",
        "tattoos",
        "piercings",
    )
    blank: dict[str, Any] = {
        **dict.fromkeys((*texts, *more, "details", "picture"), ""),
        **dict.fromkeys(("height_cm", "weight", "penis_length", "rating100"), None),
        **dict.fromkeys(("aliases", "urls", "tag_ids", "stash_ids"), ()),
        **dict.fromkeys(("favorite", "ignore_auto_tag"), False),
        **dict.fromkeys(("scene_count", "image_count", "gallery_count"), 0),
        **dict.fromkeys(("created_at", "updated_at"), _AT),
    }
    return Performer(id="1", name=name, custom_fields={}, **blank)
