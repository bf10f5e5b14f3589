"""Several processes on one stash_sense.db, processes that are killed, and a disk that is full for a while."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.children import surroundings


def run(folder: Path, *what: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).with_name("processes.py")), str(folder), *what]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("seed", [20261122])
def test_a_service_killed_twenty_times_loses_nothing_and_does_nothing_twice(tmp_path: Path, seed: int) -> None:
    found = run(tmp_path, "killed", str(seed), "20")
    assert (found["status"], found["jobs"], found["sound"]) == ("completed", 1, "ok")
    assert sorted(found["applied"]) == list(range(found["items"])), "0 lost, 0 applied twice"
    seen: dict[int, int] = {}
    begun_by: Counter[int] = Counter()
    for batch, number in found["begun"]:
        begun_by[number] += 1
        if batch in seen:
            assert (begun_by[number], seen[batch] != number) == (1, True), "only what a kill cut off is done again"
        seen[batch] = number
    assert 21 - found["early"] <= found["attempts"] <= 21
    assert found["exit_code"] == 0


def test_four_processes_on_one_queue_run_every_job_once_within_the_slots_of_all(tmp_path: Path) -> None:
    found = run(tmp_path, "many", "4", "150")
    assert found["ends"] == [0, 0, 0, 0]
    begun = Counter(job for job, step, _ in found["runs"] if step == 1)
    assert begun == dict.fromkeys(range(1, 151), 1)
    assert len({process for *_, process in found["runs"]}) > 1
    running: Counter[str] = Counter()
    for job, step, _ in found["runs"]:
        slot = found["slots"][(job - 1) % 3]
        running[slot] += step
        assert running[slot] <= {"gpu": 1, "network": 2, "light": 3}[slot]


def test_while_the_disk_is_full_jobs_wait_and_say_so_and_then_go_on(tmp_path: Path) -> None:
    found = run(tmp_path, "full")
    assert "stash_sense.db" in found["told"]
    assert found["told"].startswith("Waits: ")
    assert "stash_sense.db" in found["trouble"]
    assert found["stood"], "it does not go on without its checkpoint"
    assert (found["status"], found["attempts"], found["once"]) == ("completed", 1, True)
