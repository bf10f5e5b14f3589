"""What can be asked for: every field of Query, for those who may read."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from stash_sense.fakes.graphql.engine import Engine, Resolver, ResolverError
from stash_sense.fakes.stashbox.asking import Asking, User
from stash_sense.fakes.stashbox.fields import FIELDS, scene_count, scenes_of
from stash_sense.fakes.stashbox.fingerprints import by_groups, matching
from stash_sense.fakes.stashbox.listing import (
    TIMES,
    Key,
    Test,
    found,
    has_part,
    is_linked,
    is_one_of,
    narrowed,
    page,
    text_key,
    time_key,
    value_key,
)
from stash_sense.fakes.stashbox.profiles import Profile, schema_of
from stash_sense.fakes.stashbox.state import Row, State

_SEARCH_LIMIT = 10
_OPEN = {"getConfig"}
"""The web pages need it before anybody has signed in."""


def _guarded(resolver: Resolver) -> Resolver:
    def resolve(row: Any, asking: Asking, told: Mapping[str, Any]) -> Any:
        if asking.user is None or not asking.user.may_read:
            raise ResolverError("not authorized")
        return resolver(row, asking, told)

    return resolve


def row_id(text: str) -> str:
    """Read an id.

    Raises:
        ResolverError: as the real server says that it is none.
    """
    if len(text) not in (32, 36):
        raise ResolverError(f'uuid: incorrect UUID length {len(text)} in string "{text}"', ("id",))
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ResolverError(f'uuid: incorrect UUID format in string "{text}"', ("id",)) from None


def _by_id(kind: str) -> Resolver:
    def find(_: Any, asking: Asking, told: Mapping[str, Any]) -> Row | None:
        if told.get("id") is not None:
            return asking.state.find(kind, row_id(told["id"]))
        return _named(asking.state, kind, told.get("name") or "")

    return find


def _named(state: State, kind: str, name: str, *, with_aliases: bool = False) -> Row | None:
    for row in state.listed(kind):
        names = [row["name"], *(row["aliases"] if with_aliases else ())]
        if name.lower() in (one.lower() for one in names):
            return row
    return None


def _list(kind: str, tests: Mapping[str, Test], keys: Callable[[State], Mapping[str, Key]]) -> Resolver:
    def query(_: Any, asking: Asking, told: Mapping[str, Any]) -> Row:
        with asking.state.lock:
            rows = narrowed(asking.state.listed(kind), told["input"], tests)
            return {"count": len(rows), kind: page(rows, told["input"], keys(asking.state))}

    return query


def _search(kind: str, fields: tuple[str, ...]) -> Resolver:
    def names_of(row: Row) -> Iterable[str | None]:
        return [*(row[field] for field in fields), *row.get("aliases", ())]

    def search(_: Any, asking: Asking, told: Mapping[str, Any]) -> list[Row]:
        return found(asking.state.listed(kind), told["term"], names_of, told.get("limit") or _SEARCH_LIMIT)

    return search


def _matching(asking: Asking, asked: Iterable[Mapping[str, Any]]) -> list[Row]:
    return matching(asking.state, asked, asking.profile)


def _people_sorts(state: State) -> dict[str, Key]:
    def dates(performer: Row) -> list[str]:
        return [scene["release_date"] for scene in scenes_of(state, performer) if scene["release_date"]]

    return {
        "NAME": text_key("name"),
        "BIRTHDATE": value_key("birth_date"),
        "DEATHDATE": value_key("death_date"),
        "SCENE_COUNT": lambda row: scene_count(state, row),
        "CAREER_START_YEAR": value_key("career_start_year"),
        "DEBUT": lambda row: min(dates(row), default=None),
        "LAST_SCENE": lambda row: max(dates(row), default=None),
        **TIMES,
    }


def _told_of(user: User | None) -> Row | None:
    if user is None:
        return None
    user_id = str(uuid.uuid5(uuid.NAMESPACE_OID, user.name))
    return {"id": user_id, "name": user.name, "roles": list(user.roles), "api_calls": 0}


_NAMES: dict[str, Test] = {"name": has_part("name"), "names": has_part("name")}
_BY_NAME: dict[str, Key] = {"NAME": text_key("name"), **TIMES}
_PEOPLE: dict[str, Test] = {**_NAMES, "gender": is_one_of("gender")}
_STUDIOS: dict[str, Test] = {**_NAMES, "has_parent": lambda row, wanted: (row["parent"] is not None) == wanted}
_TAGS: dict[str, Test] = {**_NAMES, "category_id": lambda row, wanted: (row["category"] or {}).get("id") == wanted}
_SCENES: dict[str, Test] = {
    "title": has_part("title"),
    "studios": is_linked(lambda row: [row["studio"]["id"]] if row["studio"] else []),
    "tags": is_linked(lambda row: [tag["id"] for tag in row["tags"]]),
    "performers": is_linked(lambda row: [part["performer"]["id"] for part in row["performers"]]),
}
_SCENE_SORTS: dict[str, Key] = {"TITLE": text_key("title"), "DATE": value_key("release_date"), **TIMES}
_EDITS: dict[str, Test] = {
    "status": is_one_of("status"),
    "operation": is_one_of("operation"),
    "target_type": is_one_of("target_type"),
    "applied": lambda row, wanted: row["applied"] == wanted,
    "target_id": lambda row, wanted: row["target"]["id"] == row_id(wanted),
}
_EDIT_SORTS: dict[str, Key] = {**TIMES, "CLOSED_AT": time_key("closed")}

QUERIES: dict[str, Resolver] = {
    "findPerformer": _by_id("performers"),
    "queryPerformers": _list("performers", _PEOPLE, _people_sorts),
    "searchPerformer": _search("performers", ("name", "disambiguation")),
    "findScene": _by_id("scenes"),
    "queryScenes": _list("scenes", _SCENES, lambda _: _SCENE_SORTS),
    "searchScene": _search("scenes", ("title", "code", "release_date")),
    "findStudio": _by_id("studios"),
    "queryStudios": _list("studios", _STUDIOS, lambda _: _BY_NAME),
    "searchStudio": _search("studios", ("name",)),
    "findTag": _by_id("tags"),
    "findTagOrAlias": lambda _, asking, told: _named(asking.state, "tags", told["name"], with_aliases=True),
    "queryTags": _list("tags", _TAGS, lambda _: _BY_NAME),
    "searchTag": _search("tags", ("name",)),
    "findEdit": _by_id("edits"),
    "queryEdits": _list("edits", _EDITS, lambda _: _EDIT_SORTS),
    "findScenesBySceneFingerprints": lambda _, asking, told: by_groups(
        asking.state, told["fingerprints"], asking.profile
    ),
    "findSceneByFingerprint": lambda _, asking, told: _matching(asking, [told["fingerprint"]]),
    "findScenesByFingerprints": lambda _, asking, told: _matching(
        asking, [{"hash": text, "algorithm": None} for text in told["fingerprints"]]
    ),
    "findScenesByFullFingerprints": lambda _, asking, told: _matching(asking, told["fingerprints"]),
    "me": lambda _, asking, __: _told_of(asking.user),
    "version": lambda *_: dict.fromkeys(("hash", "build_time", "build_type", "version"), ""),
    "getConfig": lambda _, asking, __: {
        "host_url": asking.address,
        "require_invite": True,
        "require_activation": True,
        "require_scene_draft": False,
    },
}
"""What answers each field of Query, for those who may read."""


@cache
def engine_of(profile: Profile) -> Engine:
    """Return what answers as that kind of server; it remembers nothing but documents, so all servers share it."""
    guarded = {f"Query.{name}": answer if name in _OPEN else _guarded(answer) for name, answer in QUERIES.items()}
    return Engine(schema_of(profile), {**guarded, **FIELDS})
