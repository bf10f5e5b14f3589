"""What is in nobody's way and may go: removed as far as the disk lets us, and so that no half of it is mistaken."""

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Collection
from pathlib import Path

_REMOVED = ".removed-"
_UNFINISHED = re.compile(r"\..+\.json\.[0-9a-f]{16}")
"""What `write_atomically` writes before it takes the name of a file that is here."""
_DERIVED = re.compile(r"\.?.+-[0-9a-f]{32}(\.staged-.+)?")
"""A folder of derived things, or one being made. Anything else is somebody's: the folder may be a link elsewhere."""
_ABANDONED = 3600.0
"""Seconds after which what somebody began to derive counts as left by a killed process; it takes minutes for a
million faces, and a running one must not lose it."""
_UNUSED = 86_400.0
"""Seconds since its last use for which what is derived from a database elsewhere is kept."""


def remove(path: Path) -> None:
    """Remove a file, a link or a folder."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


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


def remove_derived(derived: Path, kept: Collection[str]) -> None:
    """Remove what was derived from versions that are not kept, and what killed processes began to derive."""
    for folder in _folders(derived):
        if version_of_derived(folder.name) not in kept or _is_abandoned(folder):
            remove(folder)


def remove_unused(galleries: Path) -> None:
    """Remove what was derived from databases elsewhere and not used for long."""
    for folder in _folders(galleries):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _UNUSED:
                remove(folder)


def version_of_derived(name: str) -> str:
    """Return the version that a folder of derived things is of, be it finished or being made (`.<name>.staged-…`)."""
    if name.startswith("."):
        name = name[1:].rpartition(".")[0]
    return name.rpartition("-")[0]


def _folders(derived: Path) -> list[Path]:
    return [folder for folder in derived.glob("*") if _DERIVED.fullmatch(folder.name)]


def _is_abandoned(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return folder.name.startswith(".") and time.time() - folder.stat().st_mtime > _ABANDONED
    return False
