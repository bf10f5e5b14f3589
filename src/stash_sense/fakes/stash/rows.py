"""What a row of each table holds when it is new; every row has all columns of its table, always."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

Row = dict[str, Any]
"""Columns by name. Ids are int; the ids of others are int or lists of int; times are text as Stash stores them."""

BLANK: dict[str, Row] = {
    "files": {
        "kind": "video",  # video, image, or basic as a zip
        "path": "",
        "basename": "",
        "size": 0,
        "mod_time": "",
        "fingerprints": [],  # {"type", "value"}
        "width": 0,
        "height": 0,
        "duration": 0.0,
        "frame_rate": 0.0,
        "bit_rate": 0,
        "video_codec": "",
        "audio_codec": "",
        "format": "",
        "source": None,  # pathlib.Path of the real file that it stands for
    },
    "folders": {"path": "", "mod_time": ""},
    "scenes": {
        "title": "",
        "code": "",
        "details": "",
        "director": "",
        "urls": [],
        "date": None,
        "rating100": None,
        "organized": False,
        "o_counter": 0,
        "interactive": False,
        "resume_time": 0.0,
        "play_duration": 0.0,
        "play_count": 0,
        "files": [],  # the first is the primary one
        "studio": None,
        "tags": [],
        "performers": [],
        "galleries": [],
        "groups": [],  # {"group": {"id", "name"}, "scene_index"}
        "scene_markers": [],  # {"id", "title", "seconds"}
        "stash_ids": [],  # {"endpoint", "stash_id", "updated_at"}
        "custom_fields": {},
        "cover": None,  # Picture
    },
    "images": {
        "title": "",
        "code": "",
        "details": "",
        "photographer": "",
        "urls": [],
        "date": None,
        "rating100": None,
        "organized": False,
        "o_counter": 0,
        "files": [],
        "studio": None,
        "tags": [],
        "performers": [],
        "galleries": [],
        "custom_fields": {},
    },
    "galleries": {
        "title": "",
        "code": "",
        "details": "",
        "photographer": "",
        "urls": [],
        "date": None,
        "rating100": None,
        "organized": False,
        "files": [],
        "folder": None,
        "studio": None,
        "tags": [],
        "performers": [],
        "cover": None,  # id of an image
        "custom_fields": {},
    },
    "performers": {
        "name": "",
        "disambiguation": "",
        "urls": [],
        "gender": None,
        "birthdate": None,
        "death_date": None,
        "ethnicity": "",
        "country": "",
        "eye_color": "",
        "hair_color": "",
        "height_cm": None,
        "weight": None,
        "measurements": "",
        "fake_tits": "",
        "penis_length": None,
        "circumcised": None,
        "career_length": "",
        "career_start": None,
        "career_end": None,
        "tattoos": "",
        "piercings": "",
        "aliases": [],
        "favorite": False,
        "ignore_auto_tag": False,
        "rating100": None,
        "details": "",
        "tags": [],
        "stash_ids": [],
        "custom_fields": {},
        "picture": None,  # Picture
    },
    "studios": {
        "name": "",
        "urls": [],
        "parent": None,
        "aliases": [],
        "ignore_auto_tag": False,
        "organized": False,
        "rating100": None,
        "favorite": False,
        "details": "",
        "tags": [],
        "stash_ids": [],
        "custom_fields": {},
        "picture": None,
    },
    "tags": {
        "name": "",
        "sort_name": "",
        "description": "",
        "aliases": [],
        "ignore_auto_tag": False,
        "favorite": False,
        "parents": [],
        "stash_ids": [],
        "custom_fields": {},
        "picture": None,
    },
    "saved_filters": {
        "mode": "",
        "name": "",
        "find_filter": None,
        "object_filter": None,
        "ui_options": None,
    },
}
"""New rows by table; `State.insert` adds id, created_at and updated_at."""

SINGULAR = {
    "files": "file",
    "folders": "folder",
    "scenes": "scene",
    "images": "image",
    "galleries": "gallery",
    "performers": "performer",
    "studios": "studio",
    "tags": "tag",
    "saved_filters": "saved filter",
}
"""What Stash calls a row of a table in its errors."""


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path is one of some, or below it."""
    return any(PurePath(path).is_relative_to(folder) for folder in folders)
