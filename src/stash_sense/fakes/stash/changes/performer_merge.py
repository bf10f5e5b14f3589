"""Performers merged into one: it takes their scenes, images, galleries and tags, and nothing else of them."""

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.links import numbers, relink
from stash_sense.fakes.stash.changes.performers import HOLDERS, write_performer
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import number

_READ_AGAIN = ("aliases", "urls", "tags", "stash_ids", "custom_fields", "picture")
"""The answer shows the performer as it was before, but for what is kept in tables of its own."""


@mutation("performerMerge")
def merge(context: Context, arguments: Arguments) -> Row:
    """Merge performers; no hook tells of it, and no scene's updated_at moves."""
    given, state = arguments["input"], context.state
    sources = numbers(given["source"], "converting source ids")
    into = number(given["destination"], "converting destination id")
    if into in sources:
        raise ResolverError("destination performer cannot be in source list")
    for source in sources:
        if source not in state.tables["performers"]:
            raise ResolverError(f"finding source performers: performer with id {source} not found")
    before = state.tables["performers"].get(into)
    if before is None:
        raise ResolverError("updating performer: sql: no rows in result set")
    row = state.change("performers", into)
    write_performer(context, row, given.get("values") or {})
    for source in sources:
        row["tags"] = sorted({*row["tags"], *state.row("performers", source)["tags"]})
        relink(state, HOLDERS, source, into)
        state.remove("performers", source)
    return {**before, **{column: row[column] for column in _READ_AGAIN}}
