"""What an update that names only some fields does: absent leaves alone, null and "" clear."""

from collections.abc import Callable, Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.rows import Row

Stored = Callable[[Any], Any]
"""Turns what was given for a field into what its column holds."""


def write(row: Row, given: Mapping[str, Any], columns: Mapping[str, Stored]) -> None:
    """Write the fields that were given into the columns of the same names.

    Args:
        row: open for change.
        given: input of the mutation.
        columns: those of simple values, with how each is stored.

    Raises:
        ResolverError: a value that Stash refuses.
    """
    for name, stored in columns.items():
        if name in given:
            row[name] = stored(given[name])


def of_creation(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of a creation as that of an update: null is the same as absent, custom fields are whole."""
    kept = {name: value for name, value in given.items() if value is not None}
    return {**kept, "custom_fields": {"full": kept.get("custom_fields")}}


def text(given: str | None) -> str:
    """Store a text: null is "", white space around it is dropped."""
    return (given or "").strip()


def texts(given: list[str] | None) -> list[str]:
    """Store a list of texts, each without white space around it."""
    return [each.strip() for each in given or ()]


def nullable(given: Any) -> Any:
    """Store a value or null."""
    return given


def certain(given: Any) -> Any:
    """Store a value that Stash cannot do without.

    Raises:
        ResolverError: it is null.
    """
    if given is None:
        raise ResolverError("Internal system error. Error <null value not allowed>")
    return given
