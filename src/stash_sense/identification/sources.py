"""What the user named -> the files to look at, each with the reader it is for."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from stash_sense.errors import InputEmpty, InputIsPlaylist
from stash_sense.media.head import read_head
from stash_sense.media.kinds import PICTURE_EXTENSIONS, VIDEO_EXTENSIONS, Kind, kind_of


def expand(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield every named file, and of every named folder the videos and pictures below it, each once, in order.

    Within a folder, hidden files, links to folders and files of other kinds are passed over; a file that is named
    itself is always yielded. A folder without any is yielded as it is.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _files_below(path) if path.is_dir() else (path,):
            if (absolute := file.absolute()) not in seen:
                seen.add(absolute)
                yield file


def _files_below(folder: Path) -> Iterator[Path]:
    found = False
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_EXTENSIONS | VIDEO_EXTENSIONS:
                found = True
                yield Path(parent) / name
    if not found:
        yield folder


def kind_of_file(path: Path) -> Kind:
    """Look at a file's first bytes.

    Raises:
        InputError: it is missing, empty, a folder without media, unreadable, or a playlist.
    """
    if path.is_dir():
        raise InputEmpty(path=path)
    kind = kind_of(path.name, read_head(path))
    if kind is Kind.PLAYLIST:
        raise InputIsPlaylist(path=path)
    return kind
