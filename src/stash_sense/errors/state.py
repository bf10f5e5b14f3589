"""Errors about the user's own state, stash_sense.db: opening, backing up, restoring it."""

from stash_sense.errors.base import StashSenseError


class StateError(StashSenseError):
    """The state {path} cannot be used."""

    code = "state_error"


class StateMissing(StateError):
    """There is no state {path} yet; it is made when something is first kept in it."""

    code = "state_missing"


class StateDamaged(StateError):
    """The state {path} is damaged ({reason}); type `stash-sense restore FILE` with a backup from {backups}."""

    code = "state_damaged"


class StateTooNew(StateError):
    """The state {path} was written by a newer Stash Sense (schema {schema}, this one knows up to {known}); update the
    program, or name another data folder.
    """

    code = "state_too_new"


class StateForeign(StateError):
    """{path} was not made by this program ({reason}) and is left alone; move it away, or name another data folder."""

    code = "state_foreign"


class StateBusy(StateError):
    """The state {path} is in use by another process ({reason}); try again when that has ended."""

    code = "state_busy"


class BackupError(StashSenseError):
    """A backup of the state cannot be made or used."""

    code = "backup_error"


class BackupUnusable(BackupError):
    """{path} cannot be restored ({reason}); the state is as it was."""

    code = "backup_unusable"


class BackupPlaceTaken(BackupError):
    """{path} is there and is no backup of Stash Sense; choose another name."""

    code = "backup_place_taken"


class BackupFolderMissing(BackupError):
    """There is no folder {folder} to write the backup into; make it, or choose another."""

    code = "backup_folder_missing"


class StateNotWhole(StateError):
    """The state of the service is not whole ({faults}); nothing was changed, restore a backup of it."""

    code = "state_not_whole"
