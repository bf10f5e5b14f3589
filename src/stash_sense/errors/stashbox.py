"""Errors about stash-box endpoints, the community databases that the user has set up in Stash."""

from stash_sense.errors.base import StashSenseError


class StashBoxError(StashSenseError):
    """The stash-box at {endpoint} cannot be used."""

    code = "stash_box_error"


class StashBoxAddressInvalid(StashBoxError):
    """{endpoint} is no address of a stash-box ({reason}); correct it in Stash, in Settings > Metadata Providers."""

    code = "stash_box_address_invalid"


class StashBoxUnknown(StashBoxError):
    """No stash-box with the address {endpoint} is set up; add it in Stash, in Settings > Metadata Providers."""

    code = "stash_box_unknown"


class StashBoxUnreachable(StashBoxError):
    """The stash-box at {endpoint} cannot be reached ({reason}); check the network and the address, then try again."""

    code = "stash_box_unreachable"


class StashBoxCertificateUntrusted(StashBoxError):
    """The certificate of the stash-box at {endpoint} cannot be trusted ({reason}); check the address and this
    machine's clock, and set SSL_CERT_FILE if the server has a certificate of your own.
    """

    code = "stash_box_certificate_untrusted"


class StashBoxConnectionLost(StashBoxError):
    """The connection to the stash-box at {endpoint} broke off again and again ({reason}); try again later."""

    code = "stash_box_connection_lost"


class StashBoxTimedOut(StashBoxError):
    """The stash-box at {endpoint} gave no whole answer within {seconds} s ({operation}); try again later."""

    code = "stash_box_timed_out"


class StashBoxKeyMissing(StashBoxError):
    """The stash-box at {endpoint} asks for a key; put yours into Stash, in Settings > Metadata Providers."""

    code = "stash_box_key_missing"


class StashBoxKeyWrong(StashBoxError):
    """The stash-box at {endpoint} does not take the key, or the key may not read ({reason}); copy it again from your
    account there into Stash, in Settings > Metadata Providers.
    """

    code = "stash_box_key_wrong"


class StashBoxRedirected(StashBoxError):
    """{endpoint} sends on to {place}, which is not followed, as the key would go there; if you trust it, put that
    address into Stash, in Settings > Metadata Providers.
    """

    code = "stash_box_redirected"


class StashBoxMisplaced(StashBoxError):
    """What answers at {endpoint} is no stash-box ({reason}); open the address in a browser to see what it is, and try
    again later where it only asks whether you are human.
    """

    code = "stash_box_misplaced"


class StashBoxBroken(StashBoxError):
    """The stash-box at {endpoint} does not work as it should ({reason}); try again later."""

    code = "stash_box_broken"


class StashBoxBusy(StashBoxError):
    """The stash-box at {endpoint} answers no more questions for {wait:,} s; try again after that, and set a lower
    number of requests per minute for it in Stash, in Settings > Metadata Providers, if it happens often.
    """

    code = "stash_box_busy"


class StashBoxAnswerTooLarge(StashBoxError):
    """The stash-box at {endpoint} answered with more than {most_bytes:,} bytes, which were not read ({operation});
    see whether the address is right.
    """

    code = "stash_box_answer_too_large"


class StashBoxAnswerOdd(StashBoxError):
    """The stash-box at {endpoint} gave an answer that makes no sense ({operation}: {reason}); see whether it is of a
    kind and version that this program knows.
    """

    code = "stash_box_answer_odd"


class StashBoxDocumentRefused(StashBoxError):
    """The stash-box at {endpoint} does not understand a question of this program ({operation}: {reason}); it may be
    of another kind, or too old.
    """

    code = "stash_box_document_refused"


class StashBoxFeatureMissing(StashBoxError):
    """The stash-box at {endpoint} cannot do that ({operation}: {reason}); it is of a kind that does less."""

    code = "stash_box_feature_missing"


class StashBoxRefused(StashBoxError):
    """The stash-box at {endpoint} refuses: {reason} ({operation})."""

    code = "stash_box_refused"
