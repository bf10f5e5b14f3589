"""What is derived from versions: a folder `<version>-<key>` each, in one that may be a link to another disk.

Anything else in there is somebody's, and left alone.
"""

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from stash_sense.files import put_in_place, storage_errors
from stash_sense.performers.versions.leftovers import remove

_OURS = re.compile(r"\.?.+-[0-9a-f]{32}(\.(staged|replaced)-.+)?|\..+-plain\.staged-.+")
"""A folder of derived things, or one being made or replaced."""
_PROOF = re.compile(r"\.proof-[0-9a-f]{16}")
"""What is derived from a version that is not in use yet."""
_ABANDONED = 3600.0
"""Seconds after which what somebody began to derive counts as left by a killed process; it takes minutes for a
million faces, and a running one must not lose it."""
_UNUSED = 86_400.0
"""Seconds since its last use for which what is derived from a database elsewhere is kept."""


@contextlib.contextmanager
def proof(derived: Path) -> Iterator[Path]:
    """Name a folder beside what is derived, to be made by who needs it; it is removed when the block ends."""
    folder = derived / f".proof-{secrets.token_hex(8)}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take(made: Path, derived: Path, version: str) -> None:
    """Put what was derived in a `proof` in the place of all that was derived from a version of that name.

    Raises:
        StorageError: what it should take the place of is still there.
    """
    with storage_errors(derived):
        taken = {folder.name for folder in made.iterdir()} if made.is_dir() else set()
        for name in taken:
            put_in_place(made / name, derived / name, made / f".replaced-{name}")
    for folder in _of(derived, version):
        if folder.name not in taken:
            remove(folder)


def remove_of(derived: Path, version: str) -> None:
    """Remove what is derived from one version.

    Raises:
        OSError: something of it is still there.
    """
    for folder in _of(derived, version):
        shutil.rmtree(folder)


def remove_unkept(derived: Path, kept: Collection[str]) -> None:
    """Remove what was derived from versions that are not kept, and what killed processes began to derive."""
    for folder in _folders(derived):
        if _version_of(folder.name) not in kept or _is_abandoned(folder):
            remove(folder)


def remove_proofs(derived: Path) -> None:
    """Remove what killed processes left of their proofs, while nobody can be at one."""
    for folder in derived.glob(".proof-*"):
        if _PROOF.fullmatch(folder.name):
            remove(folder)


def remove_unused(galleries: Path) -> None:
    """Remove what was derived from databases elsewhere and not used for long."""
    for folder in _folders(galleries):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _UNUSED:
                remove(folder)


def _of(derived: Path, version: str) -> list[Path]:
    return [folder for folder in derived.glob(f"*{version}-*") if _version_of(folder.name) == version]


def _version_of(name: str) -> str:
    """Return the version that a folder is of, be it finished or being made (`.<name>.staged-…`)."""
    if name.startswith("."):
        name = name[1:].rpartition(".")[0]
    return name.rpartition("-")[0]


def _folders(derived: Path) -> list[Path]:
    return [folder for folder in derived.glob("*") if _OURS.fullmatch(folder.name)]


def _is_abandoned(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return folder.name.startswith(".") and time.time() - folder.stat().st_mtime > _ABANDONED
    return False
