"""Whether a release would be a gain: it is newer than the version in use, or would mend or complete it."""

import contextlib
from collections.abc import Callable

from packaging.version import Version

from stash_sense.errors import DatabaseDamaged, DatabaseError
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.performers.versions.naming import whole_version


def is_gain(library: PerformersLibrary, version: Version, is_whole: Callable[[str], bool]) -> bool:
    """Tell whether a release would be a gain; an older one never is, lest what was mended come back.

    Args:
        library: of the installed versions.
        version: of the release.
        is_whole: whether the version of a name has all that it should have.

    Raises:
        ForgottenUnreadable: nobody can say who must not come back.
    """
    name = library.name_in_use()
    if name is None:
        return True
    current: InstalledVersion | None = None
    with contextlib.suppress(DatabaseError):
        current = library.current()
    came = Version(_came_as(name, current))
    if version != came:
        return version > came
    left_out = current.origin.left_out if current is not None and current.origin is not None else frozenset()
    return bool(left_out - forgotten_ids(library.folder)) or not _is_usable(library, name, is_whole)


def _came_as(name: str, current: InstalledVersion | None) -> str:
    """Return what the version in use was called by whoever gave it out.

    Where people were left out here, its own name is one that only this machine has given, and others may have given
    the same one to something else.
    """
    if current is None:
        return whole_version(name)
    return (current.origin and current.origin.reduced_from) or name


def _is_usable(library: PerformersLibrary, name: str, is_whole: Callable[[str], bool]) -> bool:
    try:
        return library.current() is not None and is_whole(name)
    except DatabaseDamaged:
        return False
