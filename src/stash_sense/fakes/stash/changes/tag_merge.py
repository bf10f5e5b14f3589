"""Tags merged into one: it takes their uses, names, aliases, stash_ids, parents and children."""

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.ancestry import require_no_tag_cycle
from stash_sense.fakes.stash.changes.links import broken_uniqueness, numbers, relink
from stash_sense.fakes.stash.changes.tags import HOLDERS, write_tag
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number


@mutation("tagsMerge")
def merge(context: Context, arguments: Arguments) -> Row | None:
    """Merge tags; nothing that had one of them has its updated_at moved."""
    given, state = arguments["input"], context.state
    sources = numbers(given["source"], "converting source ids")
    into = number(given["destination"], "converting destination id")
    if not sources:
        return None
    row = state.change("tags", into, touch=False)
    if into in sources:
        raise ResolverError("cannot merge where source == destination")
    for source in sources:
        _take(state, row, source)
    require_no_tag_cycle(state, row, row["parents"], [])
    if given.get("values"):
        row = state.change("tags", into)
        write_tag(context, row, given["values"])
    state.hook("Tag.Merge.Post", into, given)
    return row


def _take(state: State, row: Row, source: int) -> None:
    if source not in state.tables["tags"]:
        raise ResolverError(f"id {source} does not exist in tags")
    gone, into = state.row("tags", source), row["id"]
    aliases = [*row["aliases"], *gone["aliases"]]
    if gone["name"] in aliases:
        statement = "INSERT INTO tag_aliases (tag_id, alias) SELECT ?, name FROM tags WHERE id IN (?)"
        raise broken_uniqueness(statement, "tag_aliases.alias", into, source)
    row["aliases"] = sorted([*aliases, gone["name"]])
    row["stash_ids"] = [*row["stash_ids"], *gone["stash_ids"]]
    row["parents"] = sorted({*row["parents"], *gone["parents"]} - {into, source})
    relink(state, HOLDERS, source, into)
    _take_children(state, into, source)
    state.remove("tags", source)


def _take_children(state: State, into: int, source: int) -> None:
    for row_id, other in list(state.tables["tags"].items()):
        if source in other["parents"]:
            child = other if row_id == into else state.change("tags", row_id, touch=False)
            child["parents"] = sorted({*child["parents"], into} - {source, row_id})
