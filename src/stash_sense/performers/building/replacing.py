"""Whether a build would take the place of a database that its user may want to keep: a mistyped folder is enough."""

import contextlib
from dataclasses import dataclass

from stash_sense.errors import DatabaseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.sources import PerformerSource
from stash_sense.performers.building.state_folder import is_known, states_of
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
        GalleryError, InputError, StashError, StashBoxError: the source cannot be read.
        Cancelled: the token was set.
    """
    people = source.count(cancel)
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
