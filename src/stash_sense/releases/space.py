"""Whether a disk has room for a release, asked before anything is fetched."""

import shutil
from collections.abc import Callable
from pathlib import Path

from stash_sense.errors import NotEnoughSpace
from stash_sense.files import storage_errors

FACTOR = 2.5
"""Of a release's archive: itself, its unpacked files, which hardly compress, and half of it for the search matrix."""
UNPACKED_FACTOR = 1.5
"""Of the files of a version: themselves, and half of it for the search matrix."""

_UNIT = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def free_bytes(folder: Path) -> int:
    """Return the bytes that a folder, or the one it will be made in, has left for this user."""
    with storage_errors(folder):
        there = folder.absolute()
        while not there.exists():
            there = there.parent
        return shutil.disk_usage(there).free


def require_space(folder: Path, size: int, free: Callable[[Path], int] = free_bytes, factor: float = FACTOR) -> None:
    """Make sure that a folder has room for a release.

    Args:
        folder: where the releases are; it need not be there yet.
        size: bytes of the release's archive, or of what else the factor is of.
        free: tells the bytes that a folder has left.
        factor: what is needed for each of these bytes.

    Raises:
        NotEnoughSpace: less is free than that.
        NotWritable: the disk cannot be asked.
    """
    needed, there = int(size * factor), free(folder)
    if there < needed:
        raise NotEnoughSpace(path=folder, free=_text(there), needed=_text(needed))


def _text(size: float) -> str:
    """Write a size in the largest unit that leaves it above 1."""
    exponent = 0
    while size >= _UNIT and exponent < len(_UNITS) - 1:
        size /= _UNIT
        exponent += 1
    return f"{size:.1f} {_UNITS[exponent]}" if exponent else f"{size:.0f} bytes"
