"""Ed25519 by PyNaCl."""

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey


class PyNaClEd25519:
    """Ed25519 (RFC 8032) of libsodium; implements `releases.keys.Ed25519`."""

    def keypair(self) -> tuple[bytes, bytes]:
        """Make a new pair: the public key, 32 bytes, and the secret one, 64 bytes: seed, then public key."""
        key = SigningKey.generate()
        public = bytes(key.verify_key)
        return public, bytes(key) + public

    def sign(self, secret: bytes, message: bytes) -> bytes:
        """Sign with a secret key of 64 bytes: a signature of 64 bytes."""
        # The public half is derived from the seed again: a secret key with a foreign public half would leak the seed.
        return SigningKey(secret[:32]).sign(message).signature

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the owner of a public key made a signature of a message."""
        try:
            VerifyKey(public).verify(message, signature)
        except (CryptoError, ValueError):
            return False
        return True
