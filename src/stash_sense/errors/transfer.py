"""Errors about finding releases and fetching files from a server."""

from stash_sense.errors.base import StashSenseError, StorageError


class TransferError(StashSenseError):
    """{address} could not be fetched."""

    code = "transfer_error"


class ServerUnreachable(TransferError):
    """{address} cannot be reached ({reason}); check the address and the network, then try again."""

    code = "server_unreachable"


class ProxyUnusable(TransferError):
    """The proxy that {variable} names cannot be used ({reason}); mend that variable, or unset it."""

    code = "proxy_unusable"


class CertificateUntrusted(TransferError):
    """The certificate of {address} cannot be trusted ({reason}); check the address and this machine's clock, and set
    SSL_CERT_FILE if the server has a certificate of your own.
    """

    code = "certificate_untrusted"


class ConnectionLost(TransferError):
    """The connection to {address} broke off again and again ({reason}); what arrived is kept, try again later."""

    code = "connection_lost"


class RedirectRefused(TransferError):
    """{address} sends on to a place that is not followed ({reason}); name the place itself if you trust it."""

    code = "redirect_refused"


class AddressPrivate(TransferError):
    """{address} is on this machine or a private network, but was named by a server outside of it; nothing was asked
    there, and if you trust the place, name it as the source yourself.
    """

    code = "address_private"


class AccessRefused(TransferError):
    """{address} is not handed out to you (status {status}); check the address, and whether it needs a password."""

    code = "access_refused"


class NotOnServer(TransferError):
    """There is no {address}; check the spelling, or ask who publishes it."""

    code = "not_on_server"


class TooManyRequests(TransferError):
    """{address} was asked too often; try again in {wait:,} s."""

    code = "too_many_requests"


class RateLimitReached(TransferError):
    """{address} answers no more requests from here for now; try again after {until}."""

    code = "rate_limit_reached"


class ServerBroken(TransferError):
    """The server of {address} does not work as it should ({reason}); try again later."""

    code = "server_broken"


class TooSlow(TransferError):
    """{address} comes too slowly (under {bytes:,} bytes in {seconds} s); what arrived is kept, try again later."""

    code = "too_slow"


class DeadlinePassed(TransferError):
    """{address} was not fetched within {seconds} s; what arrived is kept, try again to fetch the rest."""

    code = "deadline_passed"


class LargerThanAnnounced(TransferError):
    """{address} is larger than the {size:,} bytes that it may have; nothing of it was kept, ask who publishes it."""

    code = "larger_than_announced"


class ShorterThanAnnounced(TransferError):
    """{address} has {actual:,} bytes where {size:,} were announced; nothing of it was kept, ask who publishes it."""

    code = "shorter_than_announced"


class ChangedWhileDownloading(TransferError):
    """{address} changes while it is downloaded; nothing of it was kept, try again later."""

    code = "changed_while_downloading"


class ChecksumMismatch(TransferError):
    """{address} is not the file that was announced (its SHA-256 differs); nothing of it was kept, do not trust it."""

    code = "checksum_mismatch"


class SourceError(StashSenseError):
    """Releases cannot be taken from {source}."""

    code = "source_error"


class SourceUnknown(SourceError):
    """{source} is no source of releases ({reason}); name a folder, an https address, or a GitHub repository as
    owner/name.
    """

    code = "source_unknown"


class SourceUnreadable(SourceError):
    """What {source} says of its releases makes no sense ({reason}); check the address, or ask who publishes it."""

    code = "source_unreadable"


class ListingMissing(SourceError):
    """{source} has no releases.json; put all the files there that `stash-sense db release` makes, or name a GitHub
    repository or a folder of this machine.
    """

    code = "listing_missing"


class RepositoryMissing(SourceError):
    """There is no folder and no GitHub repository called {source}, or it is private; check the spelling."""

    code = "repository_missing"


class NotEnoughSpace(StorageError):
    """{path} has {free} free where {needed} are needed; free some space, or choose another place for the data."""

    code = "not_enough_space"
