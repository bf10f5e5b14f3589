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
            for told in document.get(table, ()):
                state.insert(table, **_columns(state, table, told))
        _check(state)
    state.configuration.general.update(document.get("configuration", {}))


def _columns(state: State, table: str, told: Mapping[str, Any]) -> Row:
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
            value = [_file(state, one) for one in value]
        elif name in _RELATED:
            value = [_id(one) for one in value]
        elif name in _ONE:
            value = None if value is None else _id(value)
        elif name == "folder" and value is not None:
            value = state.insert("folders", path=value["path"], mod_time=state.now())["id"]
        columns[name] = int(value) if name == "id" else value
    return columns


_GIVEN_OUT = {"paths", "image_path", "image_count", "scene_count", "gallery_count", "performer_count"}
"""Fields of answers that are derived from others."""


def _file(state: State, told: Mapping[str, Any]) -> int:
    columns = {name: value for name, value in told.items() if name not in ("__typename", "id")}
    kind = "video" if "duration" in told else "image" if "width" in told else "basic"
    columns.setdefault("basename", str(told["path"]).rsplit("/", 1)[-1])
    if "mod_time" not in columns:
        columns["mod_time"] = state.now()
    row = state.insert("files", **{"kind": kind, **columns}, **({"id": int(told["id"])} if "id" in told else {}))
    return int(row["id"])


def _id(told: Any) -> int:
    return int(told["id"] if isinstance(told, Mapping) else told)


def _check(state: State) -> None:
    for table in _TABLES:
        for row in state.tables[table].values():
            for column, other in (*((name, name) for name in _RELATED), *_ONE.items()):
                value = row.get(column)
                for one in value if isinstance(value, list) else () if value is None else (value,):
                    if one not in state.tables["tags" if other == "parents" else other]:
                        raise ValueError(f"{table} {row['id']} refers to {column} {one}, which is not in the library")
