"""Scenes merged into one: it takes their files, and nothing of their values but what the input says."""

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.files import move_files
from stash_sense.fakes.stash.changes.links import numbers
from stash_sense.fakes.stash.changes.scene_end import destroy_scene
from stash_sense.fakes.stash.changes.scenes import write_scene
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import number


@mutation("sceneMerge")
def merge(context: Context, arguments: Arguments) -> Row:
    """Merge scenes; no hook tells of it."""
    given, state = arguments["input"], context.state
    sources = numbers(given["source"], "converting source ids")
    into = number(given["destination"], "converting destination id")
    if into in sources:
        raise ResolverError("destination scene cannot be in source list")
    row = state.change("scenes", into)
    for source in sources:
        if source not in state.tables["scenes"]:
            raise ResolverError(f"finding source scenes: scene with id {source} not found")
    had_files = bool(row["files"])
    for source in sources:
        gone = state.row("scenes", source)
        move_files(state, row, gone["files"])
        if given.get("play_history"):
            row["play_count"] += gone["play_count"]
        if given.get("o_history"):
            row["o_counter"] += gone["o_counter"]
        destroy_scene(state, source, files=False)
    values = dict(given.get("values") or {})
    if had_files:
        values.pop("primary_file_id", None)  # the first file stays the first
    write_scene(context, row, values)
    return row
