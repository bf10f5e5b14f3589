"""The files below a folder that end as wanted ones do."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path


def files_below(folder: Path, extensions: Collection[str], unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield files by name, those of subfolders after those of their folder; links to folders are not followed.

    Args:
        folder: where to look; hidden files and folders below it are passed over.
        extensions: lower-case endings with their dot.
        unreadable: told of every folder that could not be listed: the error's `filename`.
    """
    for parent, subfolders, names in os.walk(folder, onerror=unreadable):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in extensions:
                yield Path(parent) / name
