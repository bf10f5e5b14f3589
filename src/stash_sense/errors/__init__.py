"""The project's exception tree: one class per cause, its docstring is the sentence the user reads.

StashSenseError
├── Cancelled                    the user or the program asked to stop
│   └── JobStopped · BuildStopped
├── InputError                   a file or folder the user named cannot be used; the rest of a batch goes on
│   ├── InputMissing · InputEmpty · InputWithoutMedia · InputUnreadable · InputNotMedia · InputIsPlaylist
│   ├── VideoWithoutPicture · VideoDamaged
│   ├── PictureDamaged · PictureTooLarge
│   ├── InputLocked · InputIsPage · SpritesUnusable
│   ├── LibraryItemWithoutFile · LibraryFileNotHere
│   ├── StreamWithoutRanges · StreamTooLarge · StreamTooSlow · StreamLost · StreamChanged
│   └── InternalFault            not the file's fault but ours
├── GalleryError                 the folder of known people cannot be used
│   └── GalleryMissing · GalleryLocked · GalleryWithoutPeople · GalleryWithoutFaces
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
│   ├── VersionTaken · NoEarlierVersion · EarlierVersionDamaged · LibraryBusy
│   ├── PackDiffers · PerformerUnknown · PerformerAmbiguous · NotForgotten
│   ├── PerformersWithoutPictures · PerformersLost
│   └── BuildStateDamaged · ForgottenUnreadable · EverybodyForgotten · DatabaseUnreadable
├── SearchError                  the performers database cannot be searched
│   └── SearchMatrixUnfit · VectorsNotNumbers
├── SignatureError               nobody who is trusted vouches for a release
│   └── SignatureMissing · SignatureUnreadable · SignerUntrusted · SignatureWrong
├── SigningKeyError              a key to sign or verify releases with cannot be used
│   ├── SigningKeyMissing · SigningKeyUnreadable · SigningKeyExists
│   └── SigningPasswordWrong · SigningPasswordNeeded · PublicKeyUnreadable · KeyNotTrusted
├── ReleaseError                 a release's manifest cannot be used, or a release not be published
│   ├── ReleaseUnreadable · ReleaseSchemaUnknown · ReleaseNeedsNewerProgram · ReleaseContradictory
│   └── ReleaseAlreadyPublished · ReleaseOnlyHere · ReleaseMissing
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
│   ├── JobActive · JobEnded · JobCompleted · JobTypeBusy · JobNotStoppable · ReplacementUnconfirmed
│   └── JobCrashed · JobFault · JobFromBackup · JobLeftBehind
├── UpdateError                  the performers database cannot be updated
│   └── ReleaseUnsigned · SourceEmpty · SourceNotNamed · UpdateRunning · BuiltHere · OtherOfSameName
├── StateError                   the user's own state, stash_sense.db, cannot be used
│   ├── StateMissing · StateDamaged · StateNotWhole · StateTooNew · StateForeign · StateBusy
│   └── KeptFacesDamaged · FacesFileDamaged · FacesFileTooNew
├── BackupError                  a backup of it cannot be made or used
│   └── BackupUnusable · BackupPlaceTaken · BackupFolderMissing
├── ConfigurationError           a setting that changes while the program runs cannot be read or changed
│   └── SettingUnknown · SettingRefused
├── ServiceError                 the service cannot run
│   ├── ServiceRunning · AddressUnusable · TokenUnusable · ServiceStopping
│   └── ServiceUnreachable · ServiceAnswer · ServiceGone · JobNotDone
├── RequestError                 the service does not answer a request
│   ├── HostForeign · OriginForeign · TokenMissing · BrowserNeedsToken · TokenWrong · TicketWrong · LinkWrong
│   ├── SecretInAddress · BodyTooLarge · AddressTooLong · HeadersTooLarge · RequestInvalid
│   ├── ContentTypeUnknown · NotFound · MethodNotAllowed · TooManyWaiting · TooManyWatching · PicturePlaceRefused
│   └── CropMissing
├── StashError                   the user's media organizer cannot be read or written
│   ├── StashNotSet
│   ├── StashAddressInvalid · StashUnreachable · StashCertificateUntrusted · StashConnectionLost · StashTimedOut
│   ├── StashWriteUncertain · StashKeyMissing · StashKeyWrong · StashLoginPage · StashRedirected · StashExposed
│   ├── StashSetupNeeded · StashMigrationNeeded · StashTooOld · StashMisplaced · StashBroken
│   ├── StashAnswerTooLarge · StashAnswerOdd · StashDocumentRefused · StashRefused · StashNameTaken
│   ├── StashIdUnknown · StashReferenceUnknown · StashDatabaseLocked
│   └── StashMediaMissing · StashMediaOdd
├── StashBoxError                a community database cannot be asked
│   ├── StashBoxAddressInvalid · StashBoxUnknown · StashBoxUnreachable · StashBoxCertificateUntrusted
│   ├── StashBoxConnectionLost · StashBoxTimedOut · StashBoxKeyMissing · StashBoxKeyWrong · StashBoxRedirected
│   ├── StashBoxMisplaced · StashBoxBroken · StashBoxBusy · StashBoxAnswerTooLarge · StashBoxAnswerOdd
│   └── StashBoxDocumentRefused · StashBoxFeatureMissing · StashBoxRefused
├── RecommendationError          a recommendation cannot be used as asked
│   ├── RecommendationUnknown · RecommendationTypeUnknown · RecommendationListingInvalid · RecommendationSettled
│   ├── RecommendationSuperseded · RecommendationChoiceInvalid · RecommendationUnreadable
│   └── RecommendationPartlyAccepted
├── JournalError                 a write to the library cannot be undone, or may not be done
│   ├── JournalEntryUnknown · JournalGroupUnknown · JournalCursorInvalid · JournalFieldChanged · JournalTargetGone
│   └── JournalTargetUsed · JournalNotUndoable · JournalFieldUnknown · JournalPictureTooLarge
├── CurationError                a performer of the library cannot be created or changed as asked
│   ├── PerformerNamed · PerformerLinked · PerformerPictured · PerformerNotThere · PortraitMissing
│   └── WritingBusy
├── ScanError                    the library cannot be scanned as asked
│   └── ScanScopeUnknown · ScanScopeEmpty · SavedFilterUnusable
├── PathMapInvalid               what the user says of where the files of the library are makes no sense
├── StorageError                 the disk said no
│   └── DiskFull · NotWritable · NotEnoughSpace
├── FileUnusable                 the disk said no where nothing more is known about the file
├── NotConfirmed                 something that must be confirmed was not, and nobody is there to be asked
└── SettingInvalid               a setting or option has a value that cannot be used

`str(error)` is the first paragraph of the class's docstring with the error's fields filled in; `code` is stable
and is what `--json` reports.
"""

from stash_sense.errors.api import *
from stash_sense.errors.base import *
from stash_sense.errors.configuration import *
from stash_sense.errors.connection import *
from stash_sense.errors.curating import *
from stash_sense.errors.fingerprints import *
from stash_sense.errors.jobs import *
from stash_sense.errors.measuring import *
from stash_sense.errors.media import *
from stash_sense.errors.packs import *
from stash_sense.errors.performers import *
from stash_sense.errors.public_release import *
from stash_sense.errors.recommendations import *
from stash_sense.errors.releases import *
from stash_sense.errors.resources import *
from stash_sense.errors.scanning import *
from stash_sense.errors.search import *
from stash_sense.errors.stash import *
from stash_sense.errors.stashbox import *
from stash_sense.errors.state import *
from stash_sense.errors.transfer import *
from stash_sense.errors.updates import *
