"""What two entries say of one person -> one record."""

from dataclasses import fields
from typing import Any

from stash_sense.performers.records import Alias, PerformerRecord


def joined(first: PerformerRecord, second: PerformerRecord) -> PerformerRecord:
    """Join two records of a person: the first one counts, the second fills in what it leaves out and adds to lists.

    A second name is one more alias.
    """
    told: dict[str, Any] = {}
    for field in fields(PerformerRecord):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, tuple):
            told[field.name] = tuple(dict.fromkeys(one + other))
        else:
            told[field.name] = other if one is None else one
    names = {first.name.casefold(), *(alias.name.casefold() for alias in told["aliases"])}
    if second.name.casefold() not in names:
        told["aliases"] += (Alias(second.name),)
    return PerformerRecord(**told)
