import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from stash_sense.errors import SettingInvalid
from stash_sense.settings import load_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings: no variable of ours or of the desktop is set."""
    for name in [name for name in os.environ if name.startswith(("STASH_", "XDG_", "DATA_DIR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_without_variables_everything_lies_in_the_users_data_folder(home: Path) -> None:
    settings = load_settings()
    assert settings.data_dir == home / ".local/share/stash-sense"
    assert settings.models_dir == home / ".local/share/stash-sense/models"
    assert settings.pack is None
    assert settings.device == "auto"
    assert settings.threads is None


def test_reading_settings_makes_no_folder(home: Path) -> None:
    load_settings()
    assert list(home.iterdir()) == []


def test_the_data_folder_of_the_desktop_is_respected(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    assert load_settings().data_dir == home / "share/stash-sense"
    assert load_settings().models_dir == home / "share/stash-sense/models"


def test_models_do_not_follow_the_data_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASH_SENSE_DATA_DIR", "/somewhere/else")
    settings = load_settings()
    assert settings.data_dir == Path("/somewhere/else")
    assert settings.models_dir == home / ".local/share/stash-sense/models"


def test_each_variable_sets_its_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODELS_DIR": "/models", "PACK": "duo", "THREADS": "3", "DEVICE": "cpu"}.items():
        monkeypatch.setenv(f"STASH_SENSE_{name}", value)
    settings = load_settings()
    assert (settings.models_dir, settings.pack, settings.threads, settings.device) == (
        Path("/models"),
        "duo",
        3,
        "cpu",
    )
    assert settings.data_dir == home / ".local/share/stash-sense"


def test_an_empty_variable_is_as_good_as_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings()
    for name in ("DATA_DIR", "MODELS_DIR", "PACK", "THREADS", "DEVICE"):
        monkeypatch.setenv(f"STASH_SENSE_{name}", "")
    assert load_settings() == plain


@pytest.mark.parametrize("variable", ["DATA_DIR", "MODELS_DIR"])
def test_a_tilde_is_the_home_and_a_relative_folder_is_below_this_one(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.chdir(home)
    for value, folder in {"~": home, "~/my models": home / "my models", "here": home / "here"}.items():
        monkeypatch.setenv(f"STASH_SENSE_{variable}", value)
        assert getattr(load_settings(), variable.lower()) == folder


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("THREADS", "0"),
        ("THREADS", "65"),
        ("THREADS", "-1"),
        ("THREADS", "many"),
        ("THREADS", "2.5"),
        ("THREADS", "nan"),
        ("DEVICE", "tpu"),
        ("DEVICE", "CPU "),
        ("DEVICE", "cpu\n"),
        ("DATA_DIR", "~no-such-user-here/data"),
        ("MODELS_DIR", "~no-such-user-here/models"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_value_that_cannot_be_used_is_refused_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"STASH_SENSE_{variable}", value)
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    assert str(caught.value).startswith(f"STASH_SENSE_{variable} cannot be {value!r}: ")


@pytest.mark.usefixtures("home")
def test_variables_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings()
    monkeypatch.setenv("THREADS", "0")
    monkeypatch.setenv("STASH_SENSE_UNKNOWN", "x")
    assert load_settings() == plain


@pytest.mark.usefixtures("home")
def test_settings_do_not_change_once_read() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.device = "cpu"


def test_the_old_name_of_the_data_folder_is_understood_and_the_new_one_wins(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", "~/old")
    assert load_settings().data_dir == home / "old"
    monkeypatch.setenv("STASH_SENSE_DATA_DIR", "/new")
    assert load_settings().data_dir == Path("/new")


def test_a_user_without_a_home_is_told_what_to_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 9)  # a user whom the system does not know
    with pytest.raises(SettingInvalid, match=r"HOME cannot be .* STASH_SENSE_DATA_DIR"):
        load_settings()
    monkeypatch.setenv("STASH_SENSE_DATA_DIR", str(home))
    monkeypatch.setenv("STASH_SENSE_MODELS_DIR", str(home))
    assert load_settings().data_dir == home


def test_the_address_and_the_key_of_stash_are_told_without_our_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STASH_URL", "http://127.0.0.1:9999/stash")
    monkeypatch.setenv("STASH_API_KEY", "a-secret")
    settings = load_settings()
    assert settings.stash_url == "http://127.0.0.1:9999/stash"
    assert settings.stash_api_key is not None
    assert settings.stash_api_key.get_secret_value() == "a-secret"
    assert "a-secret" not in repr(settings)


def test_the_key_of_stash_may_lie_in_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "key").write_text("from-a-file\n")
    monkeypatch.setenv("STASH_API_KEY_FILE", "~/key")
    key = load_settings().stash_api_key
    assert key is not None
    assert key.get_secret_value() == "from-a-file"
    monkeypatch.setenv("STASH_API_KEY", "told")
    key = load_settings().stash_api_key
    assert key is not None
    assert key.get_secret_value() == "told"


@pytest.mark.parametrize("content", [None, b"\xff\xfe key", b"", b" \n", b"first\nsecond", "eyJhbGciOi…".encode()])
def test_a_file_that_holds_no_key_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (home / "key").write_bytes(content)
    monkeypatch.setenv("STASH_API_KEY_FILE", str(home / "key"))
    with pytest.raises(SettingInvalid, match="STASH_API_KEY_FILE") as refused:
        load_settings()
    assert not any(part in str(refused.value) for part in ("first", "eyJ"))


@pytest.mark.parametrize("key", ["eyJhbGciOi…", "first\nsecond", "two words", "tab\tbed"])
def test_what_no_key_can_be_is_refused_and_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("STASH_API_KEY", key)
    with pytest.raises(SettingInvalid, match="STASH_API_KEY cannot be as it is") as refused:
        load_settings()
    assert key not in str(refused.value)


def test_an_address_of_stash_that_is_none_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASH_URL", "localhost:9999")
    with pytest.raises(SettingInvalid, match=r"STASH_URL.*begins with http"):
        load_settings()
