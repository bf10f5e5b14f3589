"""The benchmarks of scans, small: with the real pack `lite`, through the queue."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stash_sense.models.card import CARD_NAME
from stash_sense.settings import load_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _pack() -> None:
    models = load_settings().models_dir
    if not (models / "lite" / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {models}; type `stash-sense models install lite`")


def measured(tmp_path: Path, *command: str) -> dict[str, Any]:
    """Run a benchmark, and return what it measured."""
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", *command, "--json", str(results)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(results.read_bytes())
    return found


def test_a_service_killed_while_it_scans_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    found = measured(tmp_path, "benchmarks.reliability.killed_scan", "--quick", "--kills", "3")
    assert found["rows"]["kills"] == 3
    assert [aim["what"] for aim in found["aims"] if not aim["met"]] == []


def test_a_scan_of_scenes_that_have_not_changed_asks_for_pages(tmp_path: Path) -> None:
    found = measured(tmp_path, "benchmarks.scale.library_scan", "--scenes", "600", "--films", "3")
    assert [aim["what"] for aim in found["aims"] if not aim["met"]] == []
    assert found["unchanged"][1]["requests"] < 20
    assert found["looked_at"]["result"]["looked"] == 3
