"""How the simulated release server answers one request: files, parts of files, lists of releases, and faults."""

import hashlib
import re
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Protocol
from urllib.parse import unquote, urlsplit

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one answer.

    Attributes:
        status: answered in place of the file, with `headers` and no body.
        headers: added, or put in the place of the right ones.
        silent: no answer at all, while the connection stays open.
        silent_after: bytes of the body after which nothing comes, while the connection stays open.
        reset_after: bytes of the body after which the connection is reset.
        closed_after: bytes of the body after which the connection is closed in good order, but too early.
        drip: bytes that come at a time, `drip_seconds` apart.
        drip_seconds: see `drip`.
        replaced: the file has these bytes from now on.
        ignore_range: all of the file is answered where a part is asked for.
        ignore_if_range: a part is answered although the file has changed.
        without_length: neither Content-Length nor chunks; the end of the connection is the end of the file.
        without_validators: neither ETag nor Last-Modified.
        extra: sent after the file's bytes, and not counted.
        pieces: sent one by one, `drip_seconds` apart, in place of an answer; there may be no end of them.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    silent_after: int | None = None
    reset_after: int | None = None
    closed_after: int | None = None
    drip: int | None = None
    drip_seconds: float = 0.05
    replaced: bytes | None = None
    ignore_range: bool = False
    ignore_if_range: bool = False
    without_length: bool = False
    without_validators: bool = False
    extra: bytes = b""
    pieces: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its path without the first slash, what follows the question mark, and headers in small letters."""

    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str | None:
        """What part was asked for, None for all."""
        return self.headers.get("range")


class Served(Protocol):
    """What a handler answers from; see `release_server.ReleaseServer`."""

    repository: str
    closing: Event

    def received(self, request: Request) -> Fault:
        """Note a request, and return what is wrong with its answer."""

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file, None if there is none."""

    def listing(self, query: str) -> bytes:
        """Answer as GitHub's list of releases."""


class Handler(BaseHTTPRequestHandler):
    """Answers one request and closes the connection."""

    server_version = "releases"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer well, or as badly as the fault says."""
        served: Served = self.server.releases  # type: ignore[attr-defined]
        self.close_connection = True
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(unquote(parts.path).lstrip("/"), parts.query, headers)
        fault = served.received(request)
        if fault.silent:
            served.closing.wait()
            return
        if fault.pieces:
            self._send_pieces(fault, served)
            return
        if fault.status is not None:
            self._send(fault.status, {"Content-Length": "0"}, b"", fault, served)
            return
        if request.path == f"repos/{served.repository}/releases":
            self._send_file(served.listing(request.query), request, fault, served)
        elif request.path.startswith("download/"):
            # As GitHub does it: the address in the list leads on to where the files really are.
            location = {"Location": "/" + request.path.rpartition("/")[2], "Content-Length": "0"}
            self._send(302, location, b"", fault, served)
        elif (content := served.content(request.path)) is not None:
            self._send_file(content, request, fault, served)
        else:
            self._send(404, {"Content-Length": "0"}, b"", fault, served)

    def _send_file(self, content: bytes, request: Request, fault: Fault, served: Served) -> None:
        headers = {"Accept-Ranges": "bytes"}
        if not fault.without_validators:
            headers |= {"ETag": etag_of(content), "Last-Modified": date_of(content)}
        asked = _RANGE.fullmatch(request.range or "")
        condition = request.headers.get("if-range")
        same = condition in (None, etag_of(content), date_of(content)) or fault.ignore_if_range
        if asked is None or not same or fault.ignore_range:
            status, body = 200, content
        elif int(asked[1]) >= len(content):
            status, body = 416, b""
            headers["Content-Range"] = f"bytes */{len(content)}"
        else:
            start, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
            status, body = 206, content[start : last + 1]
            headers["Content-Range"] = f"bytes {start}-{last}/{len(content)}"
        if not fault.without_length:
            headers["Content-Length"] = str(len(body))
        self._send(status, headers, body, fault, served)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault, served: Served) -> None:
        self.send_response(status)
        for name, value in {**headers, **fault.headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        ends = [end for end in (fault.silent_after, fault.reset_after, fault.closed_after) if end is not None]
        content = body[: min(ends)] if ends else body + fault.extra
        for start in range(0, len(content), fault.drip or max(1, len(content))):
            self.wfile.write(content[start : start + (fault.drip or len(content))])
            if fault.drip and served.closing.wait(fault.drip_seconds):
                return
        if fault.silent_after is not None:
            served.closing.wait()
        if fault.reset_after is not None:
            # A connection that is closed without lingering is reset; what was sent shall arrive before.
            served.closing.wait(0.02)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.reset.add(id(self.connection))  # type: ignore[attr-defined]

    def _send_pieces(self, fault: Fault, served: Served) -> None:
        for piece in fault.pieces:
            self.wfile.write(piece)
            if served.closing.wait(fault.drip_seconds):
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing; `ReleaseServer.requests` has it."""


def etag_of(content: bytes) -> str:
    """Return the ETag under which a file's bytes are served."""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def date_of(content: bytes) -> str:
    """Return the date under which a file's bytes are served; other bytes have another one."""
    return formatdate(1_700_000_000 + int.from_bytes(hashlib.sha256(content).digest()[:3]), usegmt=True)
