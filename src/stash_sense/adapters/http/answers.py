"""What a server's answer means where a part of a video or picture was asked for."""

from stash_sense.adapters.http.session import Bearings
from stash_sense.errors import InputIsPage, InputLocked, ServerBroken, StashSenseError, TransferError
from stash_sense.media.address import Address
from stash_sense.releases.answers import Part, part_of, require_as_it_is
from stash_sense.releases.patience import Interrupted
from stash_sense.releases.ports import Answer
from stash_sense.releases.refusals import refusal

_LOCKED = frozenset({401, 402, 403, 407})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


def refused(path: Address, answer: Answer, bearings: Bearings) -> StashSenseError | Interrupted:
    """Say why a server did not give what was asked for."""
    if answer.status in _LOCKED and "retry-after" not in answer.headers:
        return InputLocked(path=path, reason=f"status {answer.status}")
    error: TransferError | Interrupted = refusal(bearings.address, answer.status, answer.headers)
    return error


def require_media(path: Address, answer: Answer, bearings: Bearings) -> None:
    """Refuse a page, and what comes compressed.

    Raises:
        InputLocked: it is a page to log in on, as a Stash sends to who has no key.
        InputIsPage: it is another one.
        ServerBroken: it is compressed.
    """
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() in _PAGES:
        if bearings.redirected and "login" in bearings.address.rpartition("/")[2].lower():
            raise InputLocked(path=path, reason="it sends on to a page to log in")
        raise InputIsPage(path=path)
    require_as_it_is(answer, path.url)


def require_part(path: Address, answer: Answer) -> tuple[Part, int]:
    """Read which part of the file a 206 holds, and how many bytes all of it has.

    Raises:
        ServerBroken: it does not say, or contradicts itself.
    """
    part = part_of(answer)
    if part is None or part.size is None:
        raise ServerBroken(address=path, reason="it does not say which part of the file it sends")
    return part, part.size
