"""Errors about performers of Stash that are created, linked or given a picture."""

from stash_sense.errors.base import StashSenseError


class CurationError(StashSenseError):
    """A performer of Stash cannot be created or changed as asked."""

    code = "curation_error"


class PerformerNamed(CurationError):
    """Stash has somebody of the name {name!r} already ({who}); choose that one, or say with even_if_named that
    this is somebody else.
    """

    code = "performer_named"


class PerformerLinked(CurationError):
    """The id {stash_id} at {endpoint} is that of {who} already; choose that one, or take the id away there."""

    code = "performer_linked"


class PerformerPictured(CurationError):
    """Performer {id} has a picture already; say replace if another one is to take its place."""

    code = "performer_pictured"


class PerformerNotThere(CurationError):
    """The stash-box at {endpoint} has no performer {id} ({reason}); look for the performer there."""

    code = "performer_not_there"


class PortraitMissing(CurationError):
    """No picture of the face can be cut out of {kind} {id}: {reason}."""

    code = "portrait_missing"


class WritingBusy(CurationError):
    """Another command has been writing to Stash for {seconds:.0f} s; try again when it is done."""

    code = "writing_busy"
