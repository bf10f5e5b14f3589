"""Errors about the user's Stash: reaching it, being let in, reading from it and writing to it."""

from stash_sense.errors.base import StashSenseError


class StashError(StashSenseError):
    """Stash at {address} cannot be used."""

    code = "stash_error"


class StashAddressInvalid(StashError):
    """{address} is no address of a Stash ({reason}); set STASH_URL to one like http://192.168.1.10:9999."""

    code = "stash_address_invalid"


class StashUnreachable(StashError):
    """Stash cannot be reached at {address} ({reason}); start it, or set STASH_URL to where it is."""

    code = "stash_unreachable"


class StashCertificateUntrusted(StashError):
    """The certificate of {address} cannot be trusted ({reason}); check STASH_URL and this machine's clock, and set
    SSL_CERT_FILE if Stash has a certificate of your own.
    """

    code = "stash_certificate_untrusted"


class StashConnectionLost(StashError):
    """The connection to Stash at {address} broke off ({reason}); see whether it still runs, then try again."""

    code = "stash_connection_lost"


class StashTimedOut(StashError):
    """Stash at {address} gave no whole answer within {seconds} s; see whether it is busy, then try again."""

    code = "stash_timed_out"


class StashWriteUncertain(StashError):
    """Nobody knows whether Stash at {address} did what it was told ({operation}), for its answer did not come
    ({reason}); look there before it is tried again.
    """

    code = "stash_write_uncertain"


class StashKeyMissing(StashError):
    """Stash at {address} asks for a key; set STASH_API_KEY to the API key from its Settings > Security."""

    code = "stash_key_missing"


class StashKeyWrong(StashError):
    """Stash at {address} does not take this key; set STASH_API_KEY to the API key from its Settings > Security, or
    unset it where Stash has no login.
    """

    code = "stash_key_wrong"


class StashLoginPage(StashError):
    """A login page answers at {address} instead of Stash; set STASH_API_KEY, and where another program guards the
    place, set STASH_URL to the address of Stash itself.
    """

    code = "stash_login_page"


class StashRedirected(StashError):
    """{address} sends on to {place}, which is not followed; set STASH_URL to the address that Stash really has."""

    code = "stash_redirected"


class StashExposed(StashError):
    """Stash at {address} has locked itself, because it was asked from the internet without a login; set a user name
    and password in it, remove security_tripwire_accessed_from_public_internet from its config.yml, and restart it.
    """

    code = "stash_exposed"


class StashSetupNeeded(StashError):
    """Stash at {address} was never set up; open that address in a browser and follow its questions."""

    code = "stash_setup_needed"


class StashMigrationNeeded(StashError):
    """Stash at {address} waits for its database to be migrated; open that address in a browser and confirm it."""

    code = "stash_migration_needed"


class StashTooOld(StashError):
    """Stash at {address} is {version}, and {oldest} is needed; update it."""

    code = "stash_too_old"


class StashMisplaced(StashError):
    """What answers at {address} is no Stash ({reason}); set STASH_URL to the address that you open Stash with."""

    code = "stash_misplaced"


class StashBroken(StashError):
    """Stash at {address} does not work as it should ({reason}); look at its log, and restart it."""

    code = "stash_broken"


class StashAnswerTooLarge(StashError):
    """Stash at {address} answered with more than {most_bytes:,} bytes, which were not read ({operation}); see whether
    STASH_URL is right.
    """

    code = "stash_answer_too_large"


class StashAnswerOdd(StashError):
    """Stash at {address} gave an answer that makes no sense ({operation}: {reason}); see whether its version is one
    that this program knows.
    """

    code = "stash_answer_odd"


class StashDocumentRefused(StashError):
    """Stash at {address} does not understand a question of this program ({operation}: {reason}); update both, and
    report it if that does not help.
    """

    code = "stash_document_refused"


class StashRefused(StashError):
    """Stash at {address} refuses: {reason} ({operation})."""

    code = "stash_refused"


class StashNameTaken(StashError):
    """Stash at {address} has that name already: {reason}; choose another one, or use what is there."""

    code = "stash_name_taken"


class StashIdUnknown(StashError):
    """Stash at {address} has no {kind} {id}; it may have been deleted or merged meanwhile."""

    code = "stash_id_unknown"


class StashReferenceUnknown(StashError):
    """Stash at {address} did nothing, because something that it was told to use is not there ({operation}); read the
    library again, for it may have been deleted meanwhile.
    """

    code = "stash_reference_unknown"


class StashDatabaseLocked(StashError):
    """The database of Stash at {address} is locked by another program, so nothing was written ({operation}); end what
    uses it, such as a backup, then try again.
    """

    code = "stash_database_locked"


class StashMediaMissing(StashError):
    """Stash has nothing at {address}; generate it in Stash, or see whether the file is still there."""

    code = "stash_media_missing"


class StashMediaOdd(StashError):
    """What Stash gives at {address} is not what was asked for ({reason}); open it in a browser to see what it is."""

    code = "stash_media_odd"


class PathMapInvalid(StashSenseError):
    """{text!r} does not say which folder of Stash is which folder here; write it like /data=/mnt/media, several apart
    by semicolons.
    """

    code = "path_map_invalid"
