"""Errors about releases of the performers database: signatures and keys, manifests, archives, files of a version."""

from stash_sense.errors.base import StashSenseError


class SignatureError(StashSenseError):
    """The signature of {name} cannot be trusted."""

    code = "signature_error"


class SignatureMissing(SignatureError):
    """{name} is not signed, so nobody vouches for it; ask its publisher for a signed release."""

    code = "signature_missing"


class SignatureUnreadable(SignatureError):
    """The signature of {name} cannot be read ({reason}), so {name} is not used; fetch it again."""

    code = "signature_unreadable"


class SignerUntrusted(SignatureError):
    """{name} is signed with the key {key}, which is not among those you trust; if you trust its publisher, type
    `stash-sense db key trust KEY` with the public key that they give out.
    """

    code = "signer_untrusted"


class SignatureWrong(SignatureError):
    """{name} is not what the key {key} signed: it was changed or damaged on its way, and is not used."""

    code = "signature_wrong"


class SigningKeyError(StashSenseError):
    """The signing key {path} cannot be used."""

    code = "signing_key_error"


class SigningKeyMissing(SigningKeyError):
    """There is no signing key {path}; type `stash-sense db key new` to make one."""

    code = "signing_key_missing"


class SigningKeyUnreadable(SigningKeyError):
    """{path} is not a signing key that can be used ({reason}); name the secret key file."""

    code = "signing_key_unreadable"


class SigningKeyExists(SigningKeyError):
    """There is a key {path} already, and it is kept: releases signed with it could not be followed by others; name
    another file for a new key.
    """

    code = "signing_key_exists"


class SigningPasswordWrong(SigningKeyError):
    """The signing key {path} does not open with that password; try again."""

    code = "signing_password_wrong"


class SigningPasswordNeeded(SigningKeyError):
    """The signing key {path} is protected by a password; add --password, or set STASH_SENSE_KEY_PASSWORD."""

    code = "signing_password_needed"


class PublicKeyUnreadable(SigningKeyError):
    """{path} is not a public key ({reason}); it should be the line that begins with RW."""

    code = "public_key_unreadable"


class KeyNotTrusted(SigningKeyError):
    """The key {path} is not among those you trust; `stash-sense db key list` shows them."""

    code = "key_not_trusted"


class ReleaseError(StashSenseError):
    """The release {name} cannot be used."""

    code = "release_error"


class ReleaseUnreadable(ReleaseError):
    """{name} cannot be understood ({reason}) and is not used."""

    code = "release_unreadable"


class ReleaseSchemaUnknown(ReleaseError):
    """{name} is written in schema {schema}, which this Stash Sense does not know; update the program first."""

    code = "release_schema_unknown"


class ReleaseNeedsNewerProgram(ReleaseError):
    """{name} needs Stash Sense {requires} or newer, and this is {program}; update the program first."""

    code = "release_needs_newer_program"


class ReleaseContradictory(ReleaseError):
    """{name} contradicts itself ({reason}) and is not used; its publisher should make it again."""

    code = "release_contradictory"


class ReleaseAlreadyPublished(ReleaseError):
    """{name} holds another release of version {version}; make a new version, since what was published must stay."""

    code = "release_already_published"


class ReleaseOnlyHere(ReleaseError):
    """Version {name} is {whole} without people who were forgotten here, a name that may mean something else
    elsewhere, so it is not published; build a database of your own with `stash-sense db build FOLDER --name VERSION`.
    """

    code = "release_only_here"


class ReleaseMissing(ReleaseError):
    """There is no performers database in {name}: it has no manifest.json; name a zip that `stash-sense db export` or
    a publisher made, or the folder of a version.
    """

    code = "release_missing"


class ArchiveError(StashSenseError):
    """The archive {archive} cannot be used."""

    code = "archive_error"


class ArchiveUnreadable(ArchiveError):
    """The archive {archive} cannot be read ({reason})."""

    code = "archive_unreadable"


class ArchiveSizeWrong(ArchiveError):
    """The archive {archive} has {size:,} bytes instead of {expected:,}; fetch it again."""

    code = "archive_size_wrong"


class ArchiveChanged(ArchiveError):
    """The archive {archive} is not the one that its release describes: its SHA-256 is another; fetch it again."""

    code = "archive_changed"


class ArchiveDamaged(ArchiveError):
    """The archive {archive} is no whole zip ({reason}) and is not unpacked; fetch it again."""

    code = "archive_damaged"


class ArchiveOvercrowded(ArchiveError):
    """The archive {archive} claims more entries, or a longer list of them, than any release has ({reason}), and is
    not unpacked.
    """

    code = "archive_overcrowded"


class MemberNameUnsafe(ArchiveError):
    """The archive {archive} holds {member}, a name that leads elsewhere or no release has; it is not unpacked."""

    code = "member_name_unsafe"


class MemberUnexpected(ArchiveError):
    """The archive {archive} holds {member}, which its manifest does not list; it is not unpacked."""

    code = "member_unexpected"


class MemberMissing(ArchiveError):
    """The archive {archive} lacks {member}, which its manifest lists; it is not unpacked."""

    code = "member_missing"


class MemberDuplicate(ArchiveError):
    """The archive {archive} holds {member} twice, or under names that some disks take for one; it is not unpacked."""

    code = "member_duplicate"


class MemberNotFile(ArchiveError):
    """The archive {archive} holds {member} as {kind} instead of a file; it is not unpacked."""

    code = "member_not_file"


class MemberEncrypted(ArchiveError):
    """The archive {archive} holds {member} encrypted, which no release is; it is not unpacked."""

    code = "member_encrypted"


class MemberCompressionUnknown(ArchiveError):
    """The archive {archive} holds {member} compressed by method {method}, which no release is; it is not unpacked."""

    code = "member_compression_unknown"


class MemberMisplaced(ArchiveError):
    """The archive {archive} says that {member} lies where it cannot ({reason}); it is not unpacked."""

    code = "member_misplaced"


class MemberSizeWrong(ArchiveError):
    """The archive {archive} holds {member} with another size than the {expected:,} bytes of its manifest; it is not
    unpacked.
    """

    code = "member_size_wrong"


class MemberDamaged(ArchiveError):
    """The archive {archive} holds {member} damaged ({reason}); nothing of it was kept."""

    code = "member_damaged"


class VersionFileError(StashSenseError):
    """{path} is not as its manifest says."""

    code = "version_file_error"


class VersionFileMissing(VersionFileError):
    """{path} is missing, or is no file, though its manifest lists it."""

    code = "version_file_missing"


class VersionFileUnexpected(VersionFileError):
    """{path} does not belong there: its manifest does not list it."""

    code = "version_file_unexpected"


class VersionFileUnreadable(VersionFileError):
    """{path} cannot be read ({reason})."""

    code = "version_file_unreadable"


class VersionFileSizeWrong(VersionFileError):
    """{path} has {size:,} bytes instead of the {expected:,} of its manifest."""

    code = "version_file_size_wrong"


class VersionFileChanged(VersionFileError):
    """{path} was changed or damaged: its content is not that of its release."""

    code = "version_file_changed"
