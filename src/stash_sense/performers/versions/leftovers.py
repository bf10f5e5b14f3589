"""What is in nobody's way and may go: removed as far as the disk lets us, and so that no half of it is mistaken."""

import contextlib
import re
import secrets
import shutil
from pathlib import Path

_REMOVED = ".removed-"
_UNFINISHED = re.compile(r"\..+\.json\.[0-9a-f]{16}")
"""What `write_atomically` writes before it takes the name of a file that is here."""


def remove(path: Path) -> None:
    """Remove a file, a link or a folder."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_inside(folder: Path) -> None:
    """Remove what is in a folder that may be in use, which stays; nothing where it is a link elsewhere."""
    if not folder.is_symlink():
        for path in folder.glob("*"):
            remove(path)


def remove_all_of(folder: Path) -> None:
    """Remove a version, whose name goes first: a version is there whole or not at all.

    Raises:
        OSError: it is still there, or a rest of it, which is nobody's version.
    """
    aside = folder.with_name(f"{_REMOVED}{secrets.token_hex(8)}")
    folder.rename(aside)
    shutil.rmtree(aside)


def remove_halves(library: Path) -> None:
    """Remove the rest of versions whose removal was broken off, and files that were never finished."""
    for folder in library.glob(f"{_REMOVED}*"):
        remove(folder)
    for file in library.glob(".*"):
        if _UNFINISHED.fullmatch(file.name):
            remove(file)
