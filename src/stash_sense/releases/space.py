"""Whether a disk has room for a release, asked before anything is fetched."""

import shutil
from collections.abc import Callable
from pathlib import Path

from stash_sense.errors import NotEnoughSpace
from stash_sense.files import storage_errors

FACTOR = 2.5
"""Of a release's archive: itself, its unpacked files, which hardly compress, and half of it for the search matrix."""

_UNIT = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def free_bytes(folder: Path) -> int:
    """Return the bytes that a folder, or the one it will be made in, has left for this user."""
    with storage_errors(folder):
        there = folder.absolute()
        while not there.exists():
            there = there.parent
        return shutil.disk_usage(there).free


def require_space(folder: Path, size: int, free: Callable[[Path], int] = free_bytes) -> None:
    """Make sure that a folder has room for a release.

    Args:
        folder: where the releases are; it need not be there yet.
        size: bytes of the release's archive.
        free: tells the bytes that a folder has left.

    Raises:
        NotEnoughSpace: less is free than `FACTOR` times the size.
        NotWritable: the disk cannot be asked.
    """
    needed, there = int(size * FACTOR), free(folder)
    if there < needed:
        raise NotEnoughSpace(path=folder, free=_text(there), needed=_text(needed))


def _text(size: float) -> str:
    """Write a size in the largest unit that leaves it above 1."""
    exponent = 0
    while size >= _UNIT and exponent < len(_UNITS) - 1:
        size /= _UNIT
        exponent += 1
    return f"{size:.1f} {_UNITS[exponent]}" if exponent else f"{size:.0f} bytes"
