"""`stash-sense serve` and `stash-sense token`, as a user and a supervisor of processes meet them."""

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e.conftest import COMMAND, PATIENCE


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STASH_")}
    folders = {"STASH_SENSE_DATA_DIR": str(data_dir), "STASH_SENSE_MODELS_DIR": str(data_dir / "models")}
    return {**kept, **folders, **more}


def run(data_dir: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    asked = [str(COMMAND), *words]
    return subprocess.run(
        asked, env=environment(data_dir, **more), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Served:
    """A service in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self.log = log

    @property
    def record(self) -> Any:
        return json.loads((self.data_dir / "service.json").read_text())

    @property
    def url(self) -> str:
        return str(self.record["url"])

    def get(self, path: str) -> httpx2.Response:
        token = (self.data_dir / "token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        with httpx2.Client(trust_env=False, headers=headers, timeout=PATIENCE) as client:
            return client.get(self.url + path)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code: 0 only where the service came to its end in order, in nine seconds."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def served(data_dir: Path, *words: str, **more: str) -> Iterator[Served]:
    data_dir.parent.mkdir(exist_ok=True)
    log = data_dir.parent / "log.txt"
    with log.open("ab") as stream:
        asked = [str(COMMAND), "serve", "--port", "0", *words]
        process = subprocess.Popen(asked, env=environment(data_dir, **more), stderr=stream, stdout=stream)
    try:
        end = time.monotonic() + PATIENCE
        while not (data_dir / "service.json").exists() or f'"pid": {process.pid}' not in text_of(data_dir):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end
            time.sleep(0.02)
        yield Served(process, data_dir, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def text_of(data_dir: Path) -> str:
    with suppress(FileNotFoundError):
        return (data_dir / "service.json").read_text()
    return ""


def test_a_service_starts_on_an_empty_folder_answers_and_ends_in_time(data_dir: Path) -> None:
    with served(data_dir) as service:
        assert service.get("/health/live").json() == {"status": "live"}
        assert service.get("/health/ready").status_code == 503
        assert httpx2.get(service.url + "/health/ready", trust_env=False, timeout=PATIENCE).status_code == 401
        token = (data_dir / "token").read_text().strip()
        assert stat.S_IMODE((data_dir / "token").stat().st_mode) == 0o600
        assert service.end() == 0
        log = service.log.read_text()
    assert not (data_dir / "service.json").exists()
    assert token not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines if line["event"] != "request"] == ["serving", "stopping", "stopped"]


def test_ctrl_c_ends_it_too_and_open_connections_do_not_hold_it_up(data_dir: Path) -> None:
    with served(data_dir) as service:
        address = ("127.0.0.1", int(service.url.rpartition(":")[2]))
        with socket.create_connection(address) as silent, socket.create_connection(address) as half:
            half.sendall(b"POST /identify HTTP/1.1\r\nHost: localhost\r\n")
            token = (data_dir / "token").read_text().strip()
            silent.sendall(
                b"POST /identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
                b"Content-Type: application/json\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\nnot all"
            )
            assert service.get("/health/live").status_code == 200  # asked later than those two
            assert service.end(signal.SIGINT) == 0


def test_a_second_service_on_the_same_folder_refuses(data_dir: Path) -> None:
    with served(data_dir) as service:
        second = run(data_dir, "serve", "--port", "0")
        assert second.returncode == 1
        assert f"process {service.record['pid']}" in second.stderr
        assert service.url in second.stderr
        assert str(data_dir) in second.stderr
        assert service.get("/health/live").status_code == 200
        with served(data_dir.parent / "other" / "data") as other:
            assert other.url != service.url


def test_after_a_kill_the_next_one_starts(data_dir: Path) -> None:
    with served(data_dir) as service:
        first = (data_dir / "token").read_text()
        service.end(signal.SIGKILL)
        assert (data_dir / "service.json").exists()
    with served(data_dir) as service:
        assert service.get("/health/live").status_code == 200
        assert (data_dir / "token").read_text() == first
        assert service.end() == 0


def test_a_port_that_is_taken_is_told(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run(data_dir, "serve", "--port", str(port))
    assert told.returncode == 1
    assert f"port {port}" in told.stderr
    assert "--port" in told.stderr
    assert "Traceback" not in told.stderr
    assert run(data_dir, "serve", "--host", "no.such.host.invalid").returncode == 1


def test_a_setting_that_cannot_be_used_is_told(data_dir: Path) -> None:
    told = run(data_dir, "serve", "--port", "0", STASH_SENSE_ALLOWED_HOSTS="http://sense.lan")
    assert told.returncode == 1
    assert "STASH_SENSE_ALLOWED_HOSTS" in told.stderr
    assert "Traceback" not in told.stderr


def test_token_prints_the_token_and_nothing_else(data_dir: Path) -> None:
    first = run(data_dir, "token")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == (data_dir / "token").read_text()
    assert run(data_dir, "token").stdout == first.stdout
    with served(data_dir) as service:
        rotated = run(data_dir, "token", "--rotate").stdout
        assert rotated != first.stdout
        headers = {"authorization": f"Bearer {first.stdout.strip()}"}
        assert (
            httpx2.get(
                service.url + "/identify/queue", headers=headers, trust_env=False, timeout=PATIENCE
            ).status_code
            == 401
        )
        assert service.get("/identify/queue").status_code == 200
        service.end()  # then all is in the log
        for word in (first.stdout.strip(), rotated.strip()):
            assert word not in service.log.read_text()


def test_settings_are_shown_as_the_running_service_has_them(data_dir: Path) -> None:
    with served(data_dir, STASH_SENSE_NUM_FRAMES="40"):
        assert run(data_dir, "settings", "get", "num_frames").stdout == "40\n"
        listed = run(data_dir, "settings", "list", COLUMNS="300").stdout
        assert "STASH_SENSE_NUM_FRAMES, locked" in listed
        document = json.loads(run(data_dir, "settings", "list", "--json").stdout)
        assert document["tier"] in ("cpu", "gpu-low", "gpu-high")
        assert {one["key"]: one["value"] for one in document["settings"]}["num_frames"] == 40
        assert "STASH_SENSE_NUM_FRAMES" in run(data_dir, "settings", "set", "num_frames", "30").stderr
        assert run(data_dir, "settings", "set", "top_k", "5").stdout == "top_k is 5 (you).\n"
        assert "settings list" in run(data_dir, "settings", "get", "no_such").stderr
    assert run(data_dir, "settings", "get", "num_frames").stdout == "60\n"
    assert run(data_dir, "settings", "get", "top_k").stdout == "5\n"


def test_a_new_token_is_shown_on_the_terminal_once(data_dir: Path) -> None:
    shown = []
    for _ in range(2):
        leader, follower = pty.openpty()
        asked = [str(COMMAND), "serve", "--port", "0"]
        process = subprocess.Popen(asked, env=environment(data_dir), stdin=follower, stdout=follower, stderr=follower)
        os.close(follower)
        text = b""
        while b"serving" not in text:
            text += os.read(leader, 4096)
        process.terminate()
        with suppress(OSError):  # what the terminal says when nobody is left on it
            while block := os.read(leader, 4096):
                text += block
        assert process.wait(PATIENCE) == 0
        os.close(leader)
        shown.append(text.decode())
    token = (data_dir / "token").read_text().strip()
    assert shown[0].replace("\r\n", "").count(token) == 1
    assert token not in shown[1].replace("\r\n", "")


def test_a_broken_token_file_is_told(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "token").write_text("short")
    for words in (("serve", "--port", "0"), ("token",)):
        told = run(data_dir, *words)
        assert told.returncode == 1
        assert "stash-sense token --rotate`" in told.stderr
    assert run(data_dir, "token", "--rotate").returncode == 0
    assert run(data_dir, "token").returncode == 0
