"""Errors about public releases of the performer database, and about the search index files in them."""

from stash_sense.errors.base import StashSenseError


class PublicReleaseError(StashSenseError):
    """The public release {path} cannot be imported."""

    code = "public_release_error"


class PublicReleaseUnreadable(PublicReleaseError):
    """{path} cannot be read as a public release of the performer database: {reason}; name its zip, or the folder that
    it was unpacked into.
    """

    code = "public_release_unreadable"


class PublicReleaseIncomplete(PublicReleaseError):
    """The public release {path} lacks {missing}; download it again."""

    code = "public_release_incomplete"


class PublicReleaseUnchecked(PublicReleaseError):
    """The public release {path} cannot be checked: {reason}; ask its publisher for one whose manifest has the SHA-256
    of every file.
    """

    code = "public_release_unchecked"


class PublicReleaseDamaged(PublicReleaseError):
    """The public release {path} is damaged: {file} {reason}; download it again."""

    code = "public_release_damaged"


class PublicReleaseUnsafe(PublicReleaseError):
    """The public release {path} is refused: {reason}; no release of the performer database has that."""

    code = "public_release_unsafe"


class VoyagerError(StashSenseError):
    """The Voyager index {path} cannot be used."""

    code = "voyager_error"


class VoyagerDamaged(VoyagerError):
    """The Voyager index {path} cannot be read: {reason}; get or make it again."""

    code = "voyager_damaged"


class VoyagerUnknown(VoyagerError):
    """The Voyager index {path} cannot be read: {reason}; write it with version 2 of the library Voyager."""

    code = "voyager_unknown"


class VoyagerMissing(VoyagerError):
    """Approximate search needs the library Voyager, which is not here; type `pip install "stash-sense[voyager]"`."""

    code = "voyager_missing"
