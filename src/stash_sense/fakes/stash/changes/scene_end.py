"""Scenes destroyed, with their files or without."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.changes.files import forget_files
from stash_sense.fakes.stash.changes.hooks import tell_destroyed
from stash_sense.fakes.stash.changes.links import numbers
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.state import State, number


@mutation("sceneDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete a scene."""
    given = arguments["input"]
    row_id = number(given["id"], "converting id")
    destroy_scene(context.state, row_id, files=_takes_files(given))
    tell_destroyed(context, "Scene", row_id, given)
    return True


@mutation("scenesDestroy")
def destroy_many(context: Context, arguments: Arguments) -> bool:
    """Delete several scenes, or none."""
    given = arguments["input"]
    for row_id in numbers(given["ids"]):
        destroy_scene(context.state, row_id, files=_takes_files(given))
        tell_destroyed(context, "Scene", row_id, given)
    return True


def destroy_scene(state: State, row_id: int, *, files: bool) -> None:
    """Delete a scene.

    Args:
        state: the library.
        row_id: of the scene.
        files: forget its files too; without, they stay known and are of no scene.

    Raises:
        ResolverError: there is none.
    """
    row = state.row("scenes", row_id)
    if files:
        forget_files(state, row["files"])
    state.remove("scenes", row_id)


def _takes_files(given: Mapping[str, Any]) -> bool:
    return bool(given.get("delete_file") or given.get("destroy_file_entry"))
