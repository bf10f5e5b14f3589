"""What two or more become when they are merged: the union, for Stash itself keeps only the destination's own values.

Single values are the destination's, or where it has none those of the first source that has any. Lists are united,
the destination's first. Values are named as Stash's update inputs name them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stash_sense.library.media import Scene, StashId
from stash_sense.library.people import Performer, Tag

_PERFORMER_SINGLE = {
    "disambiguation": "disambiguation",
    "gender": "gender",
    "birthdate": "birthdate",
    "death_date": "death_date",
    "country": "country",
    "ethnicity": "ethnicity",
    "eye_color": "eye_color",
    "hair_color": "hair_color",
    "height_cm": "height_cm",
    "weight": "weight",
    "measurements": "measurements",
    "fake_tits": "fake_tits",
    "penis_length": "penis_length",
    "circumcised": "circumcised",
    "tattoos": "tattoos",
    "piercings": "piercings",
    "details": "details",
    "rating100": "rating100",
}
_SCENE_SINGLE = {name: name for name in ("title", "code", "details", "director", "date", "rating100", "studio_id")}
Fields = dict[str, Any]


def merged_performer(destination: Performer, sources: Sequence[Performer]) -> Fields:
    """Say what a performer becomes that others are merged into; the picture is not among it."""
    everybody = [destination, *sources]
    custom: Fields = {}
    for performer in reversed(everybody):
        custom.update(performer.custom_fields)
    names = [name for performer in everybody for name in (performer.name, *performer.aliases)]
    return {
        **_single(_PERFORMER_SINGLE, everybody),
        **_career(everybody),
        "alias_list": _distinct(names, besides=destination.name),
        "urls": _united(performer.urls for performer in everybody),
        "tag_ids": _united(performer.tag_ids for performer in everybody),
        "stash_ids": _stash_ids(performer.stash_ids for performer in everybody),
        "favorite": any(performer.favorite for performer in everybody),
        **({"custom_fields": {"partial": custom}} if custom else {}),
    }


def merged_scene(destination: Scene, sources: Sequence[Scene]) -> Fields:
    """Say what a scene becomes that others are merged into; Stash unites the files itself."""
    every = [destination, *sources]
    return {
        **_single(_SCENE_SINGLE, every),
        "organized": destination.organized,
        "urls": _united(scene.urls for scene in every),
        "performer_ids": _united(scene.performer_ids for scene in every),
        "tag_ids": _united(scene.tag_ids for scene in every),
        "gallery_ids": _united(scene.gallery_ids for scene in every),
        "stash_ids": _stash_ids(scene.stash_ids for scene in every),
    }


def merged_tag(destination: Tag, sources: Sequence[Tag]) -> Fields:
    """Say what a tag becomes besides what Stash does itself: names, ids and parents it unites."""
    every = [destination, *sources]
    fields = {"favorite": True} if any(tag.favorite for tag in sources) and not destination.favorite else {}
    single = {} if destination.description else _single({"description": "description"}, every)
    return {**fields, **single}


def aliases_without_name(tag: Tag) -> list[str] | None:
    """Take a tag's own name out of its aliases, where Stash accepts it and cannot merge it; None if it has not."""
    kept = _distinct(tag.aliases, besides=tag.name)
    return kept if len(kept) < len(tag.aliases) else None


def _career(everybody: Sequence[Performer]) -> Fields:
    """Take the career of one performer whole, in the newer fields where there are any."""
    for performer in everybody:
        if performer.career_start or performer.career_end:
            return {"career_start": performer.career_start or None, "career_end": performer.career_end or None}
        if performer.career:
            return {"career_length": performer.career}
    return {}


def _single(names: Mapping[str, str], every: Sequence[Any]) -> Fields:
    fields = {}
    for field, attribute in names.items():
        value = next((found for one in every if (found := getattr(one, attribute)) not in (None, "")), None)
        if value is not None:
            fields[field] = value
    return fields


def _united(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(entry for entries in lists for entry in entries))


def _distinct(names: Iterable[str], besides: str) -> list[str]:
    """Keep the first of names that differ in capitals only, as Stash compares them."""
    seen, kept = {besides.strip().casefold()}, []
    for name in names:
        key = name.strip().casefold()
        if key and key not in seen:
            seen.add(key)
            kept.append(name)
    return kept


def _stash_ids(lists: Iterable[Iterable[StashId]]) -> list[Fields]:
    found = dict.fromkeys(entry for entries in lists for entry in entries)
    return [{"endpoint": entry.endpoint, "stash_id": entry.stash_id} for entry in found]
