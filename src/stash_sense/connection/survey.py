"""What a Stash holds, in numbers, and a sample of its files by which we find out where they are for us."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, Kind
from stash_sense.library.media import Image, Scene
from stash_sense.library.paths import KnownFile, pure
from stash_sense.library.ports import Library, LibraryReader
from stash_sense.library.reading import EVERYTHING, Cursor, Scope
from stash_sense.library.server import ServerState, StashBoxEndpoint

FiledT = TypeVar("FiledT", Scene, Image)

_PLACES = 10
"""Places in the order of ids at which is looked: what was added at different times lies in different folders."""
_AT_A_PLACE = 2
_MOST_FOLDERS = 10
"""Folders of the library of which files are asked for, where the sample has none of them."""
_MOST = 30
_ARCHIVES = (".zip", ".cbz")
"""A picture's path may lead into one of these."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a Stash is and holds.

    Attributes:
        server: what it says of itself.
        counts: how many there are, by the plural of the kind.
        stash_boxes: that the user has set up in it.
        folders: of the library, as Stash sees them.
        files: some of the library, from as many places as possible.
    """

    server: ServerState
    counts: dict[str, int]
    stash_boxes: tuple[StashBoxEndpoint, ...]
    folders: tuple[str, ...]
    files: tuple[KnownFile, ...]


async def survey(library: Library) -> Survey:
    """Ask a Stash what it is and holds: about 20 small questions.

    Raises:
        StashError: it cannot be used.
    """
    server = await library.server.ready()
    reader, configuration = library.reader, await library.server.configuration()
    counts = {
        SCENES.plural: await reader.count(SCENES),
        IMAGES.plural: await reader.count(IMAGES),
        GALLERIES.plural: await reader.count(GALLERIES),
        PERFORMERS.plural: await reader.count(PERFORMERS),
    }
    files = await _sample(reader, counts, configuration.folders)
    return Survey(server, counts, configuration.stash_boxes, configuration.folders, files)


async def _sample(reader: LibraryReader, counts: dict[str, int], folders: Iterable[str]) -> tuple[KnownFile, ...]:
    found = await _spread(reader, SCENES, counts) or await _spread(reader, IMAGES, counts)
    for folder in list(folders)[:_MOST_FOLDERS]:
        below = pure(folder)
        if any(_is_below(file, below) for file in found):
            continue
        # Words in quotation marks are one; what is found may still lie in another folder of a similar name.
        scope = Scope({"path": {"value": f'"{folder}"', "modifier": "INCLUDES"}})
        found += await _files(reader, SCENES, scope) or await _files(reader, IMAGES, scope)
    return tuple({file.path: file for file in found}.values())[:_MOST]


async def _spread(reader: LibraryReader, kind: Kind[FiledT], counts: dict[str, int]) -> list[KnownFile]:
    total = counts[kind.plural]
    found = []
    for after in sorted({total * place // _PLACES for place in range(_PLACES if total else 0)}):
        found += await _files(reader, kind, EVERYTHING, after)
    return found


async def _files(reader: LibraryReader, kind: Kind[FiledT], scope: Scope, after: int = 0) -> list[KnownFile]:
    """Give the files of the next few of a kind above an id."""
    pages = reader.pages(kind, scope, Cursor(after), _AT_A_PLACE)
    try:
        page = await anext(pages, None)
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
    primary = [item.files[0] for item in page.items if item.files] if page else []
    return [KnownFile(file.path, file.size) for file in primary if file.size > 0 and not _is_packed(file.path)]


def _is_below(file: KnownFile, folder: PurePath) -> bool:
    path = pure(file.path)
    return type(path) is type(folder) and path.is_relative_to(folder)


def _is_packed(path: str) -> bool:
    return any(parent.suffix.lower() in _ARCHIVES for parent in pure(path).parents)
