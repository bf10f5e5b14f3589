"""minisign itself takes the keys and signatures made here, and the other way round."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.security.releases.made_releases import ED25519

from stash_sense.releases.keys import generate_keys, read_public_key, read_secret_key
from stash_sense.releases.signing import sign, verify

pytestmark = pytest.mark.skipif(shutil.which("minisign") is None, reason="the program minisign is not installed")


def minisign(folder: Path, *arguments: str, password: str = "") -> None:
    done = subprocess.run(
        ["minisign", *arguments], cwd=folder, input=password, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "message"
    file.write_bytes(b"a release\n")
    return file


@pytest.mark.parametrize("legacy", [[], ["-l"]])
def test_what_minisign_signs_is_good_here(message: Path, legacy: list[str]) -> None:
    folder = message.parent
    minisign(folder, "-G", "-W", "-p", "theirs.pub", "-s", "theirs.key")
    minisign(folder, "-S", "-W", *legacy, "-s", "theirs.key", "-m", "message")
    trusted = read_public_key((folder / "theirs.pub").read_text())
    signature = (folder / "message.minisig").read_bytes()
    assert verify(message.read_bytes(), signature, [trusted], ED25519, "message") == trusted
    assert read_secret_key(folder / "theirs.key").public == trusted


@pytest.mark.parametrize("password", [None, "a password"])
def test_what_is_signed_here_is_good_to_minisign_and_so_are_the_keys(message: Path, password: str | None) -> None:
    folder = message.parent
    public = generate_keys(folder / "ours.key", ED25519, password)
    signature = sign(message.read_bytes(), read_secret_key(folder / "ours.key", password), ED25519, "timestamp:1")
    (folder / "message.minisig").write_bytes(signature)
    minisign(folder, "-V", "-p", "ours.pub", "-m", "message")
    minisign(folder, "-V", "-P", str(public), "-m", "message")
    plain = ["-W"] if password is None else []
    minisign(folder, "-S", *plain, "-s", "ours.key", "-m", "message", "-x", "theirs", password=f"{password}\n")
    assert verify(message.read_bytes(), (folder / "theirs").read_bytes(), [public], ED25519, "message") == public
