"""What every implementation of Ed25519 must do; there is one."""

import pytest

from stash_sense.adapters.signing.pynacl import PyNaClEd25519
from stash_sense.releases.keys import Ed25519

KNOWN = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
            "b00d291612bb0c00"
        ),
    ),
]
"""Seed, public key, message and signature of RFC 8032, 7.1, tests 1 and 2."""


@pytest.fixture(params=[PyNaClEd25519])
def ed25519(request: pytest.FixtureRequest) -> Ed25519:
    made: Ed25519 = request.param()
    return made


@pytest.mark.parametrize(("seed", "public", "message", "signature"), KNOWN)
def test_known_signatures_come_out(ed25519: Ed25519, seed: str, public: str, message: str, signature: str) -> None:
    made = ed25519.sign(bytes.fromhex(seed + public), bytes.fromhex(message))
    assert made.hex() == signature
    assert ed25519.verify(bytes.fromhex(public), bytes.fromhex(message), made)


def test_a_new_pair_signs_and_verifies(ed25519: Ed25519) -> None:
    public, secret = ed25519.keypair()
    assert (len(public), len(secret)) == (32, 64)
    assert secret.endswith(public)
    signature = ed25519.sign(secret, b"message")
    assert len(signature) == 64
    assert ed25519.verify(public, b"message", signature)
    assert not ed25519.verify(public, b"another", signature)
    assert not ed25519.verify(ed25519.keypair()[0], b"message", signature)
    assert ed25519.keypair() != ed25519.keypair()


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\x01" + bytes(31), b"\xff" * 32, bytes(33)])
@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), b"\x01" + bytes(63), b"\xff" * 64, bytes(65)])
def test_any_bytes_may_be_asked_about(ed25519: Ed25519, public: bytes, signature: bytes) -> None:
    assert not ed25519.verify(public, b"message", signature)


def test_a_signature_has_one_form_only(ed25519: Ed25519) -> None:
    """Adding the order of the group to a signature's second half gives another that lax programs take for good."""
    public, secret = ed25519.keypair()
    signature = ed25519.sign(secret, b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    second = int.from_bytes(signature[32:], "little") + order
    assert not ed25519.verify(public, b"message", signature[:32] + second.to_bytes(32, "little"))
