"""What is asked before a build: may a version be called so, and is what it would replace to be kept, perhaps?

A mistyped folder is enough to replace a database of years.
"""

import contextlib
from dataclasses import dataclass

from stash_sense.errors import DatabaseError, SettingInvalid, VersionTaken
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.gathering import without_pictures
from stash_sense.performers.building.sources import PerformerSource
from stash_sense.performers.building.state_folder import is_known, states_of
from stash_sense.performers.manifest import can_be_version
from stash_sense.performers.versions.library import PerformersLibrary

_FEW = 0.5
"""Share of the performers in use below which a source has lost more people than a user takes out on purpose."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a build would put aside.

    Attributes:
        version: in use.
        performers: in that version.
        people: that the source has, at the most.
    """

    version: str
    performers: int
    people: int


def replacement_of(library: PerformersLibrary, source: PerformerSource, cancel: CancelToken) -> Replacement | None:
    """Tell what a build from a source would replace, where that is another source's or far larger.

    Reads no pictures. A version that cannot be used is nobody's loss.

    Returns:
        None where nothing is in use, or it was built from the same source and is not far larger.

    Raises:
        GalleryError, StashError, StashBoxError: the source cannot be read.
        GalleryWithoutPeople, PerformersWithoutPictures: there is nobody in it.
        Cancelled: the token was set.
    """
    people = source.count(cancel)
    if not people:
        raise without_pictures(source)
    current = None
    with contextlib.suppress(DatabaseError):
        current = library.current()
    if current is None:
        return None
    built_here = current.origin is not None and current.origin.built_here
    performers = current.manifest.performer_count
    if built_here and is_known(states_of(library), source) and people >= _FEW * performers:
        return None
    return Replacement(current.version, performers, people)


def check_name(version: str, library: PerformersLibrary | None) -> None:
    """Make sure before any work that a version may be called so, as far as that can be told.

    Args:
        version: the name.
        library: that it is to be installed in; None where it is written elsewhere.

    Raises:
        SettingInvalid: no version can have that name.
        VersionTaken: another one has it.
    """
    if not can_be_version(version):
        reason = "it must be like 2026.11.22, 1.4 or 2.0rc1"
        raise SettingInvalid(name="The name of the version", value=repr(version), reason=reason)
    # The one in use may turn out to be the same.
    if library is not None and version in library.versions() and version != library.name_in_use():
        raise VersionTaken(version=version)
