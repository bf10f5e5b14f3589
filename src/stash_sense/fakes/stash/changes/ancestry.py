"""Parents and children of tags and studios: nobody is their own ancestor."""

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State


def require_no_studio_cycle(state: State, row: Row) -> None:
    """Refuse a studio that is among its own parents.

    Raises:
        ResolverError: it is.
    """
    parent = row["parent"]
    while parent is not None:
        if parent == row["id"]:
            raise ResolverError("studio cannot be an ancestor of itself")
        parent = state.row("studios", parent)["parent"]


def require_no_tag_cycle(state: State, row: Row, parents: list[int], children: list[int]) -> None:
    """Refuse parents that are below a tag, and children that are above it.

    Args:
        state: the library, in which the tag has not got them yet.
        row: of the tag.
        parents: that it is to have.
        children: that it is to have.

    Raises:
        ResolverError: with the names on the way from one to the other.
    """
    below, above = _ways(state, row["id"], _children(state)), _ways(state, row["id"], _parents(state))
    for parent in parents:
        if parent in below:
            raise _cyclic(state, row, parent, "a parent", "a descendant", below[parent])
    for child in children:
        if child in above:
            raise _cyclic(state, row, child, "a child", "an ancestor", above[child])


def _cyclic(state: State, row: Row, other: int, role: str, already: str, way: list[int]) -> ResolverError:
    names = "->".join(each["name"] for each in state.rows("tags", way))
    wanted = state.row("tags", other)["name"]
    return ResolverError(
        f'cannot apply tag "{wanted}" as {role} of "{row["name"]}" as it is already {already} ({names})'
    )


def _parents(state: State) -> dict[int, list[int]]:
    return {row_id: row["parents"] for row_id, row in state.tables["tags"].items()}


def _children(state: State) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for row_id, row in state.tables["tags"].items():
        for parent in row["parents"]:
            children.setdefault(parent, []).append(row_id)
    return children


def _ways(state: State, start: int, onward: dict[int, list[int]]) -> dict[int, list[int]]:
    """Return the ways from a tag to all that are reached from it, itself among them."""
    ways = {start: [start]}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for there in onward.get(here, ()):
            if there not in ways and there in state.tables["tags"]:
                ways[there] = [*ways[here], there]
                waiting.append(there)
    return ways
