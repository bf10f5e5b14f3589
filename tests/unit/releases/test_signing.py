import base64

import pytest
from tests.security.releases.made_releases import ED25519, new_key
from tests.unit.releases.test_keys import MINISIGN_PUBLIC

from stash_sense.errors import SignatureMissing, SignatureUnreadable, SignatureWrong, SignerUntrusted
from stash_sense.releases.keys import PublicKey, SecretKey, read_public_key
from stash_sense.releases.signing import read_signature, sign, verify

MESSAGE = b"hello\n"
MINISIGN = b"""untrusted comment: signature from minisign secret key
RUR0c3dC7oY0vSyXZTAbu8oL91mzINCVrKGcGv28bXlLCMHT9+4oZY1RXrKEj1Ent+yKF5DQx0YkZfUOJ2QgVOznY8g3LihDtgk=
trusted comment: timestamp:1795384307\tfile:m\thashed
R1Rz5EqIqs2zll/YwWE2rN17Hyg0OtBk4+as04gM8LDnX7on0BicLIQV7gagAiXeV2T+jKuI9TlnGsNQhn0cAA==
"""
MINISIGN_LEGACY = b"""untrusted comment: signature from minisign secret key
RWR0c3dC7oY0vUYLyPbPX+BC0VTn+SzL4zt3CNTktgyti79ni5y3828xK+T+TAs9ikSZppd+PL0Vcf6B1XggnxDHUtvKtbB2TAM=
trusted comment: timestamp:1795384307\tfile:m
tzrtV/SA+aoo6JxS2gh16yuXBd1cP0hHPx8g7vBdBEBJudl6ODzDaXCfHUaHNyBZl7i4KD3Ppl9OG69Vwz92Bw==
"""
"""What minisign 0.11 made of `MESSAGE`, in the form of today and in that of old."""
TRUSTED = read_public_key(MINISIGN_PUBLIC)


@pytest.mark.parametrize("signature", [MINISIGN, MINISIGN_LEGACY])
def test_signatures_of_minisign_are_good(signature: bytes) -> None:
    assert verify(MESSAGE, signature, [TRUSTED], ED25519, "m") == TRUSTED
    assert verify(MESSAGE, signature.replace(b"\n", b"\r\n"), [TRUSTED], ED25519, "m") == TRUSTED
    with pytest.raises(SignatureWrong):
        verify(MESSAGE + b"\n", signature, [TRUSTED], ED25519, "m")


def test_what_is_signed_can_be_verified_by_those_who_trust_the_key() -> None:
    key = new_key()
    signature = sign(MESSAGE, key, ED25519, "timestamp:1\tfile:m\thashed")
    assert verify(MESSAGE, signature, [TRUSTED, key.public], ED25519, "m") == key.public
    assert read_signature(signature, "m").prehashed
    assert read_signature(signature, "m").comment == "timestamp:1\tfile:m\thashed"
    assert read_signature(signature, "m").to_file() == signature


def test_equal_bytes_have_equal_signatures() -> None:
    key = new_key()
    assert sign(MESSAGE, key, ED25519, "c") == sign(MESSAGE, key, ED25519, "c")


@pytest.mark.parametrize("signature", [None, b""])
def test_what_is_not_signed(signature: bytes | None) -> None:
    with pytest.raises(SignatureMissing):
        verify(MESSAGE, signature, [TRUSTED], ED25519, "m")


def test_nobody_is_trusted_by_default() -> None:
    with pytest.raises(SignerUntrusted, match="BD3486EE42777374"):
        verify(MESSAGE, MINISIGN, [], ED25519, "m")


def test_another_key_of_the_same_id_does_not_do() -> None:
    impostor = PublicKey(TRUSTED.number, new_key().public.key)
    with pytest.raises(SignatureWrong):
        verify(MESSAGE, MINISIGN, [impostor], ED25519, "m")
    assert verify(MESSAGE, MINISIGN, [impostor, TRUSTED], ED25519, "m") == TRUSTED


def test_a_signature_is_not_good_under_another_id() -> None:
    key = new_key()
    renamed = sign(MESSAGE, SecretKey(TRUSTED.number, key.key), ED25519, "c")
    with pytest.raises(SignatureWrong):
        verify(MESSAGE, renamed, [TRUSTED, key.public], ED25519, "m")


def test_a_trusted_comment_cannot_be_changed() -> None:
    with pytest.raises(SignatureWrong):
        verify(MESSAGE, MINISIGN.replace(b"1795384307", b"1795384308"), [TRUSTED], ED25519, "m")


def test_the_form_of_a_signature_cannot_be_changed() -> None:
    for signature, other in ((MINISIGN, b"RWR0"), (MINISIGN_LEGACY, b"RUR0")):
        lines = signature.split(b"\n")
        lines[1] = other + lines[1][4:]
        with pytest.raises(SignatureWrong):
            verify(MESSAGE, b"\n".join(lines), [TRUSTED], ED25519, "m")


def with_line(place: int, line: bytes) -> bytes:
    lines = MINISIGN.split(b"\n")
    lines[place] = line
    return b"\n".join(lines)


@pytest.mark.parametrize(
    "signature",
    [
        b"x",
        b"\xff",
        b"\n\n\n",
        MINISIGN.removesuffix(b"A==\n"),
        MINISIGN + b"\nmore",
        MINISIGN + b"x" * 20_000,
        b"\n" + MINISIGN,
        MINISIGN + MINISIGN,
        with_line(0, b"comment: x"),
        with_line(2, b"comment: x"),
        with_line(1, b""),
        with_line(1, base64.b64encode(b"Ed" + bytes(71))),
        with_line(1, base64.b64encode(b"XX" + bytes(72))),
        with_line(1, MINISIGN.split(b"\n")[1] + b" "),
        with_line(1, MINISIGN.split(b"\n")[1].replace(b"=", b"")),
        with_line(3, MINISIGN.split(b"\n")[3].replace(b"AA==", b"AB==")),
        with_line(3, b"AAAA"),
    ],
)
def test_what_is_no_signature(signature: bytes) -> None:
    with pytest.raises(SignatureUnreadable):
        verify(MESSAGE, signature, [TRUSTED], ED25519, "m")


@pytest.mark.parametrize("comment", ["two\nlines", "a\rb", "nothing\0"])
def test_a_comment_has_one_line(comment: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        sign(MESSAGE, new_key(), ED25519, comment)
