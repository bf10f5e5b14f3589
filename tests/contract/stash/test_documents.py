"""Every document that is sent to Stash fits every version of it that is supported."""

import re

import pytest
from graphql import FragmentDefinitionNode, parse, validate
from tests.stash_schemas import has_field, schema, schemas

from stash_sense.adapters.graphql.documents import documents_of
from stash_sense.adapters.stash.connection import documents

ALL = documents_of("stash_sense.adapters.stash")
ONLY_FROM_0_31 = {"performer_merge"}
"""Sent only where the server has the mutation."""


@pytest.mark.parametrize("version", list(schemas()))
@pytest.mark.parametrize("name", sorted(ALL))
def test_every_document_fits_every_version(name: str, version: str) -> None:
    theirs = schema(version)
    if name in ONLY_FROM_0_31 and not has_field(theirs, "Mutation.performerMerge"):
        pytest.skip(f"{version} cannot merge performers, so the document is not sent")
    document = ALL[name].for_server(lambda field: has_field(theirs, field))
    assert [error.message for error in validate(theirs, parse(document.text))] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_file_is_one_operation_with_a_name(name: str) -> None:
    defined = parse(ALL[name].text).definitions
    fragments = [one.name.value for one in defined if isinstance(one, FragmentDefinitionNode)]
    assert len(defined) == 1 + len(fragments)
    assert all(f"...{fragment}" in ALL[name].text for fragment in fragments)
    assert re.search(r"^(query|mutation|subscription) [A-Z]\w+", ALL[name].text)


def test_0_30_is_0_31_without_116_fields_that_it_brought() -> None:
    newer, older = schema("0.31"), schema("0.30")
    assert has_field(newer, "PerformerUpdateInput.career_start")
    assert not has_field(older, "PerformerUpdateInput.career_start")
    assert has_field(older, "PerformerUpdateInput.career_length")


def test_what_a_document_needs_is_among_what_is_asked_for() -> None:
    asked = set(re.findall(r'__type\(name: "(\w+)"\)', ALL["features"].text))
    for document in ALL.values():
        assert {need.partition(".")[0] for need in document.needs} <= asked


def test_no_document_reads_the_address_that_has_the_key_in_it() -> None:
    assert not [name for name, document in ALL.items() if re.search(r"\bstream\b|apiKey", document.text)]


def test_the_client_reads_its_documents_once() -> None:
    assert documents() is documents()
