"""Versions of Stash that are simulated, and the schema of each."""

from enum import StrEnum
from importlib.resources import files
from typing import Any

from graphql import (
    REMOVE,
    GraphQLSchema,
    ListValueNode,
    Node,
    StringValueNode,
    Visitor,
    build_ast_schema,
    parse,
    visit,
)

_MARK = "profiles"


class Profile(StrEnum):
    """A version of Stash."""

    RECORDED = "recorded"
    """The server whose answers were recorded: 0.30.1 and performerMerge, which 0.31 brought."""
    V0_30 = "0.30"
    V0_31 = "0.31"

    @property
    def version(self) -> str:
        """What the server says of itself."""
        return {"recorded": "v0.30.1-develop", "0.30": "v0.30.1", "0.31": "v0.31.1"}[self.value]

    @property
    def database(self) -> int:
        """Version of its database schema."""
        return 85 if self is Profile.V0_31 else 75


def schema_of(profile: Profile) -> GraphQLSchema:
    """Return the schema of a profile; the caller's own to change."""
    document = parse((files(__package__) / "schema.graphql").read_text("utf-8"), no_location=True)
    return build_ast_schema(visit(document, _OneProfile(profile)))


class _OneProfile(Visitor):
    """Takes away what is marked for other profiles, and the marks."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self._profile = profile.value

    def enter(self, node: Node, *_place: Any) -> Any:
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value == _MARK:
                told = directive.arguments[0].value
                names = told.values if isinstance(told, ListValueNode) else ()
                if self._profile not in [name.value for name in names if isinstance(name, StringValueNode)]:
                    return REMOVE
        return None

    def enter_directive(self, *_place: Any) -> Any:
        return REMOVE

    def enter_directive_definition(self, *_place: Any) -> Any:
        return REMOVE
