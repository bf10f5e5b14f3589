"""The token file: made at first start, readable by its owner alone, looked at anew whenever it changes."""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import TokenUnusable
from stash_sense.files import storage_errors

TOKEN_NAME = "token"  # noqa: S105 - the file's name
_BYTES = 32
_PERMISSIONS = 0o600
_USABLE = re.compile(r"[A-Za-z0-9._~+/=-]{20,200}")
"""What a bearer token may be made of (RFC 6750), at a length that nobody guesses."""


@dataclass(frozen=True, slots=True)
class EnsuredToken:
    """The token, and whether this call has made it."""

    token: str
    is_new: bool


class TokenFile:
    """The file that holds the token, as one line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def below(cls, data_dir: Path) -> "TokenFile":
        """Return the token file of a data folder."""
        return cls(data_dir / TOKEN_NAME)

    def ensure(self) -> EnsuredToken:
        """Return the token; where there is none it is made.

        A file that others may read is closed to them.

        Raises:
            TokenUnusable: the file holds something else, or cannot be read.
            StorageError: it cannot be written.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return EnsuredToken(self._read_privately(), is_new=False)
        part = self._written()
        with storage_errors(self.path):
            try:
                os.link(part, self.path)
            except FileExistsError:
                pass  # another process was faster
            except OSError:  # a file system without links
                part.replace(self.path)
            finally:
                part.unlink(missing_ok=True)
        return EnsuredToken(self._read_privately(), is_new=True)

    def rotate(self) -> str:
        """Put a new token in the place of the old one, and return it.

        Raises:
            StorageError: it cannot be written; the old one stays.
        """
        part = self._written()
        with storage_errors(self.path):
            part.replace(self.path)
        return self.read()

    def read(self) -> str:
        """Return the token.

        Raises:
            FileNotFoundError: there is none.
            TokenUnusable: the file holds something else, or cannot be read.
        """
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise TokenUnusable(path=self.path, reason=reason or "it is not plain text") from error
        if not _USABLE.fullmatch(text):
            reason = "a token is one word of 20 to 200 letters, digits and signs"
            raise TokenUnusable(path=self.path, reason=reason)
        return text

    def stamp(self) -> tuple[int, int, int]:
        """Return what changes whenever the file does, and costs one look at the disk."""
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_ino, status.st_size)

    def _read_privately(self) -> str:
        if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            with contextlib.suppress(
                OSError
            ):  # a secret mounted read-only, or another owner's: it is theirs to close
                self.path.chmod(_PERMISSIONS)
        return self.read()

    def _written(self) -> Path:
        """Write a new token beside the file; nobody else may read it at any moment."""
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PERMISSIONS)
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                out.write(f"{secrets.token_urlsafe(_BYTES)}\n")
                out.flush()
                os.fsync(out.fileno())
        return part


class TokenKeeper:
    """Knows the token of a running service: the file is read again when it has changed.

    Any number of threads may use it at once; it looks at the disk, so not the event loop's.
    """

    def __init__(self, file: TokenFile) -> None:
        self._file = file
        self._known: tuple[tuple[int, int, int], str | None] = ((-1, -1, -1), None)
        self._seen: tuple[str, ...] = ()

    def current(self) -> str | None:
        """Return the token; None where there is none that can be used, and then nobody is let in."""
        stamp, token = self._known
        now = self._file.stamp()
        if now != stamp:
            try:
                token = self._file.read()
            except (FileNotFoundError, TokenUnusable):
                token = None
            if token is not None and token not in self._seen:
                self._seen = (*self._seen[-9:], token)
            self._known = (now, token)
        return token

    def secrets(self) -> tuple[str, ...]:
        """Return the last tokens that were known here, for them to be kept out of logs; does not look at the disk."""
        return self._seen


def is_same(offered: str, secret: str) -> bool:
    """Compare two words in a time that tells nothing of either, not even how long they are."""
    left, right = (hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest() for word in (offered, secret))
    return hmac.compare_digest(left, right)
