"""The project's exception tree: one class per cause, its docstring is the sentence the user reads.

StashSenseError
├── Cancelled                    the user or the program asked to stop
├── InputError                   a file or folder the user named cannot be used; the rest of a batch goes on
│   ├── InputMissing · InputEmpty · InputWithoutMedia · InputUnreadable · InputNotMedia · InputIsPlaylist
│   ├── VideoWithoutPicture · VideoDamaged
│   ├── PictureDamaged · PictureTooLarge
│   └── InternalFault            not the file's fault but ours
├── GalleryError                 the folder of known people cannot be used
│   └── GalleryMissing · GalleryWithoutPeople · GalleryWithoutFaces
├── PackError                    a model pack cannot be used
│   ├── PackUnknown · PackNotInstalled · PackCorrupt · PackCardInvalid
│   └── PackSelfTestFailed · ModelRejected · CalibrationDamaged
├── InstallError                 a model pack cannot be installed
│   ├── PackSourceMissing · PackSourceMismatch · LicenceNotAccepted
│   └── InstallerMissing · NpmMissing · InstallerFailed · ConversionFailed
├── MeasurementError             nothing can be measured or fitted with what was given
│   └── TruthUnusable · FacesMissing · TooFewPeople · ScenesTooFew
├── StorageError                 the disk said no
│   └── DiskFull · NotWritable
└── SettingInvalid               a setting or option has a value that cannot be used

`str(error)` is the first paragraph of the class's docstring with the error's fields filled in; `code` is stable
and is what `--json` reports.
"""

import inspect
from typing import ClassVar


class StashSenseError(Exception):
    """Something went wrong that Stash Sense has no better word for."""

    code: ClassVar[str] = "error"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(fields)

    def __str__(self) -> str:
        sentence = inspect.cleandoc(type(self).__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
        return sentence.format_map(self.fields)


class Cancelled(StashSenseError):
    """Stopped before it was finished; nothing half-done was kept."""

    code = "cancelled"


class InputError(StashSenseError):
    """{path} cannot be used."""

    code = "input_error"


class InputMissing(InputError):
    """{path} does not exist; check the spelling."""

    code = "input_missing"


class InputEmpty(InputError):
    """{path} is empty: there is nothing in it to look at."""

    code = "input_empty"


class InputWithoutMedia(InputError):
    """{path} holds no file that ends like a video or picture; name such files themselves."""

    code = "input_without_media"


class InputUnreadable(InputError):
    """{path} cannot be read ({reason})."""

    code = "input_unreadable"


class InputNotMedia(InputError):
    """{path} is neither a video nor a JPEG, PNG, WebP, AVIF or GIF picture that can be read; replace it."""

    code = "input_not_media"


class InputIsPlaylist(InputError):
    """{path} is a playlist that points to other files; name those files instead."""

    code = "input_is_playlist"


class VideoWithoutPicture(InputError):
    """{path} has sound but no moving picture, so there are no faces to look for."""

    code = "video_without_picture"


class VideoDamaged(InputError):
    """{path} is damaged or cut short: not one frame of it could be decoded ({reason}); try copying it again."""

    code = "video_damaged"


class PictureDamaged(InputError):
    """{path} is damaged or cut short and cannot be decoded ({reason}); try copying it again."""

    code = "picture_damaged"


class PictureTooLarge(InputError):
    """{path} has {width} x {height} pixels, more than the {limit:,} that are decoded; make a smaller copy of it."""

    code = "picture_too_large"


class InternalFault(InputError):
    """{path} met a fault in Stash Sense itself ({reason}); please report it with the lines above."""

    code = "internal_fault"


class GalleryError(StashSenseError):
    """The gallery {path} cannot be used."""

    code = "gallery_error"


class GalleryMissing(GalleryError):
    """The gallery {path} is not a folder; it should hold one folder of pictures for each known person."""

    code = "gallery_missing"


class GalleryWithoutPeople(GalleryError):
    """The gallery {path} holds no folder with pictures; it needs one for each known person, named after them."""

    code = "gallery_without_people"


class GalleryWithoutFaces(GalleryError):
    """No picture of the gallery {path} could be used (first: {reason}); use large, clear pictures."""

    code = "gallery_without_faces"


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


class MeasurementError(StashSenseError):
    """Nothing can be measured with {path}."""

    code = "measurement_error"


class TruthUnusable(MeasurementError):
    """{path} does not say who is in which file ({reason}); docs/reference/truth.md shows the form."""

    code = "truth_unusable"


class FacesMissing(MeasurementError):
    """{path} holds no pictures of people; it should have one folder of pictures for each person."""

    code = "faces_missing"


class TooFewPeople(MeasurementError):
    """{path} shows too few people with two or more usable pictures: {count}, and {needed} are needed."""

    code = "too_few_people"


class ScenesTooFew(MeasurementError):
    """{scenes} generated scenes give too few right or wrong names to fit on: {count}, and {needed} are needed; ask
    for more with --scenes.
    """

    code = "scenes_too_few"


class StorageError(StashSenseError):
    """{path} cannot be written."""

    code = "storage_error"


class DiskFull(StorageError):
    """The disk that holds {path} is full; free some space and try again. Nothing half-written was kept."""

    code = "disk_full"


class NotWritable(StorageError):
    """{path} cannot be written ({reason}); choose another place, or mend that."""

    code = "not_writable"


class SettingInvalid(StashSenseError):
    """{name} cannot be {value}: {reason}."""

    code = "setting_invalid"
