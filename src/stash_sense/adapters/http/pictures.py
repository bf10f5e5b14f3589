"""Pictures of a server that the user named, each with one request as a rule."""

from collections.abc import Callable

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.remote_file import RemoteFiles
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address

_AT_ONCE = ReadAhead(least=2 * 1024 * 1024)
"""More than nearly all pictures of a stash-box have at 1280 pixels: they come with the first question."""


def pictures_of(named: str, limits: Limits, client: HttpClient | None = None) -> Callable[[str, CancelToken], bytes]:
    """Return what reads a picture by its address.

    Args:
        named: address of the server that names the pictures; it alone may be in a private network.
        limits: on what a picture may cost.
        client: makes the connections.

    Returns:
        Raises InputError, TransferError or StorageError where a picture cannot be had, and Cancelled.
    """
    files = RemoteFiles(client or HttpClient(), limits, ahead=_AT_ONCE)

    def fetch(url: str, cancel: CancelToken) -> bytes:
        with files.open(Address(url, named=named), cancel) as file:
            return file.content(limits.picture_bytes)

    return fetch
