"""What the lists can be sorted by; "" is the order of those that are equal."""

from collections.abc import Callable, Mapping
from typing import Any

from stash_sense.fakes.stash.finding import Key, natural
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def _column(name: str) -> Key:
    return lambda _state, row: row[name]


def _text(name: str) -> Key:
    return lambda _state, row: natural(row[name])


def _length(name: str) -> Key:
    return lambda _state, row: len(row[name])


def _back(table: str, column: str) -> Key:
    return lambda state, row: len(state.referring(table, column).get(row["id"], ()))


def _file(value: Callable[[Row], Any]) -> Key:
    return lambda state, row: value(state.tables["files"][row["files"][0]]) if row["files"] else None


def _studio(state: State, row: Row) -> Any:
    return None if row["studio"] is None else natural(state.tables["studios"][row["studio"]]["name"])


def _title(state: State, row: Row) -> Any:
    return natural(row["title"]) or _BASENAME(state, row)


def _phash(file: Row) -> int | None:
    found = next((int(own["value"], 16) for own in file["fingerprints"] if own["type"] == "phash"), None)
    return None if found is None else found - (1 << 64 if found >> 63 else 0)  # SQLite's numbers have a sign


def _gallery_path(state: State, row: Row) -> Any:
    if row["files"]:
        return _PATH(state, row)
    return None if row["folder"] is None else natural(state.tables["folders"][row["folder"]]["path"])


_BASENAME = _file(lambda file: natural(file["basename"]))
_PATH = _file(lambda file: natural(file["path"]))
_STAMPED: dict[str, Key] = {name: _column(name) for name in ("id", "created_at", "updated_at")}
_SHOWN: dict[str, Key] = {
    **_STAMPED,
    "": lambda _state, row: (bool(row["title"]), natural(row["title"]) or (), row["id"]),
    "title": _title,
    "path": _PATH,
    "date": _column("date"),
    "rating": lambda _state, row: row["rating100"],
    "organized": _column("organized"),
    "file_count": _length("files"),
    "filesize": _file(lambda file: file["size"]),
    "file_mod_time": _file(lambda file: file["mod_time"]),
    "performer_count": _length("performers"),
    "tag_count": _length("tags"),
    "studio": _studio,
}
_NAMED: dict[str, Key] = {
    **_STAMPED,
    "": lambda _state, row: (natural(row["name"]) or (), -row["id"]),
    "name": _text("name"),
}

SORTS: Mapping[str, Mapping[str, Key]] = {
    "scenes": {
        **_SHOWN,
        "code": _text("code"),
        "o_counter": _column("o_counter"),
        "play_count": _column("play_count"),
        "play_duration": _column("play_duration"),
        "resume_time": _column("resume_time"),
        "duration": _file(lambda file: file["duration"]),
        "bitrate": _file(lambda file: file["bit_rate"]),
        "framerate": _file(lambda file: file["frame_rate"]),
        "perceptual_similarity": _file(_phash),
    },
    "images": {
        **_SHOWN,
        "o_counter": _column("o_counter"),
        "resolution": _file(lambda file: min(file["width"], file["height"])),
    },
    "galleries": {**_SHOWN, "path": _gallery_path, "images_count": _back("images", "galleries")},
    "performers": {
        **_NAMED,
        "birthdate": _column("birthdate"),
        "career_length": _text("career_length"),
        "height": _column("height_cm"),
        "weight": _column("weight"),
        "measurements": _text("measurements"),
        "rating": _column("rating100"),
        "tag_count": _length("tags"),
        "scenes_count": _back("scenes", "performers"),
        "images_count": _back("images", "performers"),
        "galleries_count": _back("galleries", "performers"),
    },
    "studios": {
        **_NAMED,
        "rating": _column("rating100"),
        "tag_count": _length("tags"),
        "child_count": _back("studios", "parent"),
        "scenes_count": _back("scenes", "studio"),
        "images_count": _back("images", "studio"),
        "galleries_count": _back("galleries", "studio"),
    },
    "tags": {
        **_NAMED,
        "name": lambda _state, row: natural(row["sort_name"] or row["name"]),
        "scenes_count": _back("scenes", "tags"),
        "images_count": _back("images", "tags"),
        "galleries_count": _back("galleries", "tags"),
        "performers_count": _back("performers", "tags"),
        "studios_count": _back("studios", "tags"),
    },
}
"""Keys by table and name of the sort."""
