import base64
import os
import stat
import struct
from pathlib import Path

import pytest
from tests.security.releases.made_releases import ED25519

from stash_sense.errors import (
    NotWritable,
    PublicKeyUnreadable,
    SigningKeyExists,
    SigningKeyMissing,
    SigningKeyUnreadable,
    SigningPasswordNeeded,
    SigningPasswordWrong,
)
from stash_sense.releases.keys import SecretKey, generate_keys, read_public_key, read_secret_key

MINISIGN_PUBLIC = """untrusted comment: minisign public key BD3486EE42777374
RWR0c3dC7oY0vb1N+DIwM0u3eQ7i6Ofs37ZIH6VDwEWVoRVImowUNPi7
"""
MINISIGN_KEY_FILE = """untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAdHN3Qu6GNL1AlqZ7VIbg84PLktdOo9k+9PkBsPDQX1VN\
tC8VKvd3/L1N+DIwM0u3eQ7i6Ofs37ZIH6VDwEWVoRVImowUNPi7AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
"""
"""A pair that minisign 0.11 made, without a password."""
LINE = MINISIGN_PUBLIC.splitlines()[1]


def test_a_public_key_is_read_from_its_line_and_from_its_file() -> None:
    key = read_public_key(LINE)
    assert read_public_key(MINISIGN_PUBLIC) == key
    assert read_public_key(f"  {LINE}\r\n") == key
    assert key.id == "BD3486EE42777374"
    assert str(key) == LINE


def test_a_public_key_is_written_as_it_is_read() -> None:
    key = read_public_key(LINE)
    assert key.to_file().decode().splitlines() == ["untrusted comment: public key BD3486EE42777374", LINE]
    assert read_public_key(key.to_file().decode()) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RW",
        LINE[:-1],
        LINE + "A",
        LINE.replace("RW", "RX", 1),
        f"{LINE}\n{LINE}",
        f"a comment\n{LINE}",
        LINE.replace("/", "_").replace("+", "-"),
        "RWR0c3dC7oY0vb1N DIwM0u3eQ7i6Ofs37ZIH6VDwEWVoRVImowUNPi7",
        "RWŔ0",
        base64.b64encode(b"Ed" + bytes(41)).decode(),
        base64.b64encode(b"ED" + bytes(40)).decode(),
        "x" * 100_000,
    ],
)
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(PublicKeyUnreadable) as raised:
        read_public_key(text)
    assert len(str(raised.value)) < 300


def test_a_secret_key_of_minisign_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text(MINISIGN_KEY_FILE)
    key = read_secret_key(tmp_path / "a.key")
    assert key.public == read_public_key(MINISIGN_PUBLIC)
    assert ED25519.verify(key.public.key, b"message", ED25519.sign(key.key, b"message"))


def test_new_keys_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    os.umask(os.umask(0o077) & 0o022)
    public = generate_keys(tmp_path / "new" / "performers.key", ED25519)
    secret_file, public_file = tmp_path / "new" / "performers.key", tmp_path / "new" / "performers.pub"
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    assert read_public_key(public_file.read_text()) == public
    assert read_secret_key(secret_file).public == public
    assert read_secret_key(secret_file, "a password that is not needed").public == public


def test_two_pairs_of_keys_are_two(tmp_path: Path) -> None:
    first, second = (generate_keys(tmp_path / name, ED25519) for name in ("a.key", "b.key"))
    assert first.key != second.key
    assert first.number != second.number


def test_a_password_protects_a_secret_key(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    public = generate_keys(path, ED25519, "pass wörd")
    assert read_secret_key(path, "pass wörd").public == public
    with pytest.raises(SigningPasswordWrong):
        read_secret_key(path, "pass word")
    with pytest.raises(SigningPasswordNeeded):
        read_secret_key(path)


@pytest.mark.parametrize("there", ["a.key", "a.pub"])
def test_a_key_that_is_there_is_never_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(SigningKeyExists):
        generate_keys(tmp_path / "a.key", ED25519)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {there: "precious"}


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SigningKeyExists):
        generate_keys(tmp_path / "a.key", ED25519)
    assert not (tmp_path / "elsewhere").exists()


def test_a_secret_key_is_not_called_as_public_keys_are(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyUnreadable, match="ending"):
        generate_keys(tmp_path / "a.pub", ED25519)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_key_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable):
        generate_keys(tmp_path / "file" / "a.key", ED25519)


def test_a_key_that_is_missing_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyMissing, match="db key new"):
        read_secret_key(tmp_path / "a.key")


def protected(operations: int, memory: int) -> bytes:
    content = struct.pack("<2s2s2s32sQQ104s", b"Ed", b"Sc", b"B2", bytes(32), operations, memory, bytes(104))
    return b"untrusted comment: x\n" + base64.b64encode(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xff",
        MINISIGN_PUBLIC.encode(),
        MINISIGN_KEY_FILE.encode()[:-10],
        MINISIGN_KEY_FILE.replace("RWQAAEIy", "RWQAAEIz").encode(),
        MINISIGN_KEY_FILE.replace("RWQAAEIy", "RWRTY0Iz").encode(),
        MINISIGN_KEY_FILE.replace("RWQAAEIy", "RXQAAEIy").encode(),
        MINISIGN_KEY_FILE.replace("AAAAA=", "AAAAE=").encode(),
        MINISIGN_KEY_FILE.encode() + b"\n" * 10_000,
        protected(2**62, 2**62),
        protected(2**26, 2**40),
        protected(2**62, 0),
    ],
)
def test_what_is_no_secret_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.key").write_bytes(content)
    with pytest.raises(SigningKeyUnreadable):
        read_secret_key(tmp_path / "a.key", "password")


def test_a_folder_is_no_secret_key(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyUnreadable):
        read_secret_key(tmp_path)


@pytest.mark.parametrize(("operations", "memory"), [(0, 0), (2**15, 2**20), (2**19, 2**24), (2**20, 2**14)])
def test_a_protected_key_costs_what_it_says(tmp_path: Path, operations: int, memory: int) -> None:
    (tmp_path / "a.key").write_bytes(protected(operations, memory))
    with pytest.raises(SigningPasswordWrong):
        read_secret_key(tmp_path / "a.key", "password")


def test_a_secret_key_does_not_show_itself() -> None:
    key = SecretKey(b"12345678", b"secret, secret, secret, secret, " * 2)
    assert "secret," not in repr(key)
