"""The schema of what a kind of job takes -> its fields in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}


def fields_in_words(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each field, of which type it is and whether it is needed, and what it is for."""
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        default = field.get("default")
        if name in needed:
            when = "needed"
        elif default is None:
            when = "may be left out"
        else:
            when = f"{json.dumps(default)} by default"
        yield name, f"{_type_of(field)}; {when}", str(field.get("description", ""))


def _type_of(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    kinds = [one.get("type", "") for one in field.get("anyOf", (field,))]
    return " or ".join(_TYPES[kind] for kind in kinds if kind in _TYPES) or "anything"
