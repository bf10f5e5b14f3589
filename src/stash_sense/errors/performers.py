"""Errors about the performers database: reading, building, installing it."""

from stash_sense.errors.base import StashSenseError


class DatabaseError(StashSenseError):
    """The performers database {path} cannot be used."""

    code = "database_error"


class DatabaseMissing(DatabaseError):
    """There is no performers database yet; type `stash-sense db build FOLDER` with a folder of pictures for each
    person, or `stash-sense db update --from SOURCE`.
    """

    code = "database_missing"


class DatabaseDamaged(DatabaseError):
    """The performers database {path} is damaged ({reason}); type `stash-sense db rollback`, or install it again."""

    code = "database_damaged"


class DatabaseUnreadable(DatabaseError):
    """The performers database {path} cannot be read ({reason}); mend that, its files may be whole."""

    code = "database_unreadable"


class DatabaseTooNew(DatabaseError):
    """The performers database {path} needs Stash Sense {requires} or newer, with schema {schema}; update the program
    first.
    """

    code = "database_too_new"


class CanaryFailed(DatabaseError):
    """The performers database {path} does not find its own faces (row {row}) and was not put into use; fetch or build
    it again.
    """

    code = "canary_failed"


class DatabaseUnwritten(DatabaseError):
    """The performers database {path} was not written ({reason}); nothing was kept of it."""

    code = "database_unwritten"


class VersionTaken(DatabaseError):
    """Version {version} is installed already with other content; give the new one another version."""

    code = "version_taken"


class EarlierVersionDamaged(DatabaseError):
    """The version before, {version}, is damaged; version {current} stays. `stash-sense db build`, `db import` or
    `db update` brings another one.
    """

    code = "earlier_version_damaged"


class NoEarlierVersion(DatabaseError):
    """There is no earlier version to go back to; version {version} stays."""

    code = "no_earlier_version"


class PackDiffers(DatabaseError):
    """The performers database was made with the model pack {made_with}, and {pack} was asked for; type
    `stash-sense identify --pack {made_with}`, or build the database anew with {pack}.
    """

    code = "pack_differs"


class PerformerUnknown(DatabaseError):
    """Nobody in the performers database is called {name}{similar}; `stash-sense db list` shows who is."""

    code = "performer_unknown"


class PerformerAmbiguous(DatabaseError):
    """Several people in the performers database are called {name} ({ids}); name one by that id."""

    code = "performer_ambiguous"


class LibraryBusy(DatabaseError):
    """Another Stash Sense is changing the performers databases in {path}; wait until it is done."""

    code = "library_busy"


class PerformersWithoutPictures(DatabaseError):
    """Nobody in the {source} has a picture; give people pictures there, then build again."""

    code = "performers_without_pictures"


class PerformersLost(DatabaseError):
    """The {source} went away while pictures were fetched from it ({reason}). What was described is kept: when it is
    back, the same command goes on there.
    """

    code = "performers_lost"


class EverybodyForgotten(DatabaseError):
    """Everybody in {path} who has pictures is to be forgotten; `stash-sense db unforget` lists them, and lets them
    come back.
    """

    code = "everybody_forgotten"


class NotForgotten(DatabaseError):
    """{name} is not among those who were forgotten, of whom ids are kept and no names; `stash-sense db unforget`
    lists them.
    """

    code = "not_forgotten"


class ForgottenUnreadable(DatabaseError):
    """The list of people to forget, {path}, cannot be read; mend it, or remove it, and they may come back."""

    code = "forgotten_unreadable"


class BuildStateDamaged(DatabaseError):
    """What {path} keeps of earlier builds cannot be used ({reason}); remove it, and everything is described anew."""

    code = "build_state_damaged"
