"""Connections for httpx2 that can be stopped at any moment, and that go only to addresses that were looked at.

A host name is resolved once, each address is judged, and the connection is made to that address: a name that means
another machine a moment later leads nowhere else. Certificates are still checked against the name.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import httpcore2

from stash_sense.adapters.http.gate import resolved
from stash_sense.releases.ports import Look

_T = TypeVar("_T")
_POLL = 0.2
"""Seconds between two looks at whether it is worth going on."""

Admit = Callable[[str, list[str]], list[str]]
"""From a host name and the addresses it has to those that may be connected to; raises if there are none."""


class StoppableNetwork(httpcore2.NetworkBackend):
    """Connects, reads and writes while looking up now and then.

    Args:
        look: see `releases.ports.Look`.
        admit: judges addresses.
    """

    def __init__(self, look: Look, admit: Admit) -> None:
        self._look = look
        self._admit = admit
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first of a host's addresses that may be connected to and answers."""
        addresses = _aside(self._look, lambda: self._admit(host, resolved(host, port)), timeout, _nothing)
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = _aside(
                    self._look,
                    lambda address=address: self._system.connect_tcp(  # type: ignore[misc]
                        address, port, timeout, local_address, socket_options or []
                    ),
                    timeout,
                    httpcore2.NetworkStream.close,
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _StoppableStream(stream, self._look)
        raise failure


class _StoppableStream(httpcore2.NetworkStream):
    """A connection whose every wait is a row of short ones."""

    def __init__(self, stream: httpcore2.NetworkStream, look: Look) -> None:
        self._stream = stream
        self._look = look

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self._look()
            try:
                return self._stream.read(max_bytes, _POLL)
            except httpcore2.ReadTimeout:
                if end is not None and time.monotonic() >= end:
                    raise httpcore2.ReadTimeout(f"nothing came for {timeout:g} s") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Requests have some hundred bytes, which fit into the system's buffer.
        self._look()
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        def handshake() -> httpcore2.NetworkStream:
            return self._stream.start_tls(ssl_context, server_hostname, timeout)

        try:
            secure = _aside(self._look, handshake, timeout, httpcore2.NetworkStream.close)
        except BaseException:
            self._stream.close()
            raise
        return _StoppableStream(secure, self._look)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Aside(Generic[_T]):
    """Work in a thread of its own, for calls of the system that cannot be interrupted."""

    def __init__(self, work: Callable[[], _T], unwanted: Callable[[_T], None]) -> None:
        self._work = work
        self._unwanted = unwanted
        self._lock = threading.Lock()
        self._left = False
        self._result: list[_T] = []
        self._error: BaseException | None = None
        self.done = threading.Event()
        threading.Thread(target=self._run, name="connecting", daemon=True).start()

    def _run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._error = error
        else:
            with self._lock:
                self._result.append(result)
                left = self._left
            if left:
                self._unwanted(result)
        self.done.set()

    def leave(self) -> None:
        """Want the result no more; it is disposed of when it comes."""
        with self._lock:
            self._left = True
            results = list(self._result)
        for result in results:
            self._unwanted(result)

    def result(self) -> _T:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]


def _aside(look: Look, work: Callable[[], _T], timeout: float | None, unwanted: Callable[[_T], None]) -> _T:
    """Do work that may take up to `timeout` seconds, looking up now and then.

    Args:
        look: see `releases.ports.Look`.
        work: is not stopped when it takes too long, only left alone.
        timeout: seconds.
        unwanted: disposes of a result that comes too late.
    """
    end = None if timeout is None else time.monotonic() + timeout
    aside = _Aside(work, unwanted)
    try:
        while not aside.done.wait(_POLL):
            look()
            if end is not None and time.monotonic() >= end:
                raise httpcore2.ConnectTimeout(f"no connection within {timeout:g} s")
    except BaseException:
        aside.leave()
        raise
    return aside.result()


def _nothing(_: object) -> None:
    """Dispose of nothing."""
