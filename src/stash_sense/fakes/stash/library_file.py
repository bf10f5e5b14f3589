"""Fills a library from a document: lists of scenes, images, galleries and whom they name, as queries give them."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.rows import BLANK, Row
from stash_sense.fakes.stash.state import State

Document = Mapping[str, Any]

_TABLES = ("tags", "studios", "performers", "galleries", "scenes", "images")
_RENAMED = {
    "visual_files": "files",
    "alias_list": "aliases",
    "parent_studio": "parent",
}
_RELATED = {"tags", "performers", "galleries", "parents"}
_ONE = {"studio": "studios", "parent": "studios"}


def fill(state: State, document: Document) -> None:
    """Add what a document holds to a library.

    Args:
        state: to fill.
        document: of "scenes", "images", "galleries", "performers", "studios", "tags", each a list.

    Raises:
        ValueError: it holds something else, or refers to what is nowhere.
    """
    if not isinstance(document, Mapping):
        raise ValueError("a library is an object of lists: scenes, images, galleries, performers, studios, tags")
    unknown = document.keys() - set(_TABLES) - {"configuration"}
    if unknown:
        raise ValueError(f"a library has no {', '.join(sorted(unknown))}")
    with state.transaction():
        for table in _TABLES:
            for told in _list(document, table):
                _insert(state, table, _columns(state, table, told))
        _check(state)
    configuration = document.get("configuration", {})
    if not isinstance(configuration, Mapping):
        raise ValueError(f"configuration is an object, not {configuration!r}")
    state.configuration.general.update(configuration)


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    found = told.get(name, [])
    if not isinstance(found, list):
        raise ValueError(f"{name} are a list, not {found!r}")
    return found


def _insert(state: State, table: str, columns: Row) -> Row:
    """Add a row; null is the same as left out.

    Raises:
        ValueError: a value is not of the kind that its column holds, or the id is that of another row.
    """
    kept = {name: value for name, value in columns.items() if value is not None}
    for name, value in kept.items():
        blank = BLANK[table].get(name)
        if blank is not None and not isinstance(value, _KINDS.get(type(blank), type(blank))):
            raise ValueError(f"{name} of {table} cannot be {value!r}")
        for part in value if name in _PARTS else ():
            if not (isinstance(part, Mapping) and all(isinstance(part.get(key), str) for key in _PARTS[name])):
                raise ValueError(f"{name} are objects with {' and '.join(_PARTS[name])}, not {part!r}")
    if kept.get("id") in state.tables[table]:
        raise ValueError(f"two of {table} have the id {kept['id']}")
    return state.insert(table, **kept)


def _columns(state: State, table: str, told: Any) -> Row:
    if not isinstance(told, Mapping):
        raise ValueError(f"{table} are objects, not {told!r}")
    columns: Row = {}
    known = BLANK[table].keys() | {"id", "created_at", "updated_at"}
    for given, value in told.items():
        name = _RENAMED.get(given, given)
        if name not in known:
            if given in _GIVEN_OUT:
                continue
            raise ValueError(f"{table} have no {given}")
        if name == "files":
            value = [_file(state, one) for one in _list(told, given)]
        elif name in _RELATED:
            value = [_id(one) for one in _list(told, given)]
        elif name == "id" or (name in _ONE and value is not None):
            value = _id(value)
        elif name == "folder" and value is not None:
            value = state.insert("folders", path=_path(value), mod_time=state.now())["id"]
        columns[name] = value
    return columns


_GIVEN_OUT = {"paths", "image_path", "image_count", "scene_count", "gallery_count", "performer_count"}
"""Fields of answers that are derived from others."""


_KINDS: Mapping[type, Any] = {float: (int, float)}
"""What may stand for a value of a kind."""
_PARTS = {"fingerprints": ("type", "value"), "stash_ids": ("endpoint", "stash_id")}
"""What each part of a list has at least."""


def _file(state: State, told: Any) -> int:
    path = _path(told)
    unknown = told.keys() - BLANK["files"].keys() - {"__typename", "id", "created_at", "updated_at"}
    if unknown:
        raise ValueError(f"files have no {', '.join(sorted(unknown))}")
    kind = "video" if "duration" in told else "image" if "width" in told else "basic"
    columns = {"kind": kind, "basename": path.rsplit("/", 1)[-1], "mod_time": state.now(), **told}
    columns.pop("__typename", None)
    if "id" in told:
        columns["id"] = _id(told["id"])
    return int(_insert(state, "files", columns)["id"])


def _path(told: Any) -> str:
    if not isinstance(told, Mapping) or not isinstance(told.get("path"), str):
        raise ValueError(f"files and folders are objects with a path, not {told!r}")
    return str(told["path"])


def _id(told: Any) -> int:
    found = told.get("id") if isinstance(told, Mapping) else told
    if not str(found).isdecimal():
        raise ValueError(f"an id is a number, not {found!r}")
    return int(str(found))


def _check(state: State) -> None:
    for table in _TABLES:
        for row in state.tables[table].values():
            for column, other in (*((name, name) for name in _RELATED), *_ONE.items()):
                value = row.get(column)
                for one in value if isinstance(value, list) else () if value is None else (value,):
                    if one not in state.tables["tags" if other == "parents" else other]:
                        raise ValueError(f"{table} {row['id']} refers to {column} {one}, which is not in the library")
