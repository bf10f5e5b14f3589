"""The first bytes of a file that a user named, with what can be wrong with it said in the user's words."""

import stat
from pathlib import Path

from stash_sense.errors import InputEmpty, InputError, InputMissing, InputUnreadable
from stash_sense.media.address import Address
from stash_sense.media.kinds import HEAD_BYTES


def read_head(path: Path) -> bytes:
    """Read as many bytes as `kinds.kind_of` needs.

    Raises:
        InputError: the file is missing, empty, not a regular file (a pipe would block), or cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            reason = "it is a folder" if path.is_dir() else "it is not a regular file"
            raise InputUnreadable(path=path, reason=reason)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not head:
        raise InputEmpty(path=path)
    return head


def unreadable(path: Path | Address, error: Exception) -> InputError:
    """Say in the user's words why a file could not be opened or read; ValueError is a NUL in its name."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return InputMissing(path=path)
    reason = error.strerror if isinstance(error, OSError) else None
    return InputUnreadable(path=path, reason=reason or str(error) or type(error).__name__)
