from pathlib import Path

import pytest

from stash_sense.adapters.signing.pynacl import PyNaClEd25519
from stash_sense.errors import FileUnusable, PublicKeyUnreadable, SettingInvalid, SigningKeyExists
from stash_sense.releases.keyring import KeyRing
from stash_sense.releases.keys import PublicKey, SecretKey

ED25519 = PyNaClEd25519()


def new_key(number: bytes = b"01234567") -> PublicKey:
    return SecretKey(number, ED25519.keypair()[1]).public


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


def test_nobody_is_trusted_at_first(ring: KeyRing) -> None:
    assert ring.trusted() == []


def test_a_key_is_trusted_by_its_line_or_its_file_until_it_is_no_longer(ring: KeyRing, tmp_path: Path) -> None:
    first, second = new_key(b"first..."), new_key(b"second..")
    (tmp_path / "theirs").write_bytes(second.to_file())
    assert ring.trust(str(first)) == first
    assert ring.trust(str(tmp_path / "theirs")) == second
    assert set(map(str, ring.trusted())) == {str(first), str(second)}
    assert ring.distrust(first.id.lower())
    assert ring.trusted() == [second]
    assert not ring.distrust(first.id)


@pytest.mark.parametrize("text", ["", "nonsense", "~nobody-of-that-name/key.pub", "x" * 5_000, "a\0b", "RW\n" * 500])
def test_what_is_no_key_is_refused_and_trusted_by_nobody(ring: KeyRing, text: str) -> None:
    with pytest.raises(PublicKeyUnreadable):
        ring.trust(text)
    assert ring.trusted() == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 100_000])
def test_a_file_that_is_no_key_is_named_and_hinders_nobody(ring: KeyRing, content: bytes) -> None:
    key = new_key()
    ring.trust(str(key))
    odd = ring.folder / "odd.pub"
    odd.write_bytes(content)
    assert ring.trusted() == [key]
    (fault,) = ring.faults()
    assert str(odd) in str(fault)
    assert ring.distrust(key.id)
    assert odd.exists()
    assert ring.distrust("odd.pub")
    assert (ring.faults(), odd.exists()) == ([], False)


def test_a_key_whose_file_was_damaged_is_removed_by_its_id(ring: KeyRing) -> None:
    key = new_key()
    ring.trust(str(key))
    (ring.folder / f"{key.id}.pub").write_text("damaged")
    assert ring.distrust(key.id.lower())
    assert list(ring.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside.pub", "publisher.key", "", ".", "a/../odd.pub"])
def test_nothing_but_a_kept_key_is_removed(ring: KeyRing, name: str) -> None:
    ring.make_own(ED25519)
    outside = ring.folder.parent / "outside.pub"
    outside.write_text("odd")
    assert not ring.distrust(name)
    assert outside.exists()
    assert ring.own.exists()


def test_a_folder_of_keys_that_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / ("x" * 300))
    for act in (ring.trusted, ring.faults, lambda: ring.distrust("0" * 16)):
        with pytest.raises(FileUnusable, match="File name too long"):
            act()


def test_keys_of_the_settings_count_each_once_and_only_the_settings_can_take_them_back(tmp_path: Path) -> None:
    first, second = new_key(b"first..."), new_key(b"second..")
    ring = KeyRing(tmp_path / "keys", f" {first}, {second} {first}\n")
    ring.trust(str(second))
    assert set(map(str, ring.trusted())) == {str(first), str(second)}
    assert len(ring.trusted()) == 2
    with pytest.raises(SettingInvalid, match="TRUSTED_KEYS"):
        ring.distrust(second.id)


def test_settings_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="TRUSTED_KEYS"):
        KeyRing(tmp_path, "RWnonsense").trusted()


def test_ones_own_key_is_trusted_and_only_its_owner_can_read_it(ring: KeyRing) -> None:
    public = ring.make_own(ED25519)
    assert ring.trusted() == [public]
    assert ring.read_own().public == public
    assert ring.own.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SigningKeyExists):
        ring.make_own(ED25519)


def test_ones_own_key_elsewhere_is_trusted_too(ring: KeyRing, tmp_path: Path) -> None:
    public = ring.make_own(ED25519, "a password", tmp_path / "elsewhere.key")
    assert ring.trusted() == [public]
    assert ring.read_own("a password", tmp_path / "elsewhere.key").public == public
