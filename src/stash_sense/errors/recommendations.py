"""Errors about recommendations, and about the journal of what was written to Stash."""

from stash_sense.errors.base import StashSenseError


class RecommendationError(StashSenseError):
    """A recommendation cannot be used as asked."""

    code = "recommendation_error"


class RecommendationUnknown(RecommendationError):
    """There is no recommendation {id}; list them again."""

    code = "recommendation_unknown"


class RecommendationTypeUnknown(RecommendationError):
    """There are no recommendations of the type {type!r}; the types are {known}."""

    code = "recommendation_type_unknown"


class RecommendationListingInvalid(RecommendationError):
    """The list of recommendations cannot be read so: {reason}."""

    code = "recommendation_listing_invalid"


class RecommendationSettled(RecommendationError):
    """Recommendation {id} is {status} already; reopen it first if you have changed your mind."""

    code = "recommendation_settled"


class RecommendationSuperseded(RecommendationError):
    """Recommendation {id} cannot be reopened, because {newer} is a newer one of its kind about the same thing; decide
    about that one.
    """

    code = "recommendation_superseded"


class RecommendationChoiceInvalid(RecommendationError):
    """Recommendation {id} cannot be accepted so: {reason}."""

    code = "recommendation_choice_invalid"


class RecommendationPartlyAccepted(RecommendationError):
    """Recommendation {id} is accepted only in part: {reason} Accept it again for the rest, or undo the group {group}
    of the journal.
    """

    code = "recommendation_partly_accepted"


class RecommendationUnreadable(RecommendationError):
    """Recommendation {id} was written by another version of this program ({reason}); dismiss it, or analyse its
    target again.
    """

    code = "recommendation_unreadable"


class JournalError(StashSenseError):
    """What was written to Stash cannot be undone, or may not be written."""

    code = "journal_error"


class JournalEntryUnknown(JournalError):
    """There is no entry {id} in the journal of writes; list it again."""

    code = "journal_entry_unknown"


class JournalGroupUnknown(JournalError):
    """There is no group {group} in the journal of writes; list it again."""

    code = "journal_group_unknown"


class JournalCursorInvalid(JournalError):
    """The journal cannot be read on from {cursor!r}; begin with its first page."""

    code = "journal_cursor_invalid"


class JournalFieldChanged(JournalError):
    """Entry {entry} is not undone, because somebody has changed the {field} of {kind} {id} since: {wrote} was
    written, and now it is {now}. Change it in Stash.
    """

    code = "journal_field_changed"


class JournalTargetGone(JournalError):
    """Entry {entry} cannot be undone, because Stash has no {kind} {id} any more; it was deleted or merged."""

    code = "journal_target_gone"


class JournalTargetUsed(JournalError):
    """Entry {entry} is not undone, because {kind} {id} is used by now ({uses}); remove it there first."""

    code = "journal_target_used"


class JournalNotUndoable(JournalError):
    """Entry {entry} cannot be undone: {reason}."""

    code = "journal_not_undoable"


class JournalFieldUnknown(JournalError):
    """The field {field} of a {kind} is not written, because what it was before cannot be read and kept."""

    code = "journal_field_unknown"


class JournalPictureTooLarge(JournalError):
    """The picture of {kind} {id} is not replaced, because it has {size:,} bytes and up to {most:,} are kept for
    undoing; replace it in Stash.
    """

    code = "journal_picture_too_large"
