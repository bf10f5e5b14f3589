"""The root of all errors, and those that any work can meet: being stopped, the disk, a setting."""

import inspect
import re
from typing import ClassVar

__all__ = [
    "BuildStopped",
    "Cancelled",
    "DiskFull",
    "FileUnusable",
    "NotConfirmed",
    "NotWritable",
    "SettingInvalid",
    "StashSenseError",
    "StorageError",
]


_COMMAND = re.compile(r"`(stash-sense [^`]+)`")


class StashSenseError(Exception):
    """Something went wrong that Stash Sense has no better word for."""

    code: ClassVar[str] = "error"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(fields)

    def __str__(self) -> str:
        sentence = inspect.cleandoc(type(self).__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
        return sentence.format_map(self.fields)

    @property
    def cause(self) -> str:
        """The sentence without what it says should be done, and without its full stop."""
        return str(self).rsplit("; ", 1)[0].rstrip(".")

    @property
    def command(self) -> str:
        """The command that the sentence names; empty where it names none."""
        named = _COMMAND.search(str(self))
        return named[1] if named else ""


class Cancelled(StashSenseError):
    """Stopped before it was finished; what was there before is unharmed. Do it again to finish it."""

    code = "cancelled"


class BuildStopped(Cancelled):
    """Stopped before it was finished. What was described is kept, and the same command goes on there; what was in use
    still is."""

    code = "build_stopped"


class StorageError(StashSenseError):
    """{path} cannot be written."""

    code = "storage_error"


class DiskFull(StorageError):
    """The disk that holds {path} is full; free some space and try again. Nothing half-written was kept."""

    code = "disk_full"


class NotWritable(StorageError):
    """{path} cannot be written ({reason}); choose another place, or mend that."""

    code = "not_writable"


class FileUnusable(StashSenseError):
    """{path} cannot be used ({reason}); mend that, or name another place."""

    code = "file_unusable"


class NotConfirmed(StashSenseError):
    """{what}; repeat with --yes if that is meant, for nobody can be asked here."""

    code = "not_confirmed"


class SettingInvalid(StashSenseError):
    """{name} cannot be {value}: {reason}."""

    code = "setting_invalid"
