"""The filters of the six kinds of things: every key that is simulated, with what it looks at."""

from typing import Any

from stash_sense.fakes.graphql.engine import Flaw
from stash_sense.fakes.stash import criteria
from stash_sense.fakes.stash import filter_keys as keys
from stash_sense.fakes.stash.filter_keys import FilterKey
from stash_sense.fakes.stash.finding import Judge, judged
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def scenes(state: State, told: Any) -> Judge:
    """SceneFilterType."""
    return judged(_SCENES, state, told)


def images(state: State, told: Any) -> Judge:
    """ImageFilterType."""
    return judged(_IMAGES, state, told)


def galleries(state: State, told: Any) -> Judge:
    """GalleryFilterType."""
    return judged(_GALLERIES, state, told)


def performers(state: State, told: Any) -> Judge:
    """PerformerFilterType."""
    return judged(_PERFORMERS, state, told)


def studios(state: State, told: Any) -> Judge:
    """StudioFilterType."""
    return judged(_STUDIOS, state, told)


def tags(state: State, told: Any) -> Judge:
    """TagFilterType."""
    return judged(_TAGS, state, told)


def _orientation(criterion: Any) -> criteria.Claim:
    wanted = set(criterion["value"])
    return lambda lies: lies in wanted


def _lying(file: Row) -> str:
    width, height = file["width"], file["height"]
    return "SQUARE" if width == height else "LANDSCAPE" if width > height else "PORTRAIT"


def _gender(criterion: Any) -> criteria.Claim:
    wanted = {one for one in [criterion.get("value"), *(criterion.get("value_list") or ())] if one}
    modifier = criterion["modifier"]
    if modifier in ("IS_NULL", "NOT_NULL"):
        return lambda found: (found is not None) == (modifier == "NOT_NULL")
    if modifier in ("EQUALS", "INCLUDES", "NOT_EQUALS", "EXCLUDES"):
        return lambda found: (found in wanted) == (modifier in ("EQUALS", "INCLUDES"))
    raise Flaw(f"{modifier} of genders")


def _favourites(state: State, wanted: Any) -> Judge:
    found = state.tables["performers"]
    return lambda row: any(found[one]["favorite"] for one in row["performers"]) == wanted


def _tags_of_performers(state: State, criterion: Any) -> Judge:
    claim = criteria.members(
        criterion, lambda one: keys.descendants(state, "tags", "parents", one, criterion.get("depth"))
    )
    found = state.tables["performers"]
    return lambda row: claim([tag for one in row["performers"] for tag in found[one]["tags"]])


def _studios_of_performer(state: State, criterion: Any) -> Judge:
    claim = criteria.members(
        criterion, lambda one: keys.descendants(state, "studios", "parent", one, criterion.get("depth"))
    )
    tables = [(state.tables[name], state.referring(name, "performers")) for name in ("scenes", "images", "galleries")]
    return lambda row: claim(
        [rows[one]["studio"] for rows, own in tables for one in own.get(row["id"], ()) if rows[one]["studio"]]
    )


def _met(state: State, criterion: Any) -> Judge:
    claim, rows = criteria.members(criterion), state.tables["scenes"]
    own = state.referring("scenes", "performers")
    return lambda row: claim(
        {other for one in own.get(row["id"], ()) for other in rows[one]["performers"]} - {row["id"]}
    )


_TIMES: dict[str, FilterKey] = {"created_at": keys.ordered("created_at"), "updated_at": keys.ordered("updated_at")}
_LINKED: dict[str, FilterKey] = {
    "stash_id_endpoint": keys.plain(criteria.stash_id, "stash_ids"),
    "stash_ids_endpoint": keys.plain(criteria.stash_ids, "stash_ids"),
}
_CUSTOM: dict[str, FilterKey] = {"custom_fields": keys.plain(criteria.custom_fields, "custom_fields")}
_SHOWN: dict[str, FilterKey] = {
    **_TIMES,
    **_CUSTOM,
    "id": keys.ordered("id"),
    "title": keys.words("title"),
    "code": keys.words("code"),
    "details": keys.words("details"),
    "url": keys.listed("urls"),
    "date": keys.dated("date"),
    "rating100": keys.ordered("rating100"),
    "organized": keys.flag("organized"),
    "path": keys.of_files(lambda file: [file["path"]], criteria.any_text),
    "checksum": keys.of_files(keys.fingerprints("md5"), criteria.any_text),
    "file_count": keys.count_of("files"),
    "studios": keys.below("studio", "studios", "parent"),
    "tags": keys.below("tags", "tags", "parents"),
    "tag_count": keys.count_of("tags"),
    "performers": keys.members("performers"),
    "performer_count": keys.count_of("performers"),
    "performer_tags": _tags_of_performers,
    "performer_favorite": _favourites,
    "performers_filter": keys.some("performers", "performers", performers),
    "studios_filter": keys.some("studio", "studios", studios),
    "tags_filter": keys.some("tags", "tags", tags),
}
"""Of whatever is looked at: scenes, images, galleries."""

_SCENES: dict[str, FilterKey] = {
    **_SHOWN,
    **_LINKED,
    "director": keys.words("director"),
    "oshash": keys.of_files(keys.fingerprints("oshash"), criteria.any_text),
    "phash": keys.of_files(keys.fingerprints("phash"), criteria.any_text),
    "phash_distance": keys.of_files(keys.fingerprints("phash"), criteria.hash_distance),
    "o_counter": keys.ordered("o_counter"),
    "orientation": keys.of_file(_lying, _orientation),
    "framerate": keys.of_file(lambda file: round(file["frame_rate"]), criteria.ordered),
    "bitrate": keys.of_file(lambda file: file["bit_rate"], criteria.ordered),
    "duration": keys.of_file(lambda file: int(file["duration"]), criteria.ordered),
    "video_codec": keys.of_file(lambda file: file["video_codec"], criteria.text),
    "audio_codec": keys.of_file(lambda file: file["audio_codec"], criteria.text),
    "galleries": keys.members("galleries"),
    "stash_id_count": keys.count_of("stash_ids"),
    "resume_time": keys.ordered("resume_time"),
    "play_count": keys.ordered("play_count"),
    "play_duration": keys.ordered("play_duration"),
    "galleries_filter": keys.some("galleries", "galleries", galleries),
    "is_missing": keys.missing(
        title="title",
        code="code",
        details="details",
        director="director",
        url="urls",
        date="date",
        studio="studio",
        performers="performers",
        tags="tags",
        galleries="galleries",
        stash_id="stash_ids",
        rating="rating100",
    ),
}
_IMAGES: dict[str, FilterKey] = {
    **_SHOWN,
    "photographer": keys.words("photographer"),
    "o_counter": keys.ordered("o_counter"),
    "orientation": keys.of_file(_lying, _orientation),
    "galleries": keys.members("galleries"),
    "galleries_filter": keys.some("galleries", "galleries", galleries),
    "is_missing": keys.missing(
        title="title", studio="studio", performers="performers", galleries="galleries", tags="tags"
    ),
}
_GALLERIES: dict[str, FilterKey] = {
    **_SHOWN,
    "photographer": keys.words("photographer"),
    "is_zip": lambda _state, wanted: lambda row: bool(row["files"]) == wanted,
    "scenes": keys.back("scenes", "galleries"),
    "image_count": keys.count_back("images", "galleries"),
    "scenes_filter": keys.some_back("scenes", "galleries", scenes),
    "images_filter": keys.some_back("images", "galleries", images),
    "is_missing": keys.missing(
        title="title", date="date", url="urls", studio="studio", performers="performers", tags="tags"
    ),
}
_PEOPLE: dict[str, FilterKey] = {
    **_TIMES,
    **_LINKED,
    **_CUSTOM,
    "name": keys.words("name"),
    "aliases": keys.listed("aliases"),
    "ignore_auto_tag": keys.flag("ignore_auto_tag"),
}
"""Of whatever has a name: performers, studios, tags."""

_DESCRIBED = (
    "disambiguation",
    "details",
    "ethnicity",
    "country",
    "eye_color",
    "hair_color",
    "measurements",
    "fake_tits",
    "career_length",
    "tattoos",
    "piercings",
)
_PERFORMERS: dict[str, FilterKey] = {
    **_PEOPLE,
    **{name: keys.words(name) for name in _DESCRIBED},
    **{name: keys.ordered(name) for name in ("height_cm", "weight", "rating100")},
    **{name: keys.dated(name) for name in ("birthdate", "death_date", "career_start", "career_end")},
    "birth_year": keys.year("birthdate"),
    "death_year": keys.year("death_date"),
    "gender": keys.plain(_gender, "gender"),
    "filter_favorites": keys.flag("favorite"),
    "url": keys.listed("urls"),
    "tags": keys.below("tags", "tags", "parents"),
    "tag_count": keys.count_of("tags"),
    "scene_count": keys.count_back("scenes", "performers"),
    "image_count": keys.count_back("images", "performers"),
    "gallery_count": keys.count_back("galleries", "performers"),
    "studios": _studios_of_performer,
    "performers": _met,
    "scenes_filter": keys.some_back("scenes", "performers", scenes),
    "images_filter": keys.some_back("images", "performers", images),
    "galleries_filter": keys.some_back("galleries", "performers", galleries),
    "tags_filter": keys.some("tags", "tags", tags),
    "is_missing": keys.missing(
        url="urls",
        image="picture",
        stash_id="stash_ids",
        aliases="aliases",
        tags="tags",
        gender="gender",
        birthdate="birthdate",
        country="country",
        details="details",
        rating="rating100",
    ),
}
_STUDIOS: dict[str, FilterKey] = {
    **_PEOPLE,
    "details": keys.words("details"),
    "url": keys.listed("urls"),
    "rating100": keys.ordered("rating100"),
    "favorite": keys.flag("favorite"),
    "organized": keys.flag("organized"),
    "parents": keys.members("parent"),
    "child_count": keys.count_back("studios", "parent"),
    "tags": keys.below("tags", "tags", "parents"),
    "tag_count": keys.count_of("tags"),
    "scene_count": keys.count_back("scenes", "studio"),
    "image_count": keys.count_back("images", "studio"),
    "gallery_count": keys.count_back("galleries", "studio"),
    "scenes_filter": keys.some_back("scenes", "studio", scenes),
    "images_filter": keys.some_back("images", "studio", images),
    "galleries_filter": keys.some_back("galleries", "studio", galleries),
    "is_missing": keys.missing(url="urls", image="picture", stash_id="stash_ids", details="details"),
}
_TAGS: dict[str, FilterKey] = {
    **_PEOPLE,
    "sort_name": keys.words("sort_name"),
    "description": keys.words("description"),
    "favorite": keys.flag("favorite"),
    "parents": keys.below("parents", "tags", "parents"),
    "children": keys.back("tags", "parents"),
    "parent_count": keys.count_of("parents"),
    "child_count": keys.count_back("tags", "parents"),
    "scene_count": keys.count_back("scenes", "tags"),
    "image_count": keys.count_back("images", "tags"),
    "gallery_count": keys.count_back("galleries", "tags"),
    "performer_count": keys.count_back("performers", "tags"),
    "studio_count": keys.count_back("studios", "tags"),
    "scenes_filter": keys.some_back("scenes", "tags", scenes),
    "images_filter": keys.some_back("images", "tags", images),
    "galleries_filter": keys.some_back("galleries", "tags", galleries),
    "performers_filter": keys.some_back("performers", "tags", performers),
    "studios_filter": keys.some_back("studios", "tags", studios),
    "is_missing": keys.missing(image="picture", stash_id="stash_ids", description="description", aliases="aliases"),
}

FILTERS: dict[str, dict[str, FilterKey]] = {
    "SceneFilterType": _SCENES,
    "ImageFilterType": _IMAGES,
    "GalleryFilterType": _GALLERIES,
    "PerformerFilterType": _PERFORMERS,
    "StudioFilterType": _STUDIOS,
    "TagFilterType": _TAGS,
}
"""Keys by the name of the filter's type."""
