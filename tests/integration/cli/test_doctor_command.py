"""What `stash-sense doctor` finds of the service: its state, its token, and whether it runs."""

from pathlib import Path

import pytest
from tests.running_service import settings_in

from stash_sense.api.lock import service_lock
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import Services, build
from stash_sense.cli.service_here import service_found, state_found, token_found


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return build(settings_in(tmp_path))


def test_before_the_first_start_nothing_is_there_and_nothing_is_made(services: Services, tmp_path: Path) -> None:
    found = [find(services) for find in (state_found, token_found, service_found)]
    assert [one.state for one in found] == ["missing", "missing", "stopped"]
    assert [one.advice for one in found] == ["", "", ""]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_told_but_never_the_token(services: Services, tmp_path: Path) -> None:
    services.configuration.update({"top_k": 7})
    token = TokenFile.below(tmp_path / "data").ensure().token
    with service_lock(tmp_path / "data") as lock:
        lock.announce("http://127.0.0.1:6960")
        running = service_found(services).text
    state, kept = state_found(services), token_found(services)
    services.close()
    assert running.startswith("running at http://127.0.0.1:6960, process ")
    assert (state.state, kept.state) == ("whole", "there")
    assert token not in kept.text + state.text


def test_a_state_that_is_no_database_is_told_with_what_to_do(services: Services, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    services.state_path.write_bytes(b"no database at all" * 300)
    found = state_found(services)
    assert found.state == "damaged"
    assert "DAMAGED" in found.text
    assert "stash-sense restore FILE" in found.advice


def test_a_state_with_a_damaged_page_is_told_too(services: Services) -> None:
    services.configuration.update({"top_k": 7})
    with services.store.write() as connection:
        for number in range(200):
            connection.exec_driver_sql("INSERT INTO user_settings VALUES (?, ?, '')", (f"key {number}", "x" * 900))
    services.close()
    with services.state_path.open("r+b") as file:
        file.seek(services.state_path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    found = state_found(build(services.settings))
    assert (found.state, "stash-sense restore FILE" in found.advice) == ("damaged", True)


def test_a_token_that_cannot_be_used_is_told(services: Services, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    TokenFile.below(tmp_path / "data").path.write_text("short")
    found = token_found(services)
    assert found.state == "unusable"
    assert "`stash-sense token --rotate`" in found.advice
