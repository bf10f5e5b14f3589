"""Files of scenes, images and galleries: which comes first, to whom they belong, and their end.

Only the library forgets a file: what a simulator serves from a folder is never deleted from the disk.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.links import holding, numbers, unlink
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

_HOLDERS = (("scenes", "files"), ("images", "files"), ("galleries", "files"))


@mutation("sceneAssignFile")
def assign(context: Context, arguments: Arguments) -> bool:
    """Give a file to a scene, which the scene it comes from must not have as its first."""
    given, state = arguments["input"], context.state
    scene = number(given["scene_id"], "converting scene id")
    row = state.change("scenes", scene, touch=False)
    take_files(state, row, [number(given["file_id"], "converting file id")])
    return True


@mutation("deleteFiles")
def delete(context: Context, arguments: Arguments) -> bool:
    """Delete files that are nobody's first."""
    return _end(context.state, arguments["ids"])


@mutation("destroyFiles")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete the entries of files that are nobody's first; the files themselves would stay."""
    return _end(context.state, arguments["ids"])


def take_files(state: State, row: Row, files: Iterable[int]) -> None:
    """Give files to a scene, away from whom they belong to; the first file of anyone stays where it is.

    Raises:
        ResolverError: there is no such file, it is no video, or it is a first one.
    """
    files = list(files)
    for file in files:
        found = state.row("files", file)
        if found["kind"] != "video":
            raise ResolverError(f"{found['path']} is not a video file")
        if _is_first(state, file):
            raise ResolverError("cannot reassign primary file")
    move_files(state, row, files)


def move_files(state: State, row: Row, files: Iterable[int]) -> None:
    """Put files behind the first of a scene, in the order of their ids, and take them from all others."""
    moved = list(files)
    for file in moved:
        for holder, column in _HOLDERS:
            for other in holding(state, holder, column, file):
                if (holder, other) != ("scenes", row["id"]):
                    left = state.change(holder, other, touch=False)
                    left[column] = [each for each in left[column] if each != file]
    if moved:
        first = (row["files"] or moved)[0]
        row["files"] = [first, *sorted({*row["files"], *moved} - {first})]


def put_first(row: Row, given: Mapping[str, Any], kind: str) -> None:
    """Make one of a row's files its first, where "primary_file_id" is given.

    Raises:
        ResolverError: the row has no such file.
    """
    if not given.get("primary_file_id"):
        return
    file = number(given["primary_file_id"], "converting primary file id")
    if file not in row["files"]:
        raise ResolverError(f"file with id {file} not associated with {kind}")
    row["files"] = [file, *sorted(set(row["files"]) - {file})]


def forget_files(state: State, files: Iterable[int]) -> None:
    """Delete files, whoever has them."""
    for file in list(files):
        unlink(state, _HOLDERS, file)
        state.remove("files", file)


def _end(state: State, ids: list[str]) -> bool:
    files = numbers(ids)
    for file in files:
        path = state.row("files", file)["path"]
        if _is_first(state, file):
            raise ResolverError(f"cannot delete primary file {path}")
    forget_files(state, files)
    return True


def _is_first(state: State, file: int) -> bool:
    return any(
        state.row(table, holder)[column][:1] == [file]
        for table, column in _HOLDERS
        for holder in state.referring(table, column).get(file, ())
    )
