"""Runs the service: its lock, its token, its socket, and an end within ten seconds of being asked for."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from stash_sense.api.app import create_app
from stash_sense.api.lock import jobs_lock, service_lock
from stash_sense.api.logs import Scrubber, on_stderr
from stash_sense.api.state import State
from stash_sense.api.token import EnsuredToken, TokenFile
from stash_sense.bootstrap import Services
from stash_sense.errors import AddressUnusable
from stash_sense.kernel.collector import paused_collector

DEFAULT_PORT = 6960
_OPEN_REQUESTS_SECONDS = 5
"""For requests that are being answered when the service is asked to stop."""
_END_SECONDS = 9.0
"""After which the process ends whatever it does: all that must last is written by then, or is gone on with later."""
_BY_SIGNAL = 128
"""Added to the number of a signal: how a shell tells that a process did not end by itself."""
_LAST_WORDS_SECONDS = 0.5
_MOST_HEAD_BYTES = 64 * 1024
_MOST_SAID_BYTES = 16 * 1024
"""Of one message that a client sends into an event socket, where nothing it says is heard."""
_BACKLOG = 128
_LOG = logging.getLogger(__name__)


def serve(services: Services, host: str, port: int, show_token: Callable[[EnsuredToken, Path], None]) -> None:
    """Run the service until it is asked to stop by SIGTERM or SIGINT.

    Jobs are then given back with what they have kept, and this returns. Where that takes more than nine seconds, or a
    second signal comes, the process ends at once with 128 and the signal's number; the next start goes on with its
    jobs, too, from their last checkpoints.

    Args:
        services: what it serves.
        host: name or address to listen at.
        port: to listen at; 0 for a free one.
        show_token: called once, before the service is there.

    Raises:
        ServiceRunning: another service uses the data folder.
        AddressUnusable: nothing can listen there.
        TokenUnusable: the token file holds something else.
        SettingInvalid: a setting has a value that cannot be used.
        StorageError: the data folder cannot be written.
        Cancelled: it was asked to stop before it had begun.
    """
    with service_lock(services.settings.data_dir) as lock, contextlib.closing(listening(host, port)) as listener:
        file = TokenFile.below(services.settings.data_dir)
        show_token(file.ensure(), file.path)
        with jobs_lock(services.settings.data_dir, shared=False) as alone, contextlib.ExitStack() as starting:
            starting.enter_context(paused_collector())
            app = create_app(services, host, alone=alone)
            state: State = app.state.shared
            url = url_of(host, listener.getsockname()[1])

            def started() -> None:
                starting.close()
                lock.announce(url)
                _tell_where(url, host)

            with on_stderr(Scrubber(lambda: (*state.keeper.secrets(), *services.stash_secrets))) as log:
                asyncio.run(Server(app, state, started, log.finish).serve([listener]))
                _LOG.info("stopped")


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        AddressUnusable: as it says.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from error
    return listener


def _unusable(host: str, port: int, error: OSError) -> AddressUnusable:
    return AddressUnusable(host=host, port=port, reason=(error.strerror or str(error)).lower().rstrip("."))


def url_of(host: str, port: int) -> str:
    """Return the address at which this machine reaches the service."""
    plain = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"http://[{plain}]:{port}" if ":" in plain else f"http://{plain}:{port}"


def configured(app: FastAPI) -> uvicorn.Config:
    """Return how the application is served."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
        ws_max_size=_MOST_SAID_BYTES,
        ws_per_message_deflate=False,  # events are short, and unpacking is work that others could make
        timeout_graceful_shutdown=_OPEN_REQUESTS_SECONDS,
    )


class Server(uvicorn.Server):
    """uvicorn with our own way to stop.

    Args:
        app: the application.
        state: what is asked to stop.
        started: called when it answers.
        finish_log: writes what is to be logged still, before the process ends.
    """

    def __init__(
        self, app: FastAPI, state: State, started: Callable[[], None], finish_log: Callable[[], None]
    ) -> None:
        super().__init__(configured(app))
        self._state = state
        self._tell_started = started
        self._finish_log = finish_log

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and ctrl-C; a second one ends the process at once.

        Raises:
            Cancelled: one has come before.
        """
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in signals}
        for number in signals:
            loop.add_signal_handler(number, self._asked_to_stop, number)
        try:
            self._state.services.cancel.raise_if_cancelled()
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if not self.should_exit:
            # What was imported stays for good: the collector need not look at it again and again.
            gc.freeze()
            await asyncio.to_thread(self._tell_started)

    def _asked_to_stop(self, number: int) -> None:
        if self.should_exit:
            self._end_now(number)
        self.should_exit = True
        _LOG.info("stopping")
        self._state.stop()
        end = threading.Timer(_END_SECONDS, self._end_now, (number,))
        end.daemon = True
        end.start()

    def _end_now(self, number: int) -> NoReturn:
        _LOG.warning("ended while something was still at work")
        # Who reads the log may have stopped to.
        last = threading.Thread(target=self._finish_log, daemon=True)
        last.start()
        last.join(_LAST_WORDS_SECONDS)
        os._exit(_BY_SIGNAL + number)


def _tell_where(url: str, host: str) -> None:
    _LOG.info("serving", extra={"url": url})
    if host not in ("localhost", "127.0.0.1", "::1"):
        _LOG.warning("other machines can reach the service, and nothing is encrypted on the way")
