"""Our schema beside the genuine one of the recorded server, and our documents against both."""

from functools import cache

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
    parse,
    validate,
)
from tests.exchanges import recorded, with_the_recording

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.stashbox.client import BATCHES
from stash_sense.adapters.stashbox.documents import documents, for_ids
from stash_sense.fakes.stashbox.profiles import LEFT_OUT, Profile, schema_of, schema_text

DOCUMENTS = {
    **documents(),
    **{
        document.name: document
        for kind in ("performer", "scene", "studio", "tag")
        for document in (for_ids(f"find_{kind}", count) for count in BATCHES)
    },
}


@cache
def genuine() -> GraphQLSchema:
    told = recorded("stashbox-0.7.9.introspection.json")
    return build_client_schema(told.get("data", told), assume_valid=True)  # its defaults read "False"


@cache
def ours(profile: Profile) -> GraphQLSchema:
    return schema_of(profile)


def own_types(schema: GraphQLSchema) -> list[str]:
    return [name for name in schema.type_map if not name.startswith("__")]


def described(schema: GraphQLSchema, name: str) -> set[str]:
    """Write a type as lines that can be compared: fields with arguments and types, values, members."""
    kind = schema.type_map[name]
    if isinstance(kind, GraphQLEnumType):
        return set(kind.values)
    if isinstance(kind, GraphQLUnionType):
        return {member.name for member in kind.types}
    if isinstance(kind, GraphQLInputObjectType):
        return {f"{name}: {field.type} = {field.default_value!r}" for name, field in kind.fields.items()}
    if isinstance(kind, GraphQLObjectType):
        lines = {f"{name}: {field.type}" for name, field in kind.fields.items()}
        for name, field in kind.fields.items():
            lines |= {f"{name}({one}: {told.type} = {told.default_value!r})" for one, told in field.args.items()}
        return lines
    return {type(kind).__name__}


@with_the_recording
@pytest.mark.parametrize("name", own_types(ours(Profile.RECORDED)))
def test_what_our_schema_says_the_genuine_one_says_too(name: str) -> None:
    assert name in genuine().type_map
    assert described(ours(Profile.RECORDED), name) <= described(genuine(), name)


@with_the_recording
def test_our_values_of_enumerations_are_all_that_there_are() -> None:
    schema = ours(Profile.RECORDED)
    for name in own_types(schema):
        if isinstance(schema.type_map[name], GraphQLEnumType) and name != "SceneSortEnum":
            assert described(schema, name) == described(genuine(), name)


def test_our_schema_describes_nothing_in_words() -> None:
    assert '"""' not in schema_text()
    assert "#" not in schema_text()


@pytest.mark.parametrize("profile", Profile)
def test_a_profile_leaves_out_fields_that_there_are(profile: Profile) -> None:
    whole, schema = ours(Profile.RECORDED), ours(profile)
    for name, fields in LEFT_OUT[profile].items():
        kind, full = schema.type_map[name], whole.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        assert isinstance(full, GraphQLObjectType)
        assert fields == set(full.fields) - set(kind.fields)


def problems(schema: GraphQLSchema, document: Document) -> list[str]:
    return [error.message for error in validate(schema, parse(document.text))]


def tailored(document: Document, schema: GraphQLSchema) -> Document:
    def has(field: str) -> bool:
        name, _, one = field.partition(".")
        kind = schema.type_map.get(name)
        return isinstance(kind, GraphQLObjectType) and one in kind.fields

    return document.for_server(has)


@with_the_recording
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_valid_as_it_is_for_the_genuine_server(name: str) -> None:
    assert problems(genuine(), DOCUMENTS[name]) == []


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("profile", Profile)
def test_every_document_is_valid_for_every_profile(profile: Profile, name: str) -> None:
    schema, document = ours(profile), DOCUMENTS[name]
    if name == "removals" and profile is Profile.REDUCED:
        assert "queryEdits" in problems(schema, tailored(document, schema))[0]
    else:
        assert problems(schema, tailored(document, schema)) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_that_may_be_missing_is_named_rightly(name: str) -> None:
    schema = ours(Profile.RECORDED)
    for field in DOCUMENTS[name].needs:
        kind = schema.type_map[field.partition(".")[0]]
        assert isinstance(kind, GraphQLObjectType)
        assert field.partition(".")[2] in kind.fields


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_writes(name: str) -> None:
    assert not DOCUMENTS[name].is_write
