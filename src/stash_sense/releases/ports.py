"""What finding and fetching releases needs from outside: an HTTP transport, and places that releases come from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.releases.found import Announced, FoundRelease, Listing

Look: TypeAlias = Callable[[], None]
"""Called several times a second while work waits; whatever it raises ends the work and comes out of it."""


@dataclass(slots=True, eq=False)
class Named:
    """An address that the user named, for all that is asked of that source.

    Attributes:
        address: as the user wrote it.
        there: addresses that its host had when it was first asked, which the transport notes; None before that. What
            its name means a moment later is not what the user named.
    """

    address: str
    there: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request.

    Attributes:
        url: what to fetch; a name and password in it go to its host alone.
        headers: besides those that every request has.
        named: what the user named. Requests and redirects to its host may go to this machine or a private network,
            if that is where the host was at first; those to any other host may not.
        connect_seconds: to wait for a connection.
        silence_seconds: to wait for the next byte.
    """

    url: str
    headers: Mapping[str, str]
    named: Named
    connect_seconds: float
    silence_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers: never a redirect, for those were followed.

    Attributes:
        status: of HTTP.
        headers: by name in small letters.
        chunks: the body as it was sent, not uncompressed. Raises ConnectionLost, and what `look` raises.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class HttpTransport(Protocol):
    """Asks servers over http and https."""

    def stream(self, inquiry: Inquiry, look: Look) -> AbstractContextManager[Answer]:
        """Send a GET request and follow its redirects: at most 5, never from https to http.

        Args:
            inquiry: the request.
            look: see `Look`; also while there is no answer yet.

        Raises:
            ServerUnreachable: there is no such host, or nothing answers there.
            CertificateUntrusted: the server is not who it says.
            ConnectionLost: it was there and broke off.
            RedirectRefused: it redirects too often, or to where nobody should follow.
            AddressPrivate: see `Inquiry.named`.
        """


class ReleaseSource(Protocol):
    """A place that releases come from. Nothing that it says is trusted."""

    @property
    def name(self) -> str:
        """The place in the user's words, without a password: a folder, an address, or owner/name."""

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, so that nothing is saved by remembering what it had."""

    def releases(self, cancel: CancelToken) -> Listing:
        """Look up which releases there are.

        Raises:
            SourceError: the place has no releases, or cannot be understood.
            TransferError: it could not be asked.
            Cancelled: somebody asked to stop.
        """

    def read_small(self, release: FoundRelease, name: str, limit: int, cancel: CancelToken) -> bytes:
        """Read a file of a release that fits into memory: a manifest or a signature.

        Args:
            release: one that `releases` gave.
            name: the file's name.
            limit: bytes that it may have.
            cancel: looked at several times a second.

        Raises:
            NotOnServer: the release has no such file.
            LargerThanAnnounced: it has more than `limit` bytes.
            TransferError: it could not be fetched.
            Cancelled: somebody asked to stop.
        """

    def fetch(
        self, release: FoundRelease, file: Announced, into: Path, progress: ProgressListener, cancel: CancelToken
    ) -> None:
        """Bring a file of a release to this machine, whole or not at all.

        Args:
            release: one that `releases` gave.
            file: the file.
            into: the file that it becomes; what arrived of an earlier attempt lies beside it and is not fetched anew.
            progress: told bytes.
            cancel: looked at several times a second.

        Raises:
            TransferError: it could not be fetched, or is not the file that was announced.
            StorageError: the disk is full, or may not be written.
            Cancelled: somebody asked to stop; what arrived is kept.
        """
