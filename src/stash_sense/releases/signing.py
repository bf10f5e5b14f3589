"""Signatures as minisign writes them: from bytes and a secret key to a `.minisig`, and back to a trusted key.

untrusted comment: anything
base64 of: ED (or Ed), id of the key, signature of the file's BLAKE2b-512 (or of the file itself)
trusted comment: anything
base64 of the signature of: the signature above, then the trusted comment
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from stash_sense.errors import SignatureMissing, SignatureUnreadable, SignatureWrong, SignerUntrusted
from stash_sense.releases.keys import UNTRUSTED, Ed25519, PublicKey, SecretKey, decoded, key_id

SIGNATURE_SUFFIX = ".minisig"
SIGNATURE_BYTES = 16_384
"""Most bytes of a signature file that are read; minisign allows comments of 1,024 and 8,192."""
_PREHASHED, _LEGACY = b"ED", b"Ed"
_TRUSTED = "trusted comment: "


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature file says, believed by nobody yet.

    Attributes:
        prehashed: what is signed is the BLAKE2b-512 of the file instead of the file.
        number: 8 bytes, id of the key.
        signature: 64 bytes.
        comment: that is signed too.
        comment_signature: 64 bytes, over signature and comment.
    """

    prehashed: bool
    number: bytes
    signature: bytes
    comment: str
    comment_signature: bytes

    def to_file(self) -> bytes:
        """Write it as a signature file."""
        first = base64.b64encode((_PREHASHED if self.prehashed else _LEGACY) + self.number + self.signature).decode()
        last = base64.b64encode(self.comment_signature).decode()
        untrusted = f"signature from secret key {key_id(self.number)}"
        return f"{UNTRUSTED}{untrusted}\n{first}\n{_TRUSTED}{self.comment}\n{last}\n".encode()


def sign(content: bytes, key: SecretKey, ed25519: Ed25519, comment: str) -> bytes:
    """Sign some bytes; returns the signature file.

    Args:
        content: of the file.
        key: of the publisher.
        ed25519: makes the signature.
        comment: one line, signed too; when and what, say.
    """
    if any(end in comment for end in "\r\n\0"):
        raise ValueError("a comment is one line")
    signature = ed25519.sign(key.key, _message(content, prehashed=True))
    comment_signature = ed25519.sign(key.key, signature + comment.encode())
    return Signature(True, key.number, signature, comment, comment_signature).to_file()


def verify(
    content: bytes, signature: bytes | None, trusted: Iterable[PublicKey], ed25519: Ed25519, name: str
) -> PublicKey:
    """Make sure that somebody who is trusted signed some bytes; returns the key.

    Args:
        content: of the file.
        signature: content of its signature file; None where there is none.
        trusted: keys of the publishers whom the user trusts.
        ed25519: checks the signature.
        name: of the file, for errors.

    Raises:
        SignatureMissing: there is no signature.
        SignatureUnreadable: it is no signature file.
        SignerUntrusted: it was made with another key.
        SignatureWrong: it says that it was made with a trusted key, but of other bytes or not with that key.
    """
    if not signature:
        raise SignatureMissing(name=name)
    parsed = read_signature(signature, name)
    keys = [key for key in trusted if key.number == parsed.number]
    if not keys:
        raise SignerUntrusted(name=name, key=key_id(parsed.number))
    message = _message(content, parsed.prehashed)
    signed_comment = parsed.signature + parsed.comment.encode()
    for key in keys:
        if ed25519.verify(key.key, message, parsed.signature) and ed25519.verify(
            key.key, signed_comment, parsed.comment_signature
        ):
            return key
    raise SignatureWrong(name=name, key=key_id(parsed.number))


def read_signature(content: bytes, name: str) -> Signature:
    """Read a signature file; `name` is that of the file it is about.

    Raises:
        SignatureUnreadable: it is no signature file.
    """
    try:
        return _signature(content)
    except ValueError as error:
        raise SignatureUnreadable(name=name, reason=str(error)) from error


def _signature(content: bytes) -> Signature:
    if len(content) > SIGNATURE_BYTES:
        raise ValueError(f"it has more than {SIGNATURE_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    lines = text.removesuffix("\n").replace("\r\n", "\n").removesuffix("\r").split("\n")
    if len(lines) != 4 or not lines[0].startswith(UNTRUSTED) or not lines[2].startswith(_TRUSTED):
        raise ValueError("it does not have its two comments and two lines")
    first, last = decoded(lines[1], 74), decoded(lines[3], 64)
    if first[:2] not in (_PREHASHED, _LEGACY):
        raise ValueError("it is of another kind")
    return Signature(first[:2] == _PREHASHED, first[2:10], first[10:], lines[2].removeprefix(_TRUSTED), last)


def _message(content: bytes, prehashed: bool) -> bytes:
    return hashlib.blake2b(content).digest() if prehashed else content
