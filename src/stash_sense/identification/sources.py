"""What the user named -> the files to look at, each with the reader it is for."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from stash_sense.errors import InputIsPlaylist, InputWithoutMedia
from stash_sense.media.address import Address
from stash_sense.media.folders import files_below
from stash_sense.media.head import read_head, unreadable
from stash_sense.media.kinds import PICTURE_EXTENSIONS, VIDEO_EXTENSIONS, Kind, kind_of

Place = TypeVar("Place", bound=Path | Address)


def place_of(text: str) -> Path | Address:
    """Return what the user means: an address of http or https, or else a path.

    A server that the user names may be on this machine or in a private network; where it sends on to may not.
    """
    if text.lower().startswith(("http://", "https://")):
        return Address(text, named=text)
    return Path(text)


def expand(paths: Sequence[Place]) -> Iterator[Place | Path]:
    """Yield every named file, and of every named folder the videos and pictures below it, each once, in order.

    Addresses of servers are yielded as they are.

    Within a folder, hidden files, links to folders and files of other kinds are passed over; a file that is named
    itself is always yielded, and so is a folder without any or one that cannot be read.
    """
    seen: set[Path] = set()
    for path in paths:
        if isinstance(path, Address):
            yield path
            continue
        for file in _files_below(path) if path.is_dir() else (path,):
            if (absolute := file.absolute()) not in seen:
                seen.add(absolute)
                yield file


def _files_below(folder: Path) -> Iterator[Path]:
    locked: list[OSError] = []
    found = False
    for file in files_below(folder, PICTURE_EXTENSIONS | VIDEO_EXTENSIONS, locked.append):
        found = True
        yield file
    yield from (Path(os.fsdecode(error.filename)) for error in locked)
    if not found and not locked:
        yield folder


def kind_of_file(path: Path) -> Kind:
    """Look at a file's first bytes.

    Raises:
        InputError: it is missing, empty, a folder (unreadable or without media), unreadable, or a playlist.
    """
    if path.is_dir():
        try:
            next(path.iterdir(), None)
        except OSError as error:
            raise unreadable(path, error) from error
        raise InputWithoutMedia(path=path)
    kind = kind_of(path.name, read_head(path))
    if kind is Kind.PLAYLIST:
        raise InputIsPlaylist(path=path)
    return kind
