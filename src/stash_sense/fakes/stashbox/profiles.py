"""The schema as each kind of server has it: made from our own by leaving out, and by another name for hashes."""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files

from graphql import (
    FieldDefinitionNode,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    visit,
)
from graphql.language import REMOVE


class Profile(StrEnum):
    """A kind of server."""

    RECORDED = "0.7.9"
    NEWER = "0.8"
    """Asks for scenes by fingerprints in one way only, and writes hashes with 16 digits."""
    REDUCED = "reduced"
    """Speaks the same language with fewer words, as the compatible servers of others do."""


_OLD_FINGERPRINT_QUERIES = {"findSceneByFingerprint", "findScenesByFingerprints", "findScenesByFullFingerprints"}

LEFT_OUT: Mapping[Profile, Mapping[str, set[str]]] = {
    Profile.RECORDED: {},
    Profile.NEWER: {"Query": _OLD_FINGERPRINT_QUERIES, "Studio": {"child_studios"}},
    Profile.REDUCED: {
        "Query": {*_OLD_FINGERPRINT_QUERIES, "findEdit", "queryEdits", "getConfig"},
        "Performer": {
            *("birth_date", "death_date", "cup_size", "band_size", "waist_size", "hip_size"),
            *("merged_ids", "merged_into_id", "edits", "studios", "is_favorite"),
        },
        "Scene": {"release_date", "production_date", "edits"},
        "Studio": {"aliases", "is_favorite"},
        "Tag": {"edits", "category"},
        "Fingerprint": {"submissions", "reports", "user_submitted", "user_reported"},
    },
}
"""Fields that a profile does not have, by type."""

_HASH = "  hash: {}!\n  algorithm:"


def schema_text() -> str:
    """Return our own schema, as the recorded version has it."""
    return files("stash_sense.fakes.stashbox").joinpath("schema.graphql").read_text(encoding="utf-8")


def schema_of(profile: Profile) -> GraphQLSchema:
    """Return the schema of a profile; it is the caller's own."""
    text = schema_text()
    if profile is Profile.NEWER:
        text = text.replace(_HASH.format("String"), _HASH.format("FingerprintHash")) + "scalar FingerprintHash\n"
    return build_ast_schema(visit(parse(text), _Leave(LEFT_OUT[profile])))


class _Leave(Visitor):
    def __init__(self, fields: Mapping[str, set[str]]) -> None:
        super().__init__()
        self._fields = fields
        self._type = ""

    def enter_object_type_definition(self, node: ObjectTypeDefinitionNode, *_: object) -> None:
        self._type = node.name.value

    def enter_field_definition(self, node: FieldDefinitionNode, *_: object) -> object:
        return REMOVE if node.name.value in self._fields.get(self._type, ()) else None
