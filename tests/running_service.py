"""A real service on loopback, on a thread of its own, in which nothing may block the event loop."""

import base64
import contextlib
import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from blockbuster import blockbuster_ctx
from fastapi import FastAPI
from tests.queue_files import PATIENCE, until

from stash_sense.api.app import create_app
from stash_sense.api.server import configured, listening
from stash_sense.api.state import State
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import Services, build
from stash_sense.identification.result import Identification
from stash_sense.kernel.cancel import CancelToken
from stash_sense.settings import Settings


@dataclass(frozen=True)
class RunningService:
    """A service that answers."""

    url: str
    port: int
    data_dir: Path
    app: FastAPI

    @property
    def token(self) -> str:
        return TokenFile.below(self.data_dir).read()

    @property
    def state(self) -> State:
        state = self.app.state.shared
        assert isinstance(state, State)
        return state

    def client(self, **headers: str) -> httpx2.Client:
        """Return a client that sends the token, unless other headers are given."""
        told = headers or {"authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=self.url, headers=told, trust_env=False, timeout=PATIENCE)

    def stranger(self, **headers: str) -> httpx2.Client:
        """Return a client without the token."""
        return httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=PATIENCE)

    def in_line(self) -> list[str]:
        """Return the names of the requests whose pictures are looked at or wait for it, in their order."""
        with self.client() as client:
            return [turn["request_id"] for turn in client.get("/identify/queue").json()["turns"]]

    @contextmanager
    def asking_for_names(self, name: str, picture: bytes = b"") -> Iterator[None]:
        """Have sent a picture, be known to the service under a name, and leave without an answer."""
        body = json.dumps({"image_base64": base64.b64encode(picture or png()).decode()}).encode()
        head = (
            f"POST /identify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"X-Request-ID: {name}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            line.sendall(head.encode() + body)
            del body
            until(lambda: name in self.in_line(), f"{name} never came into the line")
            yield


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, state: State, started: threading.Event) -> None:
        super().__init__(config)
        self._state = state
        self._tell = started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._tell.set()

    async def shutdown(self, sockets: Any = None) -> None:
        # As the program's own server does when it is asked to stop: before it waits for open requests.
        self._state.stop()
        await super().shutdown(sockets)


def settings_in(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder / "data", models_dir=folder / "models", device="cpu", **more)


@contextmanager
def running(services: Services, host: str = "127.0.0.1") -> Iterator[RunningService]:
    """Run a service until the block ends."""
    TokenFile.below(services.settings.data_dir).ensure()
    app = create_app(services, host)
    started = threading.Event()
    with contextlib.closing(listening(host, 0)) as listener:
        port = listener.getsockname()[1]
        server = _Server(configured(app), app.state.shared, started)
        with blockbuster_ctx("stash_sense"):
            thread = threading.Thread(target=server.run, args=([listener],), name="service")
            thread.start()
            try:
                assert started.wait(PATIENCE)
                yield RunningService(f"http://127.0.0.1:{port}", port, services.settings.data_dir, app)
            finally:
                server.should_exit = True
                thread.join(PATIENCE)
                services.close()
                assert not thread.is_alive()


@dataclass
class FakeRecognizer:
    """Looks at pictures as told: at once, or when it is let go on, or until it is cancelled."""

    go_on: threading.Event = field(default_factory=threading.Event)
    looking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    seen: list[tuple[bytes, Any]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    cancelled: int = 0
    at_once: int = 0
    most_at_once: int = 0
    answer: Identification | None = None

    def identify(self, paths: list[Path], people: object, request: Any, cancel: CancelToken) -> Iterator[Any]:
        self.paths.append(paths[0])
        self.seen.append((paths[0].read_bytes(), request))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.looking.release()
        try:
            while not self.go_on.wait(0.01):
                if cancel.is_cancelled:
                    self.cancelled += 1
                cancel.raise_if_cancelled()
        finally:
            self.at_once -= 1
        found = self.answer or Identification("", "lite", request.mode, width=4, height=3, frames_analyzed=1)
        yield dataclasses.replace(found, source=str(paths[0]))


@dataclass(frozen=True)
class FakeServices(Services):
    """Services that recognise with a `FakeRecognizer`."""

    fake: FakeRecognizer = field(default_factory=FakeRecognizer)

    def require_pack(self, pack: str | None) -> None:
        """Take every pack as installed."""

    @contextmanager
    def naming(self, pack: str | None, cancel: CancelToken | None = None) -> Iterator[Any]:
        yield self.fake, None


def fake_services(folder: Path, **more: Any) -> FakeServices:
    return FakeServices(**vars(build(settings_in(folder, **more))))


def png(width: int = 4, height: int = 3) -> bytes:
    """Return a picture."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), (120, 90, 60)).save(out, "PNG")
    return out.getvalue()
