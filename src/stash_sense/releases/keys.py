"""Keys to sign and verify releases with, in the files and lines that minisign writes and reads.

A public key is `Ed`, 8 bytes of id and 32 of key in base64, which begins with RW. A secret key file holds
`Ed`, how it is protected (two zeros, or `Sc` for scrypt), `B2`, a salt of 32 bytes, two numbers that say what scrypt
may cost, then id, secret key (64 bytes) and a checksum of 32, protected by xor with what scrypt gives.
See https://jedisct1.github.io/minisign/.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stash_sense.errors import (
    PublicKeyUnreadable,
    SigningKeyExists,
    SigningKeyMissing,
    SigningKeyUnreadable,
    SigningPasswordNeeded,
    SigningPasswordWrong,
)
from stash_sense.files import flush_folder, storage_errors

ALGORITHM = b"Ed"
PUBLIC_SUFFIX = ".pub"
UNTRUSTED = "untrusted comment: "
_UNPROTECTED, _SCRYPT, _CHECKSUM = b"\0\0", b"Sc", b"B2"
_SECRET_FORM = struct.Struct("<2s2s2s32sQQ8s64s32s")
_KEY_FILE_BYTES = 4096
"""A key file has 300 bytes, and a comment of at most 1024."""
_SCRYPT_OPERATIONS, _SCRYPT_MEMORY = 2**22, 2**27
"""What scrypt may cost for the keys made here: 128 MB and half a second. minisign's own take 1 GB, which a small
machine does not have; both are read by both."""
_MOST_OPERATIONS, _MOST_MEMORY = 2**28, 2**30 + 2**20
"""What opening a key may cost: eight times the time of minisign's own keys, and their memory."""


class Ed25519(Protocol):
    """Ed25519 signatures (RFC 8032)."""

    def keypair(self) -> tuple[bytes, bytes]:
        """Make a new pair: the public key, 32 bytes, and the secret one, 64 bytes: seed, then public key."""

    def sign(self, secret: bytes, message: bytes) -> bytes:
        """Sign with a secret key of 64 bytes: a signature of 64 bytes."""

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the owner of a public key made a signature of a message; any bytes may be asked about."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whom to trust: 8 bytes of id, which only help to find the key, and 32 bytes of Ed25519 key."""

    number: bytes
    key: bytes

    @property
    def id(self) -> str:
        """The id as people read it: 16 hexadecimal digits, as minisign shows it."""
        return key_id(self.number)

    def __str__(self) -> str:
        return base64.b64encode(ALGORITHM + self.number + self.key).decode()

    def to_file(self) -> bytes:
        """Write it as a public key file."""
        return f"{UNTRUSTED}public key {self.id}\n{self}\n".encode()


@dataclass(frozen=True, slots=True)
class SecretKey:
    """What releases are signed with: the id of its public key, and 64 bytes, the last 32 of which are public."""

    number: bytes
    key: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The key that others verify with."""
        return PublicKey(self.number, self.key[32:])

    def to_file(self, password: str | None = None) -> bytes:
        """Write it as a secret key file, protected by a password where one is given."""
        payload = self.number + self.key + _checksum(self.number + self.key)
        protection, salt, operations, memory = _UNPROTECTED, bytes(32), 0, 0
        if password is not None:
            protection, salt, operations, memory = _SCRYPT, os.urandom(32), _SCRYPT_OPERATIONS, _SCRYPT_MEMORY
            payload = _xor(payload, _stream(password, salt, operations, memory))
        content = struct.pack("<2s2s2s32sQQ", ALGORITHM, protection, _CHECKSUM, salt, operations, memory) + payload
        kind = "secret key" if password is None else "encrypted secret key"
        return f"{UNTRUSTED}{kind} {self.public.id}\n{base64.b64encode(content).decode()}\n".encode()


def key_id(number: bytes) -> str:
    """Return the id of a key as people read it: its 8 bytes backwards, as minisign shows it."""
    return number[::-1].hex().upper()


def decoded(line: str, size: int) -> bytes:
    """Decode a line of base64 that stands for so many bytes.

    Raises:
        ValueError: it does not, or is written in another way than everybody writes it.
    """
    try:
        content = base64.b64decode(line.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("a line of it is not base64") from error
    if len(content) != size:
        raise ValueError(f"a line of it stands for {len(content)} bytes instead of {size}")
    if base64.b64encode(content).decode() != line:
        raise ValueError("a line of it is not base64 as it is written")
    return content


def read_public_key(text: str) -> PublicKey:
    """Read a public key from its line (`RW…`) or from the content of its file.

    Raises:
        PublicKeyUnreadable: it is none.
    """
    lines = text.strip().splitlines()
    if len(lines) == 2 and lines[0].startswith(UNTRUSTED):
        lines = lines[1:]
    shown = " ".join(lines)[:80] or "nothing"
    if len(lines) != 1:
        raise PublicKeyUnreadable(path=shown, reason="it is not a line, or a comment and a line")
    try:
        content = decoded(lines[0].strip(), 42)
    except ValueError as error:
        raise PublicKeyUnreadable(path=shown, reason=str(error)) from error
    if content[:2] != ALGORITHM:
        raise PublicKeyUnreadable(path=shown, reason="it is of another kind")
    return PublicKey(content[2:10], content[10:])


def read_secret_key(path: Path, password: str | None = None) -> SecretKey:
    """Read a secret key file, of this program or of minisign.

    Raises:
        SigningKeyMissing: there is no such file.
        SigningKeyUnreadable: it is no secret key file.
        SigningPasswordNeeded: it is protected, and no password was given.
        SigningPasswordWrong: it does not open with that password.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_KEY_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise SigningKeyMissing(path=path) from error
    except OSError as error:
        raise SigningKeyUnreadable(path=path, reason=error.strerror or "it cannot be read") from error
    try:
        return _secret_key(content, path, password)
    except ValueError as error:
        raise SigningKeyUnreadable(path=path, reason=str(error)) from error


def generate_keys(path: Path, ed25519: Ed25519, password: str | None = None) -> PublicKey:
    """Make a pair of keys and write the secret one to `path`, for its owner's eyes only, the public one beside it.

    The public key's file has the same name with `.pub` instead of what follows the last dot.

    Raises:
        SigningKeyExists: one of the two files is there already; both stay as they are.
        StorageError: neither file is left behind.
    """
    public, secret = ed25519.keypair()
    key = SecretKey(os.urandom(8), secret)
    public_path = path.with_suffix(PUBLIC_SUFFIX)
    if public_path == path:
        raise SigningKeyUnreadable(path=path, reason=f"{PUBLIC_SUFFIX} is the ending of public keys")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    _write_new(path, key.to_file(password), 0o600)
    try:
        _write_new(public_path, PublicKey(key.number, public).to_file(), 0o644)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return key.public


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with storage_errors(path):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise SigningKeyExists(path=path) from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            flush_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _secret_key(content: bytes, path: Path, password: str | None) -> SecretKey:
    """Read the content of a secret key file; a ValueError says why it cannot be read."""
    try:
        lines = content.decode("utf-8").strip().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    if len(content) > _KEY_FILE_BYTES or len(lines) != 2 or not lines[0].startswith(UNTRUSTED):
        raise ValueError("it is not a comment and a line")
    algorithm, protection, checksum, salt, operations, memory, number, key, check = _SECRET_FORM.unpack(
        decoded(lines[1], _SECRET_FORM.size)
    )
    if algorithm != ALGORITHM or checksum != _CHECKSUM or protection not in (_UNPROTECTED, _SCRYPT):
        raise ValueError("it is of another kind")
    if protection == _UNPROTECTED:
        # minisign writes zeros for the checksum of a key without a password.
        if check not in (bytes(32), _checksum(number + key)):
            raise ValueError("it is damaged")
        return SecretKey(number, key)
    if password is None:
        raise SigningPasswordNeeded(path=path)
    opened = _xor(number + key + check, _stream(password, salt, operations, memory))
    if not hmac.compare_digest(opened[72:], _checksum(opened[:72])):
        raise SigningPasswordWrong(path=path)
    return SecretKey(opened[:8], opened[8:72])


def _checksum(number_and_key: bytes) -> bytes:
    return hashlib.blake2b(ALGORITHM + number_and_key, digest_size=32).digest()


def _xor(content: bytes, stream: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(content, stream, strict=True))


def _stream(password: str, salt: bytes, operations: int, memory: int) -> bytes:
    """Derive 104 bytes from a password; a ValueError says that this machine should not do so.

    The cost is written as libsodium does: so many operations and bytes, of which scrypt's N, r and p follow.
    """
    r = 8
    operations = max(operations, 2**15)
    many = operations >= memory // 32
    most_n = memory // (128 * r) if many else operations // (4 * r)
    n = 2
    while n <= most_n // 2:
        n *= 2
    p = max(1, operations // (4 * n * r)) if many else 1
    needed = 128 * r * (n + p + 2)
    if operations > _MOST_OPERATIONS or needed > _MOST_MEMORY:
        raise ValueError("opening it would take more memory or time than any key should")
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=needed + 2**20, dklen=104)
