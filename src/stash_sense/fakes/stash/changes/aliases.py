"""Other names of a row: given as a whole, or added to and removed from by a bulk."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.changes.sparse import texts


def strings(present: list[str], given: Any) -> list[str]:
    """Return a list of texts after a change.

    Args:
        present: what there is.
        given: the new list, null, or {"values", "mode"} of a bulk update.
    """
    if not isinstance(given, Mapping):
        return texts(given)
    values, mode = texts(given.get("values")), given["mode"]
    if mode == "SET":
        return values
    if mode == "REMOVE":
        return [each for each in present if each not in values]
    return list(dict.fromkeys([*present, *values]))


def repeated(name: str, aliases: list[str]) -> list[str]:
    """Return the aliases that repeat the name or an alias before them; upper and lower case are the same."""
    seen = {name.lower()}
    found = []
    for alias in aliases:
        if alias.lower() in seen:
            found.append(alias)
        seen.add(alias.lower())
    return found


def without_repeated(name: str, aliases: list[str]) -> list[str]:
    """Return the aliases without those that repeat the name or an alias before them."""
    kept: dict[str, str] = {}
    for alias in aliases:
        if alias.lower() != name.lower():
            kept.setdefault(alias.lower(), alias)
    return list(kept.values())
