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
├── DatabaseError                the performers database cannot be used
│   ├── DatabaseMissing · DatabaseDamaged · DatabaseTooNew · DatabaseUnwritten · CanaryFailed
│   ├── VersionTaken · NoEarlierVersion · LibraryBusy
│   ├── PackDiffers · PerformerUnknown · PerformerAmbiguous
│   └── BuildStateDamaged · ForgottenUnreadable · EverybodyForgotten · DatabaseUnreadable
├── SearchError                  the performers database cannot be searched
│   └── SearchMatrixUnfit · VectorsNotNumbers
├── SignatureError               nobody who is trusted vouches for a release
│   └── SignatureMissing · SignatureUnreadable · SignerUntrusted · SignatureWrong
├── SigningKeyError              a key to sign or verify releases with cannot be used
│   ├── SigningKeyMissing · SigningKeyUnreadable · SigningKeyExists
│   └── SigningPasswordWrong · SigningPasswordNeeded · PublicKeyUnreadable
├── ReleaseError                 a release's manifest cannot be used, or a release not be published
│   ├── ReleaseUnreadable · ReleaseSchemaUnknown · ReleaseNeedsNewerProgram · ReleaseContradictory
│   └── ReleaseAlreadyPublished
├── ArchiveError                 a release's archive is not the one it should be, or is not safe to unpack
│   ├── ArchiveUnreadable · ArchiveSizeWrong · ArchiveChanged · ArchiveDamaged · ArchiveOvercrowded
│   ├── MemberNameUnsafe · MemberUnexpected · MemberMissing · MemberDuplicate · MemberNotFile · MemberEncrypted
│   └── MemberCompressionUnknown · MemberMisplaced · MemberSizeWrong · MemberDamaged
├── VersionFileError             a file of an unpacked version is not as its manifest says
│   ├── VersionFileMissing · VersionFileUnexpected · VersionFileUnreadable
│   └── VersionFileSizeWrong · VersionFileChanged
├── PublicReleaseError           a public release of the performer database cannot be imported
│   ├── PublicReleaseUnreadable · PublicReleaseIncomplete · PublicReleaseUnchecked
│   └── PublicReleaseDamaged · PublicReleaseUnsafe
├── VoyagerError                 a file of approximate search cannot be used, or its library is missing
│   └── VoyagerDamaged · VoyagerUnknown · VoyagerMissing
├── TransferError                a file could not be fetched from a server
│   ├── ServerUnreachable · ProxyUnusable · CertificateUntrusted · ConnectionLost · RedirectRefused · AddressPrivate
│   ├── AccessRefused · NotOnServer · TooManyRequests · RateLimitReached · ServerBroken
│   ├── TooSlow · DeadlinePassed · ChangedWhileDownloading
│   └── LargerThanAnnounced · ShorterThanAnnounced · ChecksumMismatch
├── SourceError                  no releases can be taken from a place
│   └── SourceUnknown · SourceUnreadable · ListingMissing · RepositoryMissing
├── ResourceError                what is heavy and loaded on demand cannot be used
│   └── ResourceNotLoaded · ResourceNeedsItself
├── JobError                     the operation queue cannot do what it was asked, or a job of it failed
│   ├── JobTypeUnknown · JobUnknown · JobPayloadInvalid · JobListingInvalid · ScheduleInvalid
│   ├── JobActive · JobEnded · JobTypeBusy · JobNotStoppable
│   └── JobCrashed · JobFault
├── UpdateError                  the performers database cannot be updated
│   └── ReleaseUnsigned · SourceEmpty · UpdateRunning
├── StateError                   the user's own state, stash_sense.db, cannot be used
│   └── StateMissing · StateDamaged · StateNotWhole · StateTooNew · StateForeign · StateBusy
├── BackupError                  a backup of it cannot be made or used
│   └── BackupUnusable · BackupPlaceTaken
├── ConfigurationError           a setting that changes while the program runs cannot be read or changed
│   └── SettingUnknown · SettingRefused
├── ServiceError                 the service cannot run
│   ├── ServiceRunning · AddressUnusable · TokenUnusable · ServiceStopping
│   └── ServiceUnreachable · ServiceAnswer · JobNotDone
├── RequestError                 the service does not answer a request
│   ├── HostForeign · OriginForeign · TokenMissing · TokenWrong · TicketWrong · LinkWrong
│   ├── SecretInAddress · BodyTooLarge · AddressTooLong · HeadersTooLarge · RequestInvalid
│   └── ContentTypeUnknown · NotFound · MethodNotAllowed · TooManyWaiting · TooManyWatching · PicturePlaceRefused
├── StorageError                 the disk said no
│   └── DiskFull · NotWritable · NotEnoughSpace
├── FileUnusable                 the disk said no where nothing more is known about the file
├── NotConfirmed                 something that must be confirmed was not, and nobody is there to be asked
└── SettingInvalid               a setting or option has a value that cannot be used

`str(error)` is the first paragraph of the class's docstring with the error's fields filled in; `code` is stable
and is what `--json` reports.
"""

from stash_sense.errors.api import (
    AddressTooLong,
    AddressUnusable,
    BodyTooLarge,
    ContentTypeUnknown,
    HeadersTooLarge,
    HostForeign,
    JobNotDone,
    LinkWrong,
    MethodNotAllowed,
    NotFound,
    OriginForeign,
    PicturePlaceRefused,
    RequestError,
    RequestInvalid,
    SecretInAddress,
    ServiceAnswer,
    ServiceError,
    ServiceRunning,
    ServiceStopping,
    ServiceUnreachable,
    TicketWrong,
    TokenMissing,
    TokenUnusable,
    TokenWrong,
    TooManyWaiting,
    TooManyWatching,
)
from stash_sense.errors.base import (
    Cancelled,
    DiskFull,
    FileUnusable,
    NotConfirmed,
    NotWritable,
    SettingInvalid,
    StashSenseError,
    StorageError,
)
from stash_sense.errors.configuration import ConfigurationError, SettingRefused, SettingUnknown
from stash_sense.errors.jobs import (
    JobActive,
    JobCrashed,
    JobEnded,
    JobError,
    JobFault,
    JobListingInvalid,
    JobNotStoppable,
    JobPayloadInvalid,
    JobTypeBusy,
    JobTypeUnknown,
    JobUnknown,
    ScheduleInvalid,
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
from stash_sense.errors.performers import (
    BuildStateDamaged,
    CanaryFailed,
    DatabaseDamaged,
    DatabaseError,
    DatabaseMissing,
    DatabaseTooNew,
    DatabaseUnreadable,
    DatabaseUnwritten,
    EverybodyForgotten,
    ForgottenUnreadable,
    LibraryBusy,
    NoEarlierVersion,
    PackDiffers,
    PerformerAmbiguous,
    PerformerUnknown,
    VersionTaken,
)
from stash_sense.errors.public_release import (
    PublicReleaseDamaged,
    PublicReleaseError,
    PublicReleaseIncomplete,
    PublicReleaseUnchecked,
    PublicReleaseUnreadable,
    PublicReleaseUnsafe,
    VoyagerDamaged,
    VoyagerError,
    VoyagerMissing,
    VoyagerUnknown,
)
from stash_sense.errors.releases import (
    ArchiveChanged,
    ArchiveDamaged,
    ArchiveError,
    ArchiveOvercrowded,
    ArchiveSizeWrong,
    ArchiveUnreadable,
    MemberCompressionUnknown,
    MemberDamaged,
    MemberDuplicate,
    MemberEncrypted,
    MemberMisplaced,
    MemberMissing,
    MemberNameUnsafe,
    MemberNotFile,
    MemberSizeWrong,
    MemberUnexpected,
    PublicKeyUnreadable,
    ReleaseAlreadyPublished,
    ReleaseContradictory,
    ReleaseError,
    ReleaseNeedsNewerProgram,
    ReleaseSchemaUnknown,
    ReleaseUnreadable,
    SignatureError,
    SignatureMissing,
    SignatureUnreadable,
    SignatureWrong,
    SignerUntrusted,
    SigningKeyError,
    SigningKeyExists,
    SigningKeyMissing,
    SigningKeyUnreadable,
    SigningPasswordNeeded,
    SigningPasswordWrong,
    VersionFileChanged,
    VersionFileError,
    VersionFileMissing,
    VersionFileSizeWrong,
    VersionFileUnexpected,
    VersionFileUnreadable,
)
from stash_sense.errors.resources import ResourceError, ResourceNeedsItself, ResourceNotLoaded
from stash_sense.errors.search import SearchError, SearchMatrixUnfit, VectorsNotNumbers
from stash_sense.errors.state import (
    BackupError,
    BackupPlaceTaken,
    BackupUnusable,
    StateBusy,
    StateDamaged,
    StateError,
    StateForeign,
    StateMissing,
    StateNotWhole,
    StateTooNew,
)
from stash_sense.errors.transfer import (
    AccessRefused,
    AddressPrivate,
    CertificateUntrusted,
    ChangedWhileDownloading,
    ChecksumMismatch,
    ConnectionLost,
    DeadlinePassed,
    LargerThanAnnounced,
    ListingMissing,
    NotEnoughSpace,
    NotOnServer,
    ProxyUnusable,
    RateLimitReached,
    RedirectRefused,
    RepositoryMissing,
    ServerBroken,
    ServerUnreachable,
    ShorterThanAnnounced,
    SourceError,
    SourceUnknown,
    SourceUnreadable,
    TooManyRequests,
    TooSlow,
    TransferError,
)
from stash_sense.errors.updates import (
    ReleaseUnsigned,
    SourceEmpty,
    UpdateError,
    UpdateRunning,
)

__all__ = [
    "AccessRefused",
    "AddressPrivate",
    "AddressTooLong",
    "AddressUnusable",
    "ArchiveChanged",
    "ArchiveDamaged",
    "ArchiveError",
    "ArchiveOvercrowded",
    "ArchiveSizeWrong",
    "ArchiveUnreadable",
    "BackupError",
    "BackupPlaceTaken",
    "BackupUnusable",
    "BodyTooLarge",
    "BuildStateDamaged",
    "CalibrationDamaged",
    "CanaryFailed",
    "Cancelled",
    "CertificateUntrusted",
    "ChangedWhileDownloading",
    "ChecksumMismatch",
    "ConfigurationError",
    "ConnectionLost",
    "ContentTypeUnknown",
    "ConversionFailed",
    "DatabaseDamaged",
    "DatabaseError",
    "DatabaseMissing",
    "DatabaseTooNew",
    "DatabaseUnreadable",
    "DatabaseUnwritten",
    "DeadlinePassed",
    "DiskFull",
    "EverybodyForgotten",
    "FacesMissing",
    "FileUnusable",
    "ForgottenUnreadable",
    "GalleryError",
    "GalleryMissing",
    "GalleryWithoutFaces",
    "GalleryWithoutPeople",
    "HeadersTooLarge",
    "HostForeign",
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
    "JobActive",
    "JobCrashed",
    "JobEnded",
    "JobError",
    "JobFault",
    "JobListingInvalid",
    "JobNotDone",
    "JobNotStoppable",
    "JobPayloadInvalid",
    "JobTypeBusy",
    "JobTypeUnknown",
    "JobUnknown",
    "LargerThanAnnounced",
    "LibraryBusy",
    "LicenceNotAccepted",
    "LinkWrong",
    "ListingMissing",
    "MeasurementError",
    "MemberCompressionUnknown",
    "MemberDamaged",
    "MemberDuplicate",
    "MemberEncrypted",
    "MemberMisplaced",
    "MemberMissing",
    "MemberNameUnsafe",
    "MemberNotFile",
    "MemberSizeWrong",
    "MemberUnexpected",
    "MethodNotAllowed",
    "ModelRejected",
    "NoEarlierVersion",
    "NotConfirmed",
    "NotEnoughSpace",
    "NotFound",
    "NotOnServer",
    "NotWritable",
    "NpmMissing",
    "OriginForeign",
    "PackCardInvalid",
    "PackCorrupt",
    "PackDiffers",
    "PackError",
    "PackNotInstalled",
    "PackSelfTestFailed",
    "PackSourceMismatch",
    "PackSourceMissing",
    "PackUnknown",
    "PerformerAmbiguous",
    "PerformerUnknown",
    "PictureDamaged",
    "PicturePlaceRefused",
    "PictureTooLarge",
    "ProxyUnusable",
    "PublicKeyUnreadable",
    "PublicReleaseDamaged",
    "PublicReleaseError",
    "PublicReleaseIncomplete",
    "PublicReleaseUnchecked",
    "PublicReleaseUnreadable",
    "PublicReleaseUnsafe",
    "RateLimitReached",
    "RedirectRefused",
    "ReleaseAlreadyPublished",
    "ReleaseContradictory",
    "ReleaseError",
    "ReleaseNeedsNewerProgram",
    "ReleaseSchemaUnknown",
    "ReleaseUnreadable",
    "ReleaseUnsigned",
    "RepositoryMissing",
    "RequestError",
    "RequestInvalid",
    "ResourceError",
    "ResourceNeedsItself",
    "ResourceNotLoaded",
    "ScenesTooFew",
    "ScheduleInvalid",
    "SearchError",
    "SearchMatrixUnfit",
    "SecretInAddress",
    "ServerBroken",
    "ServerUnreachable",
    "ServiceAnswer",
    "ServiceError",
    "ServiceRunning",
    "ServiceStopping",
    "ServiceUnreachable",
    "SettingInvalid",
    "SettingRefused",
    "SettingUnknown",
    "ShorterThanAnnounced",
    "SignatureError",
    "SignatureMissing",
    "SignatureUnreadable",
    "SignatureWrong",
    "SignerUntrusted",
    "SigningKeyError",
    "SigningKeyExists",
    "SigningKeyMissing",
    "SigningKeyUnreadable",
    "SigningPasswordNeeded",
    "SigningPasswordWrong",
    "SourceEmpty",
    "SourceError",
    "SourceUnknown",
    "SourceUnreadable",
    "StashSenseError",
    "StateBusy",
    "StateDamaged",
    "StateError",
    "StateForeign",
    "StateMissing",
    "StateNotWhole",
    "StateTooNew",
    "StorageError",
    "TicketWrong",
    "TokenMissing",
    "TokenUnusable",
    "TokenWrong",
    "TooFewPeople",
    "TooManyRequests",
    "TooManyWaiting",
    "TooManyWatching",
    "TooSlow",
    "TransferError",
    "TruthUnusable",
    "UpdateError",
    "UpdateRunning",
    "VectorsNotNumbers",
    "VersionFileChanged",
    "VersionFileError",
    "VersionFileMissing",
    "VersionFileSizeWrong",
    "VersionFileUnexpected",
    "VersionFileUnreadable",
    "VersionTaken",
    "VideoDamaged",
    "VideoWithoutPicture",
    "VoyagerDamaged",
    "VoyagerError",
    "VoyagerMissing",
    "VoyagerUnknown",
]
