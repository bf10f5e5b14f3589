"""A server of releases on the loopback: a folder's files over real HTTP, with faults that are given as data.

    with ReleaseServer(folder) as server:
        server.faults["performers-2026.11.22.zip"] = [Fault(reset_after=1000)]
        ...  # the first request for that file is reset, all further ones are answered well
        server.requests  # what was asked for

It speaks Range, If-Range and ETag as web servers do, and GitHub's list of releases for the same folder.
"""

import json
import re
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote

from stash_sense.fakes.release_answers import Fault, Handler, Request

_MANIFEST = re.compile(r"performers-(.+)\.release\.json")
_PUBLIC = re.compile(r"(?:.*[-_])?v?(\d.*)\.zip")


class ReleaseServer:
    """Serves a folder until its `with` block ends.

    Args:
        folder: whose files are served; looked at for every request.
        repository: owner/name under which GitHub's interface lists the folder.
        extra_releases: further entries of that list, as GitHub writes them.
        certificate: to serve over https with, in place of http.

    Attributes:
        faults: by path without the first slash ("a.zip", "repos/owner/name/releases"), one for each request for it,
            in this order; None for an answer without fault, as are all after the last.
        requests: all that were received.
    """

    def __init__(
        self,
        folder: Path,
        repository: str = "someone/performers",
        extra_releases: Sequence[Mapping[str, object]] = (),
        certificate: ssl.SSLContext | None = None,
    ) -> None:
        self.folder = folder
        self.repository = repository
        self.extra_releases = extra_releases
        self.faults: dict[str, Iterable[Fault | None]] = {}
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._replaced: dict[str, bytes] = {}
        self._running: dict[str, Iterator[Fault | None]] = {}
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), Handler, self)
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            self._http.socket = certificate.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="release server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def port(self) -> int:
        """Of the loopback."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Address of the folder, and of GitHub's interface."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def received(self, request: Request) -> Fault:
        """Note a request, and return what is wrong with its answer."""
        with self._lock:
            self.requests.append(request)
            if request.path in self.faults:
                self._running[request.path] = iter(self.faults.pop(request.path))
            fault = next(self._running.get(request.path, iter(())), None) or Fault()
            if fault.replaced is not None:
                self._replaced[request.path] = fault.replaced
            return fault

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file, None if there is none."""
        if path in self._replaced:
            return self._replaced[path]
        file = self.folder / path
        return file.read_bytes() if "/" not in path and path not in ("", "..") and file.is_file() else None

    def listing(self, query: str) -> bytes:
        """Answer as GitHub's list of releases: drawn from the folder, newest first, a page of it."""
        asked = parse_qs(query)
        size, page = int(asked.get("per_page", ["30"])[0]), int(asked.get("page", ["1"])[0])
        releases = [*self.extra_releases, *self._releases()]
        return json.dumps(releases[size * (page - 1) : size * page]).encode()

    def _releases(self) -> list[dict[str, object]]:
        names = sorted((file.name for file in self.folder.iterdir() if file.is_file()), reverse=True)
        found: list[dict[str, object]] = []
        taken: set[str] = set()
        for name in names:
            if signed := _MANIFEST.fullmatch(name):
                files = [
                    other for other in (f"performers-{signed[1]}.zip", name, f"{name}.minisig") if other in names
                ]
                taken.update(files)
                found.append(self.release(f"v{signed[1]}", files))
        public = [(name, _PUBLIC.fullmatch(name)) for name in names if name not in taken]
        return found + [self.release(version[1], [name]) for name, version in public if version]

    def release(self, tag: str, files: Sequence[str], *, prerelease: bool = False) -> dict[str, object]:
        """Write one entry of GitHub's list.

        Args:
            tag: of the release.
            files: names of files of the folder.
            prerelease: as the publisher marked it.
        """
        assets = [
            {
                "name": name,
                "state": "uploaded",
                "size": (self.folder / name).stat().st_size,
                "browser_download_url": f"{self.url}/download/{quote(tag)}/{quote(name)}",
            }
            for name in files
        ]
        return {"tag_name": tag, "draft": False, "prerelease": prerelease, "assets": assets}


class _Server(ThreadingHTTPServer):
    """Keeps the connection to what it serves, and breaks off connections as a crashed machine would."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[Handler], releases: ReleaseServer) -> None:
        self.releases = releases
        self.reset: set[int] = set()
        super().__init__(address, handler)

    def shutdown_request(self, request: object) -> None:
        if id(request) in self.reset:
            self.reset.discard(id(request))
            self.close_request(request)  # type: ignore[arg-type]
        else:
            super().shutdown_request(request)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away, which is what is tested here."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
