"""The criteria of a saved filter, as Stash's own page keeps them -> criteria as Stash's lists take them.

The page keeps what it shows: names beside ids, "true" for true, 720p. What is not known here is refused, never left
out: a filter that lost a criterion would find more than its user meant.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from stash_sense.errors import SavedFilterUnusable
from stash_sense.library.reading import Scope
from stash_sense.library.server import SavedFilter

_NEEDS_NO_VALUE = ("IS_NULL", "NOT_NULL")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2})?")
_RESOLUTIONS = {
    "144p": "VERY_LOW",
    "240p": "LOW",
    "360p": "R360P",
    "480p": "STANDARD",
    "540p": "WEB_HD",
    "720p": "STANDARD_HD",
    "1080p": "FULL_HD",
    "1440p": "QUAD_HD",
    "4k": "FOUR_K",
    "5k": "FIVE_K",
    "6k": "SIX_K",
    "7k": "SEVEN_K",
    "8k": "EIGHT_K",
    "huge": "HUGE",
}
Kept = Mapping[str, Any]
Translation = Callable[[Kept], Any]


def scope_of(saved: SavedFilter) -> Scope:
    """Say which ones of its kind a saved filter means.

    Raises:
        SavedFilterUnusable: it is of another kind, or says something that is not known here.
    """
    if saved.mode not in _KNOWN:
        raise SavedFilterUnusable(name=saved.name, reason=f"it is one of {saved.mode.lower()}")
    known = _KNOWN[saved.mode]
    where: dict[str, Any] = {}
    for key, kept in saved.criteria.items():
        if key not in known:
            raise SavedFilterUnusable(name=saved.name, reason=f"what it says of {key} is not known")
        try:
            where[key] = known[key](kept)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"what it says of {key} is written in another way"
            raise SavedFilterUnusable(name=saved.name, reason=reason) from error
    return Scope(where, saved.words)


def _text(kept: Kept) -> Any:
    return {"value": _value(kept, str, ""), "modifier": kept["modifier"]}


def _flag(kept: Kept) -> bool:
    return {"true": True, "false": False}[_plain(kept)]


def _word(kept: Kept) -> str:
    return _plain(kept)


def _plain(kept: Kept) -> str:
    value = kept["value"]
    if kept.get("modifier", "EQUALS") != "EQUALS" or not isinstance(value, str):
        raise ValueError(value)
    return value


def _number(kept: Kept) -> Any:
    return _range(kept, lambda value: value if isinstance(value, int) else _refuse(value), 0)


def _date(kept: Kept) -> Any:
    return _range(kept, lambda value: value if isinstance(value, str) else _refuse(value), "")


def _time(kept: Kept) -> Any:
    return _range(kept, _moment, "")


def _moment(value: Any) -> str:
    text = str(value).strip()
    return text.replace(" ", "T") if _MOMENT.fullmatch(text) else _refuse(value)


def _range(kept: Kept, read: Callable[[Any], Any], empty: Any) -> Any:
    """Read one value or two; older filters have them side by side with the modifier."""
    told, modifier = kept.get("value"), kept["modifier"]
    first, second = (
        (told.get("value"), told.get("value2")) if isinstance(told, Mapping) else (told, kept.get("value2"))
    )
    if modifier in _NEEDS_NO_VALUE:
        return {"value": empty, "modifier": modifier}
    criterion = {"value": read(first), "modifier": modifier}
    if modifier in ("BETWEEN", "NOT_BETWEEN"):
        criterion["value2"] = read(second)
    return criterion


def _ids(kept: Kept) -> Any:
    """Read ids with their names, as of galleries."""
    value, modifier = kept.get("value"), kept["modifier"]
    if isinstance(value, Mapping):
        return _members(kept)
    return {"value": [] if modifier in _NEEDS_NO_VALUE else [_id(one) for one in value or ()], "modifier": modifier}


def _members(kept: Kept) -> Any:
    """Read who must be there and who must not, as of performers."""
    value, modifier = kept.get("value"), kept["modifier"]
    if modifier in _NEEDS_NO_VALUE:
        return {"value": [], "modifier": modifier}
    if not isinstance(value, Mapping):  # as older pages wrote it
        return {"value": [_id(one) for one in value or ()], "modifier": modifier}
    criterion = {"value": [_id(one) for one in value.get("items") or ()], "modifier": modifier}
    if excluded := [_id(one) for one in value.get("excluded") or ()]:
        criterion["excludes"] = excluded
    return criterion


def _tree(kept: Kept) -> Any:
    """Read the same of what lies below one another, as of tags and studios."""
    criterion, value = _members(kept), kept.get("value")
    if criterion["modifier"] not in _NEEDS_NO_VALUE and isinstance(value, Mapping):
        depth = value.get("depth") or 0
        criterion["depth"] = 0 if criterion["modifier"] == "EQUALS" else int(depth)
    return criterion


def _resolution(kept: Kept) -> Any:
    return {"value": _RESOLUTIONS[kept["value"].lower()], "modifier": kept["modifier"]}


def _orientation(kept: Kept) -> Any:
    values = kept["value"]
    wanted = [one.upper() for one in values] if isinstance(values, list) else _refuse(values)
    if not wanted or not {"LANDSCAPE", "PORTRAIT", "SQUARE"}.issuperset(wanted):
        _refuse(values)
    return {"value": wanted}


def _stash_id(kept: Kept) -> Any:
    value = kept.get("value") or {}
    told = {"stashID": value} if isinstance(value, str) else value
    criterion = {"endpoint": told.get("endpoint") or "", "modifier": kept["modifier"]}
    if kept["modifier"] not in _NEEDS_NO_VALUE:
        criterion["stash_id"] = told["stashID"]
    return criterion


def _phash(kept: Kept) -> Any:
    if kept["modifier"] in _NEEDS_NO_VALUE:
        return {"value": "", "modifier": kept["modifier"]}
    value = kept["value"]
    return {"value": value["value"], "modifier": kept["modifier"], "distance": int(value.get("distance") or 0)}


def _custom(kept: Any) -> Any:
    if not isinstance(kept, list):
        _refuse(kept)
    return [
        {"field": one["field"], "modifier": one["modifier"], **({"value": one["value"]} if one.get("value") else {})}
        for one in kept
    ]


def _value(kept: Kept, type_: type, empty: Any) -> Any:
    value = kept.get("value")
    if value is None and kept["modifier"] in _NEEDS_NO_VALUE:
        return empty
    return value if isinstance(value, type_) else _refuse(value)


def _id(one: Any) -> str:
    found = str(one["id"])
    return found if found.isdecimal() else _refuse(one)


def _refuse(value: Any) -> Any:
    raise ValueError(value)


_OF_BOTH: dict[str, Translation] = {
    **dict.fromkeys(("title", "code", "details", "path", "url", "checksum"), _text),
    **dict.fromkeys(
        ("rating100", "o_counter", "file_count", "tag_count", "performer_count", "performer_age"), _number
    ),
    **dict.fromkeys(("created_at", "updated_at"), _time),
    **dict.fromkeys(("organized", "performer_favorite"), _flag),
    **dict.fromkeys(("tags", "studios", "performer_tags"), _tree),
    "date": _date,
    "performers": _members,
    "galleries": _ids,
    "is_missing": _word,
    "resolution": _resolution,
    "orientation": _orientation,
    "custom_fields": _custom,
}
_KNOWN: dict[str, dict[str, Translation]] = {
    "SCENES": {
        **_OF_BOTH,
        **dict.fromkeys(("director", "oshash", "video_codec", "audio_codec"), _text),
        **dict.fromkeys(("framerate", "bitrate", "duration", "resume_time", "play_duration", "play_count"), _number),
        "interactive_speed": _number,
        "last_played_at": _time,
        "interactive": _flag,
        "has_markers": _word,
        "groups": _tree,
        "stash_id_endpoint": _stash_id,
        "phash_distance": _phash,
    },
    "IMAGES": {**_OF_BOTH, "photographer": _text},
}
"""What each criterion of the page is for a list, by the kind of filter."""
