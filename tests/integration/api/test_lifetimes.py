"""The service starts with little, leaves nothing behind, and stops whatever it is doing."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.queue_files import until
from tests.running_service import RunningService, fake_services, png, running, settings_in

from stash_sense.api.background import Background
from stash_sense.api.lock import RECORD_NAME, running_service, service_lock
from stash_sense.bootstrap import Services, build
from stash_sense.errors import ServiceRunning

CYCLES = 50
HEAVY = ("numpy", "onnxruntime", "onnx", "av", "PIL", "httpx2", "voyager", "nacl")


def loaded_after(code: str, folder: Path) -> set[str]:
    """Run code in a Python of its own; return which heavy libraries it has then."""
    asked = f"import sys\n{code}\nprint(' '.join(name for name in {(*HEAVY, 'sqlalchemy')!r} if name in sys.modules))"
    environment = {**os.environ, "STASH_SENSE_DATA_DIR": str(folder), "STASH_SENSE_MODELS_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_to_answer_the_service_needs_no_heavy_library(tmp_path: Path) -> None:
    code = "import stash_sense.cli.main, stash_sense.cli.app, stash_sense.cli.serve\n"
    code += "from stash_sense.bootstrap import build\nfrom stash_sense.settings import load_settings\n"
    code += "services = build(load_settings())\nservices.environment\n"
    code += "from stash_sense.api.app import create_app\ncreate_app(services)"
    assert loaded_after(code, tmp_path) == set()


def test_to_run_jobs_and_be_watched_the_service_needs_the_state_alone(tmp_path: Path) -> None:
    code = "from stash_sense.bootstrap import build\nfrom stash_sense.settings import load_settings\n"
    code += "services = build(load_settings())\nservices.resources\nservices.dispatcher\n"
    code += "from stash_sense.api.metrics import Metrics\nMetrics(services).text()\nservices.close()"
    assert loaded_after(code, tmp_path) == {"sqlalchemy"}


FOLLOW = """
from stash_sense.bootstrap import build
from stash_sense.settings import load_settings
from stash_sense.api.background import following_stash
from stash_sense.api.readiness import checks
services = build(load_settings())
with following_stash(services):
    services.stash_standing
services.close()
"""


def test_where_no_stash_is_named_following_it_needs_nothing(tmp_path: Path) -> None:
    assert loaded_after(FOLLOW, tmp_path) == set()


def test_to_follow_stash_the_service_needs_what_asks_servers_alone(tmp_path: Path) -> None:
    code = f"import os\nos.environ['STASH_URL'] = 'http://127.0.0.1:9'\n{FOLLOW}"
    assert loaded_after(code, tmp_path) == {"httpx2"}


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
def test_starting_and_stopping_again_and_again_leaves_nothing_behind(tmp_path: Path) -> None:
    counts = []
    for _ in range(CYCLES):
        services = fake_services(tmp_path)
        services.fake.go_on.set()
        with running(services) as service, service.client() as client:
            assert client.post("/identify", files={"picture": ("a.png", png())}).status_code == 200
            service.state.background.begin()
            assert services.dispatcher.is_running
        counts.append((descriptors(), threading.active_count()))
    # A thread that has said that it is done may be counted still.
    assert min(counts[-5:]) <= max(counts[:5])


def test_a_service_that_is_stopped_lets_go_of_all_work_and_takes_no_more(tmp_path: Path) -> None:
    services = fake_services(tmp_path)

    def status(service: RunningService) -> int:
        with service.client() as client:
            return client.post("/identify", files={"picture": ("a.png", png())}).status_code

    with ThreadPoolExecutor(3) as senders:
        with running(services) as service:
            answers = [senders.submit(status, service) for _ in range(3)]
            until(lambda: len(service.in_line()) == 3)
            until(lambda: services.fake.at_once == 1)
        assert [answer.result() for answer in answers] == [503] * 3
    assert services.fake.cancelled == 1
    assert not services.dispatcher.is_running
    assert services.cancel.is_cancelled


def test_what_runs_beside_the_requests_begins_once_however_often_it_is_begun(tmp_path: Path) -> None:
    told: list[str] = []

    @contextmanager
    def part(_: Services) -> Iterator[None]:
        told.append("begun")
        yield
        told.append("ended")

    background = Background(fake_services(tmp_path), (part, part))
    with ThreadPoolExecutor(8) as threads:
        for begun in [threads.submit(background.begin) for _ in range(8)]:
            begun.result()
    background.begin()
    assert told == ["begun"] * 2
    background.end()
    background.end()
    background.begin()
    assert told == ["begun"] * 2 + ["ended"] * 2


def test_a_state_that_cannot_be_used_does_not_keep_the_service_from_answering(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stash_sense.db").write_bytes(b"this is no database " * 500)
    with running(build(settings_in(tmp_path))) as service, service.client() as client:
        service.state.background.begin()
        ready = client.get("/health/ready").json()
        state = next(check for check in ready["checks"] if check["name"] == "state")
        assert not state["ok"]
        assert "stash_sense.db" in state["reason"]
        assert client.get("/queue").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert client.get("/metrics").status_code in (200, 503)


def test_one_service_has_a_folder_at_a_time(tmp_path: Path) -> None:
    assert running_service(tmp_path) is None
    with service_lock(tmp_path) as lock:
        assert running_service(tmp_path) is None
        with pytest.raises(ServiceRunning, match="just starting"), service_lock(tmp_path):
            pass
        lock.announce("http://127.0.0.1:1")
        found = running_service(tmp_path)
        assert found is not None
        assert (found.pid, found.url) == (os.getpid(), "http://127.0.0.1:1")
        with (
            pytest.raises(ServiceRunning, match=f"process {os.getpid()}, http://127.0.0.1:1"),
            service_lock(tmp_path),
        ):
            pass
    assert running_service(tmp_path) is None
    assert not (tmp_path / RECORD_NAME).exists()


def test_what_a_killed_service_left_is_no_service(tmp_path: Path) -> None:
    (tmp_path / RECORD_NAME).write_text(
        '{"pid": 1, "url": "http://127.0.0.1:1", "started_at": "2026-01-01T00:00:00Z"}'
    )
    assert running_service(tmp_path) is None
    (tmp_path / RECORD_NAME).write_text("{")
    assert running_service(tmp_path) is None
    with service_lock(tmp_path):
        pass


def test_commands_that_look_at_once_take_no_other_for_a_service_and_keep_none_from_starting(tmp_path: Path) -> None:
    left = '{"pid": 1, "url": "http://127.0.0.1:1", "started_at": "2026-01-01T00:00:00Z"}'
    (tmp_path / RECORD_NAME).write_text(left)
    with service_lock(tmp_path):
        pass
    over = threading.Event()

    def look(pause: float) -> int:
        return sum(running_service(tmp_path) is not None for _ in iter(lambda: over.wait(pause), True))

    (tmp_path / RECORD_NAME).write_text(left)
    with ThreadPoolExecutor(3) as threads:
        looks = [threads.submit(look, 0.0) for _ in range(3)]
        threading.Event().wait(0.3)
        over.set()
        assert [found.result() for found in looks] == [0, 0, 0]
        over.clear()
        threads.submit(look, 0.0005)  # commands look now and then
        try:
            for _ in range(30):
                with service_lock(tmp_path):
                    pass
        finally:
            over.set()
