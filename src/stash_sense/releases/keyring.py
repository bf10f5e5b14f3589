"""Whose signatures count: keys of the settings, and those in a folder of the user's; and the user's own key."""

import re
from pathlib import Path

from stash_sense.errors import FileUnusable, InputMissing, PublicKeyUnreadable, SettingInvalid
from stash_sense.files import storage_errors, write_atomically
from stash_sense.releases.keys import PUBLIC_SUFFIX, Ed25519, PublicKey, SecretKey, generate_keys, read_public_key
from stash_sense.releases.keys import read_secret_key as read_secret_key_file

_OWN = "publisher.key"
_FILE_BYTES = 4096
"""Most bytes of a public key's file that are read: a comment and a line."""


class KeyRing:
    """The keys of one data folder. A key that was made here is trusted here.

    Args:
        folder: holds public keys as `*.pub`, and the user's own secret key.
        trusted: public keys of the settings, apart by spaces or commas.
    """

    def __init__(self, folder: Path, trusted: str = "") -> None:
        self.folder = folder
        self._trusted = trusted

    @property
    def own(self) -> Path:
        """Where the user's own secret key is, or would be."""
        return self.folder / _OWN

    def own_id(self) -> str | None:
        """Return the id of the user's own key, as its public half beside it tells; None where there is none."""
        kept = self._kept().get(self.own.with_suffix(PUBLIC_SUFFIX))
        return kept.id if isinstance(kept, PublicKey) and self.own.exists() else None

    def trusted(self) -> list[PublicKey]:
        """Return all keys that count, each once; files that are no keys are passed over, see `faults`.

        Raises:
            SettingInvalid: the setting holds something else than keys.
            FileUnusable: the folder cannot be looked into.
        """
        keys: dict[str, PublicKey] = {}
        for text in re.split(r"[\s,]+", self._trusted.strip()):
            if text:
                key = _of_setting(text)
                keys[str(key)] = key
        for kept in self._kept().values():
            if isinstance(kept, PublicKey):
                keys[str(kept)] = kept
        return list(keys.values())

    def faults(self) -> list[PublicKeyUnreadable]:
        """Return what is the matter with each file of the folder that should be a key; raises as `trusted` does."""
        return [kept for kept in self._kept().values() if isinstance(kept, PublicKeyUnreadable)]

    def _kept(self) -> dict[Path, PublicKey | PublicKeyUnreadable]:
        found: dict[Path, PublicKey | PublicKeyUnreadable] = {}
        try:
            paths = sorted(self.folder.glob(f"*{PUBLIC_SUFFIX}"))
        except OSError as error:
            raise FileUnusable(path=self.folder, reason=error.strerror or "it cannot be read") from error
        for path in paths:
            try:
                found[path] = _of_file(path)
            except PublicKeyUnreadable as error:
                found[path] = error
        return found

    def trust(self, text: str) -> PublicKey:
        """Let a publisher's signatures count from now on.

        Args:
            text: the key's line, which begins with RW, or the path of its file.

        Raises:
            PublicKeyUnreadable: it is no key.
            StorageError: it cannot be kept.
        """
        path = _file_named(text)
        key = read_public_key(text) if path is None else _of_file(path)
        write_atomically(self.folder / f"{key.id}{PUBLIC_SUFFIX}", key.to_file())
        return key

    def distrust(self, key_id: str) -> bool:
        """Let a publisher's signatures count no longer; whether a kept key was it.

        Args:
            key_id: its id, or the name of its file in the folder, such as one that cannot be read.

        Raises:
            FileUnusable: the folder cannot be looked into.
            SettingInvalid: the key is one of the settings, which only the user can change.
            StorageError: its file cannot be removed.
        """
        found = False
        for path, kept in self._kept().items():
            known = kept.id if isinstance(kept, PublicKey) else path.stem
            if known == key_id.upper() or path.name == key_id:
                with storage_errors(path):
                    path.unlink(missing_ok=True)
                found = True
        if any(key.id == key_id.upper() for key in self.trusted()):
            raise SettingInvalid(
                name="STASH_SENSE_TRUSTED_KEYS", value=f"without {key_id}", reason="take the key out of it yourself"
            )
        return found

    def make_own(self, ed25519: Ed25519, password: str | None = None, path: Path | None = None) -> PublicKey:
        """Make the key that this user signs releases with; raises as `generate_keys` does."""
        public = generate_keys(path or self.own, ed25519, password)
        if path is not None:
            self.trust(str(public))
        return public

    def read_own(self, password: str | None = None, path: Path | None = None) -> SecretKey:
        """Read the key that this user signs releases with; raises as `read_secret_key` does.

        Raises:
            InputMissing: there is no file of the name that was given.
        """
        if path is not None and not path.exists():
            raise InputMissing(path=path)
        return read_secret_key_file(path or self.own, password)


def _of_setting(text: str) -> PublicKey:
    try:
        return read_public_key(text)
    except PublicKeyUnreadable as error:
        reason = str(error.fields["reason"])
        raise SettingInvalid(name="STASH_SENSE_TRUSTED_KEYS", value=repr(text), reason=reason) from error


def _file_named(text: str) -> Path | None:
    """Return the file that a text is the path of; None where it is something else."""
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    except (OSError, RuntimeError):  # too long for a name, or the home of a user who is not there
        return None


def _of_file(path: Path) -> PublicKey:
    try:
        with path.open("rb") as file:
            return read_public_key(file.read(_FILE_BYTES).decode("utf-8"))
    except PublicKeyUnreadable as error:
        raise PublicKeyUnreadable(path=path, reason=error.fields["reason"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PublicKeyUnreadable(path=path, reason="it cannot be read") from error
