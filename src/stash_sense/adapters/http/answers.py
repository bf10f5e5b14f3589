"""What a server's answer means where a part of a video or picture was asked for."""

import re
from dataclasses import dataclass

from stash_sense.adapters.http.session import Bearings
from stash_sense.errors import InputIsPage, InputLocked, ServerBroken, StashSenseError, TransferError
from stash_sense.media.address import Address
from stash_sense.releases.part_file import Partial
from stash_sense.releases.patience import Interrupted
from stash_sense.releases.ports import Answer
from stash_sense.releases.refusals import refusal
from stash_sense.releases.transfer import require_as_it_is

_LOCKED = frozenset({401, 402, 403, 407})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_UNSATISFIED_RANGE = re.compile(r"bytes \*/(\d{1,18})")
_LENGTH = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of a file an answer holds: from `start` to before `end`, of `size` in all."""

    start: int
    end: int
    size: int


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


def part_of(path: Address, answer: Answer) -> Part:
    """Read which part of the file a 206 holds.

    Raises:
        ServerBroken: it does not say, or contradicts itself.
    """
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if found is None:
        raise ServerBroken(address=path, reason="it does not say which part of the file it sends")
    start, last, size = (int(text) for text in found.groups())
    length = length_of(answer)
    if not start <= last < size or (length is not None and length != last + 1 - start):
        raise ServerBroken(address=path, reason="what it says of the part that it sends makes no sense")
    return Part(start, last + 1, size)


def size_without_part(answer: Answer) -> int | None:
    """Read from a 416 how large the file is."""
    found = _UNSATISFIED_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    return None if found is None else int(found[1])


def length_of(answer: Answer) -> int | None:
    """Read how long a body is, if the server says."""
    text = answer.headers.get("content-length", "").strip()
    return int(text) if _LENGTH.fullmatch(text) else None


def described(answer: Answer, size: int) -> Partial:
    """Read which state of the file an answer is of."""
    headers = answer.headers
    etag, date = headers.get("etag") or None, headers.get("last-modified") or None
    return Partial(url="", etag=etag, last_modified=date, size=size)
