"""How often a server is connected to while a file of it is read."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.integration.video.network import files

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.address import Address

CONTENT = bytes(range(256)) * 1024
AHEAD = ReadAhead(block=4096, least=4096, most=4096)


class KeepingServer(ThreadingHTTPServer):
    """Keeps connections open, and counts them; closes each after so many answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Parts)
        self.connections = 0
        self.answers = 0
        self.closes_after = 0

    @property
    def address(self) -> Address:
        url = f"http://127.0.0.1:{self.server_address[1]}/a.bin"
        return Address(url, named=url)


class _Parts(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: KeepingServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        self.server.answers += 1
        start, last = map(int, self.headers["range"].removeprefix("bytes=").split("-"))
        body = CONTENT[start : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        # Without saying so, as servers do with who is idle for long.
        self.close_connection = bool(self.server.closes_after) and self.server.answers % self.server.closes_after == 0

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[KeepingServer]:
    with KeepingServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def test_one_reader_asks_over_one_connection(server: KeepingServer) -> None:
    with files(ahead=AHEAD).open(server.address, CancelToken()) as file, file.reader() as reader:
        assert reader.read() == CONTENT
        reader.raise_failure()
    assert server.answers == len(CONTENT) // AHEAD.most
    assert server.connections == 1


def test_several_readers_have_connections_of_their_own_and_share_what_was_read(server: KeepingServer) -> None:
    with (
        files(ahead=AHEAD).open(server.address, CancelToken()) as file,
        file.reader() as one,
        file.reader() as other,
    ):
        assert one.read(100_000) == CONTENT[:100_000]
        asked = server.answers
        assert other.read(100_000) == CONTENT[:100_000]
        assert server.answers == asked
        assert other.read() == CONTENT[100_000:]
        one.raise_failure()
        other.raise_failure()
    assert server.connections == 2


def test_a_connection_that_the_server_closed_is_made_anew(server: KeepingServer) -> None:
    server.closes_after = 5
    with files(ahead=AHEAD).open(server.address, CancelToken()) as file, file.reader() as reader:
        assert reader.read() == CONTENT
        reader.raise_failure()
    assert server.connections >= server.answers // 5


def test_two_threads_read_at_once(server: KeepingServer) -> None:
    found: list[bytes] = []
    with files(ahead=AHEAD).open(server.address, CancelToken()) as file:

        def read(start: int) -> None:
            with file.reader() as reader:
                reader.seek(start)
                found.append(reader.read())
                reader.raise_failure()

        threads = [threading.Thread(target=read, args=(start,)) for start in (0, 1000, 100_000, 200_000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found, key=len) == [CONTENT[start:] for start in (200_000, 100_000, 1000, 0)]
