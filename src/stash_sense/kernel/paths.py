"""Paths as the user types them."""

from pathlib import Path

from stash_sense.errors import SettingInvalid


def typed_path(text: str | Path) -> Path:
    """Return the path that a text means; `~` in it is the user's home folder.

    Raises:
        SettingInvalid: it is empty, which would mean the folder the user happens to be in, or the home in it is that
            of nobody.
    """
    if not str(text):
        raise SettingInvalid(name="A path", value="empty", reason="name a file or folder")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # pathlib's word for a user it does not know
        reason = "the home folder in it is not known, so write it out"
        raise SettingInvalid(name="A path", value=repr(str(text)), reason=reason) from error
