"""Errors about model packs, in use and at install."""

from stash_sense.errors.base import StashSenseError


class PackError(StashSenseError):
    """The model pack {pack} cannot be used."""

    code = "pack_error"


class PackUnknown(PackError):
    """There is no model pack called {pack}; `stash-sense models list` shows the ones there are."""

    code = "pack_unknown"


class PackNotInstalled(PackError):
    """The model pack {pack} is not installed; type `stash-sense models install {pack}`."""

    code = "pack_not_installed"


class PackCorrupt(PackError):
    """The model pack {pack} is damaged ({reason}) and is not used; type `stash-sense models install {pack}`."""

    code = "pack_corrupt"


class PackCardInvalid(PackError):
    """The card {path} of a model pack cannot be understood ({reason}); install the pack again."""

    code = "pack_card_invalid"


class PackSelfTestFailed(PackError):
    """The model pack {pack} does not give its known answers on this machine ({reason}) and is not used."""

    code = "pack_self_test_failed"


class ModelRejected(PackError):
    """The model {file} cannot be run here ({reason}); install its pack again."""

    code = "model_rejected"


class CalibrationDamaged(PackError):
    """The calibration of the pack {pack} is damaged ({reason}); type `stash-sense models calibrate {pack} --reset` to
    take it away.
    """

    code = "calibration_damaged"


class InstallError(StashSenseError):
    """The model pack {pack} cannot be installed."""

    code = "install_error"


class PackSourceMissing(InstallError):
    """The pack {pack} needs files that you supply ({needed}); name their folder or zip with --from."""

    code = "pack_source_missing"


class PackSourceMismatch(InstallError):
    """{file}, fetched for the pack {pack}, is not the file it should be ({reason}); nothing was installed."""

    code = "pack_source_mismatch"


class LicenceNotAccepted(InstallError):
    """The pack {pack} comes under this licence: {licence}; if you accept it, repeat with --accept-licence."""

    code = "licence_not_accepted"


class InstallerMissing(InstallError):
    """Neither uv nor pip was found to fetch the pack {pack} with; install one of them, or name a file with --from."""

    code = "installer_missing"


class NpmMissing(InstallError):
    """The pack {pack} needs npm to fetch {package}, and there is none; install Node.js, which brings it, or fetch
    {distribution} on another machine with `npm pack {package}` and name that file with --from.
    """

    code = "npm_missing"


class InstallerFailed(InstallError):
    """{installer} could not fetch {package} for the pack {pack} ({reason}); check the network and try again."""

    code = "installer_failed"


class ConversionFailed(InstallError):
    """{file} could not be converted for the pack {pack} ({reason}); nothing was installed."""

    code = "conversion_failed"
