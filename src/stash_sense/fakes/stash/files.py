"""Bytes of files, real or drawn, and how they are sent: ranges, conditions, what caches are told."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

VARY = {"vary": "Origin"}
_CHUNK = 1 << 18
_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_FOREVER, _ASK_AGAIN = "private, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True)
class Content:
    """Something to send.

    Attributes:
        size: in bytes.
        media_type: told to the client.
        read: gives the bytes from an offset, of a length; both lie within the size.
        modified: when it was changed, None for what has an ETag.
    """

    size: int
    media_type: str
    read: Callable[[int, int], bytes]
    modified: datetime | None = None

    @classmethod
    def of_bytes(cls, content: bytes, media_type: str, modified: datetime | None = None) -> "Content":
        """Return bytes as something to send."""
        return cls(len(content), media_type, lambda start, length: content[start : start + length], modified)

    @classmethod
    def of_file(cls, path: Path, media_type: str) -> "Content":
        """Return a file as something to send; it is read a piece at a time."""

        def read(start: int, length: int) -> bytes:
            with path.open("rb") as file:
                file.seek(start)
                return file.read(length)

        told = path.stat()
        return cls(told.st_size, media_type, read, datetime.fromtimestamp(int(told.st_mtime), UTC))


def not_found() -> Response:
    """Answer that nothing has this number."""
    return PlainTextResponse("Not Found\n", 404, VARY)


def no_page() -> Response:
    """Answer that the file was not made."""
    return PlainTextResponse("404 page not found\n", 404, VARY)


def bad_request() -> Response:
    """Answer that this is no number."""
    return PlainTextResponse("Bad Request\n", 400, VARY)


def sent(request: Request, content: Content, *, cached: bool = True) -> Response:
    """Answer with something, or with the part of it that was asked for.

    Args:
        request: with its Range, If-Range and If-None-Match.
        content: to send.
        cached: tell caches what they may do; streams do not.
    """
    headers = {**VARY, "accept-ranges": "bytes"}
    if cached:
        headers["cache-control"] = _FOREVER if "t" in request.query_params else _ASK_AGAIN
    if content.modified is None:
        digest = hashlib.md5(content.read(0, content.size), usedforsecurity=False).hexdigest()
        headers["etag"] = f'"{digest}"'
        if headers["etag"] in request.headers.get("if-none-match", ""):
            del headers["accept-ranges"]
            return Response(status_code=304, headers=headers)
    else:
        headers["last-modified"] = format_datetime(content.modified.astimezone(UTC), usegmt=True)
        if _is_known(request, content.modified):
            del headers["accept-ranges"]
            return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    if asked is None or not content.size or not _still_holds(request.headers.get("if-range"), headers, content):
        return _streamed(content, 0, content.size, 200, headers)
    if "," in asked:
        return PlainTextResponse("not simulated: several ranges at once\n", 500, VARY)
    try:
        start, stop = _span(asked, content.size)
    except ValueError:
        return PlainTextResponse("invalid range\n", 416, VARY)
    if start >= stop:
        headers = {**VARY, "content-range": f"bytes */{content.size}"}
        return PlainTextResponse("invalid range: failed to overlap\n", 416, headers)
    headers["content-range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return _streamed(content, start, stop - start, 206, headers)


def _is_known(request: Request, modified: datetime) -> bool:
    """Whether the client has it as it is; who sends an ETag too is judged by that, and there is none here."""
    told = request.headers.get("if-modified-since")
    if told is None or "if-none-match" in request.headers:
        return False
    try:
        return modified <= parsedate_to_datetime(told)
    except (ValueError, TypeError):
        return False


def _still_holds(condition: str | None, headers: dict[str, str], content: Content) -> bool:
    if condition is None or content.modified is None:
        return condition in (None, headers.get("etag"))
    try:
        return parsedate_to_datetime(condition) == content.modified
    except (ValueError, TypeError):
        return False


def _span(asked: str, size: int) -> tuple[int, int]:
    """Return the first byte of a range and the one behind its last; they lie beyond the size if it does.

    Raises:
        ValueError: it is no range.
    """
    found = _ONE_RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        raise ValueError(asked)
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        raise ValueError(asked)
    return int(first), min(size, int(last) + 1) if last else size


def _streamed(content: Content, start: int, length: int, status: int, headers: dict[str, str]) -> Response:
    headers = {**headers, "content-length": str(length)}
    return StreamingResponse(_pieces(content, start, length), status, headers, content.media_type)


def _pieces(content: Content, start: int, length: int) -> Iterator[bytes]:
    stop = start + length
    while start < stop:
        piece = content.read(start, min(_CHUNK, stop - start))
        if not piece:
            return
        start += len(piece)
        yield piece
