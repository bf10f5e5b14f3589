"""What the headers of a server's answer say of a file: how long it is, which part of it comes, and in which state."""

import re
from dataclasses import dataclass

from stash_sense.errors import ServerBroken
from stash_sense.kernel.addresses import shown
from stash_sense.releases.part_file import Partial
from stash_sense.releases.ports import Answer

OK, PARTIAL, RANGE_UNSATISFIABLE = 200, 206, 416
AS_IT_IS = {"accept-encoding": "identity"}
"""Sent with every request: sizes and ranges are those of the file, so it must not come compressed."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_UNSATISFIED_RANGE = re.compile(r"bytes \*/(\d{1,18})", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of a file an answer holds: from `start` to before `end`, of `size` in all, if that is told."""

    start: int
    end: int
    size: int | None


def part_of(answer: Answer) -> Part | None:
    """Read which part of the file a 206 holds; None where it does not say, or contradicts itself."""
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if found is None:
        return None
    part = Part(int(found[1]), int(found[2]) + 1, None if found[3] == "*" else int(found[3]))
    if part.start >= part.end or (part.size is not None and part.end > part.size):
        return None
    return part if length_of(answer) in (None, part.end - part.start) else None


def size_without_part(answer: Answer) -> int | None:
    """Read from a 416 how large the file is."""
    found = _UNSATISFIED_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    return None if found is None else int(found[1])


def length_of(answer: Answer) -> int | None:
    """Read how long a body is, if the server says."""
    text = answer.headers.get("content-length", "").strip()
    return int(text) if _LENGTH.fullmatch(text) else None


def described(answer: Answer, size: int | None, url: str = "") -> Partial:
    """Read which state of the file at `url` an answer is of."""
    headers = answer.headers
    etag, date = headers.get("etag") or None, headers.get("last-modified") or None
    return Partial(url=url, etag=etag, last_modified=date, size=size)


def require_as_it_is(answer: Answer, url: str) -> None:
    """Refuse what comes compressed although it should not.

    Raises:
        ServerBroken: as it says.
    """
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ServerBroken(address=shown(url), reason="it compresses what should come as it is")
