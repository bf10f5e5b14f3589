"""Serves an application on the loopback: on a thread for tests, or until it is interrupted for the command."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from stash_sense.kernel.cancel import CancelToken

_HOST = "127.0.0.1"
_NO_NEWS = ("Cancel ", "ASGI callable returned without ")
_LONG = 20
"""Seconds in which a server on an idle machine has surely begun, or ended."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are the main thread's

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class _Foreground(uvicorn.Server):
    """Stops by signals, those too that came before it had them in hand."""

    def __init__(self, config: uvicorn.Config, cancel: CancelToken) -> None:
        super().__init__(config)
        self._cancel = cancel

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            self._cancel.raise_if_cancelled()
            yield


def _configured(app: ASGIApp, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=_HOST,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=1,
        **more,
    )


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve an application until the block ends.

    Args:
        app: to serve.
        port: of the loopback; 0 for any that is free.

    Yields:
        Its address, "http://127.0.0.1:port".
    """
    with contextlib.closing(listening(port)) as listener:
        server = _Server(_configured(app))
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(_LONG):
                raise RuntimeError("the simulator did not start")
            yield f"http://{_HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_LONG)


def listening(port: int) -> socket.socket:
    """Return a socket that listens on the loopback.

    Raises:
        OSError: the port is taken.
    """
    # Told that it is TCP, asyncio sends small answers at once; else each waits 40 ms for the client to acknowledge.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def serve_until_interrupted(app: ASGIApp, listener: socket.socket, cancel: CancelToken | None = None) -> None:
    """Serve on a socket of `listening` until the process is asked to stop.

    Args:
        app: to serve.
        listener: to serve on; closed at the end.
        cancel: set by a signal that comes before it serves; None where no handler sets one.

    Raises:
        Cancelled: it was asked to stop before it had begun.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        _Foreground(_configured(app), cancel or CancelToken()).run([listener])


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is more than that of an answer that a fault breaks off, or that ends with the server."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, asyncio.CancelledError) or record.getMessage().startswith(_NO_NEWS))
