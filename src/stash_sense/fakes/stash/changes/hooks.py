"""What plugins are told of a change: its type, the row, the input with all that it could have held, its fields."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

from stash_sense.fakes.stash.fields import Context


def tell_created(context: Context, kind: str, row_id: int, given: Mapping[str, Any]) -> None:
    """Tell that a row was made: kind as "Performer"."""
    context.state.hook(f"{kind}.Create.Post", row_id, _filled(context, f"{kind}CreateInput", given))


def tell_updated(context: Context, kind: str, row_id: int, given: Mapping[str, Any]) -> None:
    """Tell that one row was updated."""
    told = _filled(context, f"{kind}UpdateInput", given)
    context.state.hook(f"{kind}.Update.Post", row_id, told, tuple(given))


def tell_bulk(context: Context, kind: str, row_id: int, given: Mapping[str, Any]) -> None:
    """Tell that a row was updated with others: the input is that of the bulk, as it was given."""
    context.state.hook(f"{kind}.Update.Post", row_id, dict(given), tuple(given))


def tell_destroyed(context: Context, kind: str, row_id: int, given: Mapping[str, Any]) -> None:
    """Tell that a row is gone."""
    context.state.hook(f"{kind}.Destroy.Post", row_id, dict(given))


def _filled(context: Context, input_type: str, given: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    kind = context.server.engine.schema.type_map[input_type]
    for name, field in kind.fields.items():
        value, nested = given.get(name), get_named_type(field.type)
        if name == "custom_fields" and isinstance(nested, GraphQLInputObjectType):
            told[name] = {key: (value or {}).get(key) for key in nested.fields}
        else:
            told[name] = value
    return told
