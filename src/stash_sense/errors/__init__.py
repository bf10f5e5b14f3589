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

from stash_sense.errors.base import (
    Cancelled,
    DiskFull,
    NotWritable,
    SettingInvalid,
    StashSenseError,
    StorageError,
)
from stash_sense.errors.measuring import (
    FacesMissing,
    MeasurementError,
    ScenesTooFew,
    TooFewPeople,
    TruthUnusable,
)
from stash_sense.errors.media import (
    GalleryError,
    GalleryMissing,
    GalleryWithoutFaces,
    GalleryWithoutPeople,
    InputEmpty,
    InputError,
    InputIsPlaylist,
    InputMissing,
    InputNotMedia,
    InputUnreadable,
    InputWithoutMedia,
    InternalFault,
    PictureDamaged,
    PictureTooLarge,
    VideoDamaged,
    VideoWithoutPicture,
)
from stash_sense.errors.packs import (
    CalibrationDamaged,
    ConversionFailed,
    InstallerFailed,
    InstallerMissing,
    InstallError,
    LicenceNotAccepted,
    ModelRejected,
    NpmMissing,
    PackCardInvalid,
    PackCorrupt,
    PackError,
    PackNotInstalled,
    PackSelfTestFailed,
    PackSourceMismatch,
    PackSourceMissing,
    PackUnknown,
)

__all__ = [
    "CalibrationDamaged",
    "Cancelled",
    "ConversionFailed",
    "DiskFull",
    "FacesMissing",
    "GalleryError",
    "GalleryMissing",
    "GalleryWithoutFaces",
    "GalleryWithoutPeople",
    "InputEmpty",
    "InputError",
    "InputIsPlaylist",
    "InputMissing",
    "InputNotMedia",
    "InputUnreadable",
    "InputWithoutMedia",
    "InstallError",
    "InstallerFailed",
    "InstallerMissing",
    "InternalFault",
    "LicenceNotAccepted",
    "MeasurementError",
    "ModelRejected",
    "NotWritable",
    "NpmMissing",
    "PackCardInvalid",
    "PackCorrupt",
    "PackError",
    "PackNotInstalled",
    "PackSelfTestFailed",
    "PackSourceMismatch",
    "PackSourceMissing",
    "PackUnknown",
    "PictureDamaged",
    "PictureTooLarge",
    "ScenesTooFew",
    "SettingInvalid",
    "StashSenseError",
    "StorageError",
    "TooFewPeople",
    "TruthUnusable",
    "VideoDamaged",
    "VideoWithoutPicture",
]
