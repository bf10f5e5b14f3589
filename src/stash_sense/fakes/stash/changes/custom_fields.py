"""Custom fields: replaced as a whole, some of them set, or some of them removed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.rows import Row


def write_custom_fields(row: Row, given: Mapping[str, Any]) -> None:
    """Write the custom fields that were given, in any of the three ways at once.

    Args:
        row: open for change.
        given: input of the mutation, whose "custom_fields" is {"full", "partial", "remove"}, or null, or absent.
    """
    told = given.get("custom_fields") or {}
    fields = dict(row["custom_fields"] if told.get("full") is None else told["full"])
    fields.update(told.get("partial") or {})
    for name in told.get("remove") or ():
        fields.pop(name, None)
    row["custom_fields"] = fields
