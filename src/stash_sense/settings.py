"""What the user can set from the environment, and where things live when nothing is set."""

import os
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from stash_sense.errors import SettingInvalid

APP_NAME = "stash-sense"
OLD_DATA_DIR = "DATA_DIR"
"""What the variable of the data folder was called in the system that this one takes the place of."""
GITHUB_API = "https://api.github.com"


def _platform_folder() -> Path:
    return user_data_path(APP_NAME, appauthor=False)


class Settings(BaseSettings):
    """Settings read from `STASH_SENSE_*` variables."""

    model_config = SettingsConfigDict(env_prefix="STASH_SENSE_", frozen=True, env_ignore_empty=True)

    data_dir: Path = Field(default_factory=_platform_folder)
    """The user's own state."""
    models_dir: Path = Field(default_factory=lambda: _platform_folder() / "models")
    """Model packs. Does not follow `data_dir`, so that several data folders share one copy."""
    pack: str | None = None
    """Id of the model pack to use; without it the best of the installed ones."""
    threads: int | None = Field(default=None, ge=1, le=64)
    """Threads that the models compute with; without it the processors this process may use, at most 4."""
    device: str = Field(default="auto", pattern="^(auto|cpu|gpu)$")
    """Where the models run: `auto` takes a GPU that really works, else the CPU."""
    trusted_keys: str = ""
    """Public keys of the publishers whose releases are installed, apart by spaces or commas; besides those that
    `stash-sense db key trust` keeps in the data folder."""
    github_api: str = Field(default=GITHUB_API, pattern="^https?://")
    """Address of GitHub's interface, for those who have a GitHub of their own."""
    allowed_hosts: str = ""
    """Names and addresses, apart by spaces or commas, under which the service may be asked besides this machine's
    own; see `api.hosts`."""
    stash_url: str | None = Field(default=None, validation_alias="STASH_URL", pattern="^https?://")
    """Address of the Stash that is served, with the path below which it is, if it has one."""
    stash_api_key: SecretStr | None = Field(default=None, validation_alias="STASH_API_KEY")
    """Key of that Stash, where it has a login."""
    stash_api_key_file: Path | None = Field(default=None, validation_alias="STASH_API_KEY_FILE")
    """File that holds this key; read where the key itself is not given."""


_ALLOWED = {
    "data_dir": "it must be a folder",
    "models_dir": "it must be a folder",
    "pack": "it must be the id of a pack",
    "threads": "it must be a whole number from 1 to 64",
    "device": "it must be auto, cpu or gpu",
    "trusted_keys": "it must be public keys, which begin with RW, apart by commas",
    "github_api": "it must be an address that begins with https:// or http://",
    "allowed_hosts": "it must be names or addresses, apart by commas",
    "STASH_URL": "it must be an address that begins with http:// or https://",
    "STASH_API_KEY": "it must be the key from Stash's Settings > Security",
    "STASH_API_KEY_FILE": "it must be a file",
}
"""What each setting may be, for the sentence about one that is not."""


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingInvalid: a variable has a value that cannot be used.
    """
    old = os.environ.get(OLD_DATA_DIR)
    try:
        settings = Settings()
        if old and not os.environ.get("STASH_SENSE_DATA_DIR"):
            settings = settings.model_copy(update={"data_dir": Path(old)})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = field if field.startswith("STASH_") else f"STASH_SENSE_{field.upper()}"
        raise SettingInvalid(name=name, value=repr(first["input"]), reason=_ALLOWED[field]) from error
    except RuntimeError as error:  # the user has no home folder, as in a container that runs as anybody
        home = os.environ.get("HOME")
        reason = "set it to your home folder, or STASH_SENSE_DATA_DIR and STASH_SENSE_MODELS_DIR to folders"
        raise SettingInvalid(name="HOME", value=repr(home) if home else "missing", reason=reason) from error
    folders = {name: _absolute(name, getattr(settings, name)) for name in ("data_dir", "models_dir")}
    return settings.model_copy(update={**folders, "stash_api_key": _stash_api_key(settings)})


_MOST_KEY_BYTES = 10_000
"""No key is that long; something else was named by mistake."""


def _stash_api_key(settings: Settings) -> SecretStr | None:
    file = settings.stash_api_key_file
    if settings.stash_api_key is not None:
        return _checked_key("STASH_API_KEY", settings.stash_api_key.get_secret_value())
    if file is None:
        return None
    try:
        with file.expanduser().open("rb") as opened:
            key = opened.read(_MOST_KEY_BYTES).decode("utf-8", "replace")
    except (OSError, RuntimeError) as error:
        reason = "it must be a file that can be read"
        raise SettingInvalid(name="STASH_API_KEY_FILE", value=repr(str(file)), reason=reason) from error
    if not key.strip():
        raise SettingInvalid(name="STASH_API_KEY_FILE", value=repr(str(file)), reason="it must hold the key")
    return _checked_key("STASH_API_KEY_FILE", key)


def _checked_key(name: str, text: str) -> SecretStr:
    """Check what shall be a key; the error does not show it."""
    key = text.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        reason = "it must be the whole key from Stash's Settings > Security, one word without an ellipsis"
        raise SettingInvalid(name=name, value="as it is", reason=reason)
    return SecretStr(key)


def _absolute(name: str, folder: Path) -> Path:
    try:
        return folder.expanduser().absolute()
    except RuntimeError as error:  # pathlib's word for a user it does not know
        raise SettingInvalid(
            name=f"STASH_SENSE_{name.upper()}", value=repr(str(folder)), reason="the home folder in it is not known"
        ) from error
