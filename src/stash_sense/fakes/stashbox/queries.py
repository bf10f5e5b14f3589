"""What can be asked for: every field of Query, for those who may read."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import Resolver, ResolverError
from stash_sense.fakes.stashbox.asking import Asking, User
from stash_sense.fakes.stashbox.fields import fields, scene_count, scenes_of
from stash_sense.fakes.stashbox.fingerprints import by_groups, matching
from stash_sense.fakes.stashbox.listing import (
    TIMES,
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
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.state import Row, State

_SEARCH_LIMIT = 10
_OPEN = {"getConfig"}
"""The web pages need it before anybody has signed in."""


def resolvers(state: State, profile: Profile) -> dict[str, Resolver]:
    """Return all resolvers, by "Type.field"."""
    queries = _Queries(state, profile).all()
    guarded = {
        f"Query.{name}": resolver if name in _OPEN else _guarded(resolver) for name, resolver in queries.items()
    }
    return {**guarded, **fields(state, profile)}


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


class _Queries:
    def __init__(self, state: State, profile: Profile) -> None:
        self._state = state
        self._profile = profile

    def all(self) -> dict[str, Resolver]:
        names = {"name": has_part("name"), "names": has_part("name")}
        by_name = {"NAME": text_key("name"), **TIMES}
        scene_of = {
            "title": has_part("title"),
            "studios": is_linked(lambda row: [row["studio"]["id"]] if row["studio"] else []),
            "tags": is_linked(lambda row: [tag["id"] for tag in row["tags"]]),
            "performers": is_linked(lambda row: [part["performer"]["id"] for part in row["performers"]]),
        }
        with_parent: dict[str, Test] = {"has_parent": lambda row, wanted: (row["parent"] is not None) == wanted}
        category: dict[str, Test] = {"category_id": lambda row, wanted: (row["category"] or {}).get("id") == wanted}
        return {
            "findPerformer": self._by_id("performers"),
            "queryPerformers": self._list(
                "performers", {**names, "gender": is_one_of("gender")}, self._people_sorts()
            ),
            "searchPerformer": self._search("performers", ("name", "disambiguation")),
            "findScene": self._by_id("scenes"),
            "queryScenes": self._list(
                "scenes", scene_of, {"TITLE": text_key("title"), "DATE": value_key("release_date"), **TIMES}
            ),
            "searchScene": self._search("scenes", ("title", "code", "release_date")),
            "findStudio": self._by_id("studios"),
            "queryStudios": self._list("studios", {**names, **with_parent}, by_name),
            "searchStudio": self._search("studios", ("name",)),
            "findTag": self._by_id("tags"),
            "findTagOrAlias": lambda _, __, told: self._named("tags", told["name"], with_aliases=True),
            "queryTags": self._list("tags", {**names, **category}, by_name),
            "searchTag": self._search("tags", ("name",)),
            "findEdit": self._by_id("edits"),
            "queryEdits": self._list("edits", _EDIT_TESTS, {**TIMES, "CLOSED_AT": time_key("closed")}),
            "findScenesBySceneFingerprints": lambda _, __, told: by_groups(
                self._state, told["fingerprints"], self._profile
            ),
            "findSceneByFingerprint": lambda _, __, told: matching(self._state, [told["fingerprint"]], self._profile),
            "findScenesByFingerprints": lambda _, __, told: matching(
                self._state, [{"hash": text, "algorithm": None} for text in told["fingerprints"]], self._profile
            ),
            "findScenesByFullFingerprints": lambda _, __, told: matching(
                self._state, told["fingerprints"], self._profile
            ),
            "me": lambda _, asking, __: _told_of(asking.user),
            "version": lambda *_: dict.fromkeys(("hash", "build_time", "build_type", "version"), ""),
            "getConfig": lambda _, asking, __: {
                "host_url": asking.address,
                "require_invite": True,
                "require_activation": True,
                "require_scene_draft": False,
            },
        }

    def _by_id(self, kind: str) -> Resolver:
        def find(_: Any, __: Asking, told: Mapping[str, Any]) -> Row | None:
            if told.get("id") is not None:
                return self._state.find(kind, row_id(told["id"]))
            return self._named(kind, told.get("name") or "")

        return find

    def _named(self, kind: str, name: str, *, with_aliases: bool = False) -> Row | None:
        for row in self._state.listed(kind):
            names = [row["name"], *(row["aliases"] if with_aliases else ())]
            if name.lower() in (one.lower() for one in names):
                return row
        return None

    def _list(self, kind: str, tests: Mapping[str, Test], keys: Mapping[str, Callable[[Row], Any]]) -> Resolver:
        def query(_: Any, __: Asking, told: Mapping[str, Any]) -> Row:
            with self._state.lock:
                rows = narrowed(self._state.listed(kind), told["input"], tests)
                return {"count": len(rows), kind: page(rows, told["input"], keys)}

        return query

    def _search(self, kind: str, fields: tuple[str, ...]) -> Resolver:
        def names_of(row: Row) -> Iterable[str | None]:
            return [*(row[field] for field in fields), *row.get("aliases", ())]

        def search(_: Any, __: Asking, told: Mapping[str, Any]) -> list[Row]:
            limit = told.get("limit") or _SEARCH_LIMIT
            return found(self._state.listed(kind), told["term"], names_of, limit)

        return search

    def _people_sorts(self) -> dict[str, Callable[[Row], Any]]:
        def first(row: Row) -> Any:
            return min((date for date in self._dates(row)), default=None)

        def last(row: Row) -> Any:
            return max((date for date in self._dates(row)), default=None)

        return {
            "NAME": text_key("name"),
            "BIRTHDATE": value_key("birth_date"),
            "DEATHDATE": value_key("death_date"),
            "SCENE_COUNT": lambda row: scene_count(self._state, row),
            "CAREER_START_YEAR": value_key("career_start_year"),
            "DEBUT": first,
            "LAST_SCENE": last,
            **TIMES,
        }

    def _dates(self, performer: Row) -> list[str]:
        return [scene["release_date"] for scene in scenes_of(self._state, performer) if scene["release_date"]]


_EDIT_TESTS: dict[str, Test] = {
    "status": is_one_of("status"),
    "operation": is_one_of("operation"),
    "target_type": is_one_of("target_type"),
    "applied": lambda row, wanted: row["applied"] == wanted,
    "target_id": lambda row, wanted: row["target"]["id"] == row_id(wanted),
}


def _told_of(user: User | None) -> Row | None:
    if user is None:
        return None
    user_id = str(uuid.uuid5(uuid.NAMESPACE_OID, user.name))
    return {"id": user_id, "name": user.name, "roles": list(user.roles), "api_calls": 0}
