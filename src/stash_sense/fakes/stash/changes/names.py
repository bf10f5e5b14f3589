"""Names of tags and studios: each once among all names and aliases of its kind, in any case."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.aliases import strings, without_repeated
from stash_sense.fakes.stash.changes.links import broken_uniqueness
from stash_sense.fakes.stash.changes.sparse import text
from stash_sense.fakes.stash.fields import Context
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.rows import SINGULAR, Row
from stash_sense.fakes.stash.state import State


def require_name(table: str, name: str) -> None:
    """Refuse a name of nothing.

    Raises:
        ResolverError: "tag name must not be blank".
    """
    if not name:
        raise ResolverError(f"{SINGULAR[table]} name must not be blank")


def write_names(context: Context, table: str, row: Row, given: Mapping[str, Any]) -> None:
    """Write the name and the aliases of a tag or studio; an alias that is the own name is fine, and stays until 0.31.

    Args:
        context: of the request.
        table: of the row.
        row: open for change.
        given: input of the mutation.

    Raises:
        ResolverError: "tag with name 'X' already exists", "name 'X' is used as alias for 'Y'", or the UNIQUE
            constraint of aliases that are given twice.
    """
    if "name" in given:
        row["name"] = text(given["name"])
        require_name(table, row["name"])
        _require_free(context.state, table, row["id"], row["name"])
    if "aliases" in given:
        row["aliases"] = strings(row["aliases"], given["aliases"])
    if context.server.profile is Profile.V0_31:
        row["aliases"] = without_repeated(row["name"], row["aliases"])
    row["aliases"].sort()
    if "aliases" in given:
        _require_own_aliases(context.state, table, row)


def _require_own_aliases(state: State, table: str, row: Row) -> None:
    for alias in row["aliases"]:
        _require_free(state, table, row["id"], alias)
    for before, alias in zip(row["aliases"], row["aliases"][1:], strict=False):
        if before == alias:
            join = f"{SINGULAR[table]}_aliases"
            raise broken_uniqueness(f"INSERT INTO {join} (?, ?)", f"{join}.alias", row["id"], alias)


def _require_free(state: State, table: str, own: int, name: str) -> None:
    wanted = name.lower()
    others = [row for row in state.tables[table].values() if row["id"] != own]
    if any(other["name"].lower() == wanted for other in others):
        raise ResolverError(f"{SINGULAR[table]} with name '{name}' already exists")
    for other in others:
        if any(alias.lower() == wanted for alias in other["aliases"]):
            raise ResolverError(f"name '{name}' is used as alias for '{other['name']}'")
