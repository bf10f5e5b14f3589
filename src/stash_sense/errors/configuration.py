"""Errors about the settings that change while the program runs."""

from stash_sense.errors.base import StashSenseError


class ConfigurationError(StashSenseError):
    """A setting cannot be read or changed."""

    code = "configuration_error"


class SettingUnknown(ConfigurationError):
    """There is no setting called {name}; `stash-sense settings list` shows them."""

    code = "setting_unknown"


class SettingRefused(ConfigurationError):
    """{reasons}; nothing was changed."""

    # Besides `reasons`, the field `faults` has the reason for each setting that was refused, by its key.
    code = "setting_refused"
