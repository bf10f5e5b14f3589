import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
)
from tests.exchanges import RECORDING

from stash_sense.fakes.stash.answers import engine_of
from stash_sense.fakes.stash.fields import RESOLVERS
from stash_sense.fakes.stash.filters import FILTERS
from stash_sense.fakes.stash.profiles import Profile, schema_of

RECORDED = RECORDING / "stash-0.30.1-develop.introspection.json"
every_profile = pytest.mark.parametrize("profile", list(Profile), ids=str)


def genuine(path: Path) -> GraphQLSchema:
    told = json.loads(path.read_text("utf-8"))
    return build_client_schema(told.get("data", told), assume_valid=True)


def parts_of(schema: GraphQLSchema) -> dict[str, str]:
    """Every field, argument, value and member of a schema, with its type."""
    found: dict[str, str] = {}
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        found[name] = type(kind).__name__
        fields: dict[str, Any] = getattr(kind, "fields", {})
        for field, told in fields.items():
            found[f"{name}.{field}"] = str(told.type)
            for argument, its in getattr(told, "args", {}).items():
                found[f"{name}.{field}({argument})"] = str(its.type)
        if isinstance(kind, GraphQLEnumType):
            found |= {f"{name}.{value}": "value" for value in kind.values}
        if isinstance(kind, GraphQLUnionType):
            found |= {f"{name}.{member.name}": "member" for member in kind.types}
    return found


def unlike(profile: Profile, real: GraphQLSchema) -> dict[str, tuple[str, str | None]]:
    known = parts_of(real)
    return {
        part: (kind, known.get(part))
        for part, kind in parts_of(schema_of(profile)).items()
        if known.get(part) != kind
    }


def required(schema: GraphQLSchema) -> set[str]:
    return {
        f"{name}.{field}"
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
        for field, told in kind.fields.items()
        if isinstance(told.type, GraphQLNonNull)
    }


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"no recorded schema in {RECORDED}")
def test_the_recorded_server_has_every_part_of_the_schema() -> None:
    real = genuine(RECORDED)
    assert unlike(Profile.RECORDED, real) == {}
    assert unlike(Profile.V0_30, real) == {}


def test_stash_0_31_has_every_part_of_the_schema() -> None:
    found = find_spec("stashapp_client")
    assert found is not None
    assert found.submodule_search_locations is not None
    schema = Path(found.submodule_search_locations[0]) / "generated" / "schema.json"
    assert unlike(Profile.V0_31, genuine(schema)) == {}


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"no recorded schema in {RECORDED}")
def test_what_an_input_must_have_is_not_left_out() -> None:
    schema, real = schema_of(Profile.RECORDED), genuine(RECORDED)
    ours = required(schema)
    assert {part for part in required(real) if part.split(".")[0] in schema.type_map} - ours == set()


@every_profile
def test_every_root_field_is_answered(profile: Profile) -> None:
    schema = schema_of(profile)
    roots = {
        f"{kind.name}.{field}" for kind in (schema.query_type, schema.mutation_type) if kind for field in kind.fields
    }
    assert roots - RESOLVERS.keys() == set()
    assert schema.subscription_type is not None
    assert schema.subscription_type.fields.keys() == engine_of(profile).sources.keys()


def test_every_resolver_has_its_field() -> None:
    assert engine_of(Profile.V0_31).unplaced == set()


def test_the_filters_have_the_keys_of_the_schema_and_no_others() -> None:
    schema = schema_of(Profile.V0_31)
    for name, keys in FILTERS.items():
        fields = set(schema.type_map[name].fields)  # type: ignore[attr-defined]
        assert fields - {"AND", "OR", "NOT"} == keys.keys()


def test_only_versions_that_merge_performers_offer_it() -> None:
    offered = {profile: schema_of(profile).mutation_type for profile in Profile}
    with_merge = {profile for profile, kind in offered.items() if kind and "performerMerge" in kind.fields}
    assert with_merge == {Profile.RECORDED, Profile.V0_31}
