"""A server on loopback that answers as a test tells it to, byte for byte, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> str:
        return str(json.loads(self.body)["query"])

    @property
    def variables(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["variables"]
        return found


@dataclass(frozen=True)
class Told:
    """One answer; `chunks` are sent one after the other, the connection is closed where no length is told."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    body: bytes = b""
    chunks: Iterator[bytes] | None = None


Script = Callable[[Asked], Told]


def graphql(data: Any = None, *errors: str, status: int = 200, code: str = "") -> Told:
    """Answer as a GraphQL server does."""
    answer: dict[str, Any] = {"data": data}
    if errors:
        answer["errors"] = [
            {"message": message, **({"extensions": {"code": code}} if code else {})} for message in errors
        ]
    return Told(status, body=json.dumps(answer).encode())


@dataclass
class ScriptedServer:
    url: str
    asked: list[Asked]


@contextmanager
def scripted(script: Script, certificate: Path | None = None) -> Iterator[ScriptedServer]:
    """Serve on loopback until the block ends, over https with a file of a certificate and its key."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, self.path, headers, body))
            told = script(asked[-1])
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if told.chunks is None:
                self.send_header("content-length", str(len(told.body)))
            else:
                self.send_header("connection", "close")
                self.close_connection = True
            self.end_headers()
            try:
                for chunk in told.chunks or (told.body,):
                    self.wfile.write(chunk)
            except OSError:  # who asked has heard enough
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        scheme = "http" if certificate is None else "https"
        yield ScriptedServer(f"{scheme}://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
