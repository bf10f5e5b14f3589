"""Runs the installed command as a user does, in an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film
from stash_sense.settings import load_settings

COMMAND = Path(sys.executable).parent / "stash-sense"
PATIENCE = 300.0
"""Seconds for what takes some on a machine that has nothing else to do."""


@dataclass(frozen=True)
class Ran:
    """What a finished run said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.out)
        return read


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The user's models folder, with `lite` in it."""
    folder = load_settings().models_dir
    if not (folder / "lite" / "pack.json").is_file():
        if os.environ.get("CI"):
            pytest.fail("the pack lite is not installed: without it hardly anything real is tested")
        pytest.skip("the pack lite is not installed: `stash-sense models install lite`")
    return folder


@pytest.fixture
def environment(tmp_path: Path, models_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STASH_SENSE_")}
    return {
        **kept,
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(models_dir),
        "TERM": "dumb",
        "COLUMNS": "200",
        "PYTHONWARNINGS": "error",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run `stash-sense` with these arguments to its end."""

    def run(*arguments: str | Path, **more: Any) -> Ran:
        done = subprocess.run(
            [COMMAND, *arguments], env=environment, capture_output=True, timeout=PATIENCE, check=False, **more
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "surrogateescape"))

    return run


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample film: three known people and a stranger."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_film(path)
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """The sample people, in a folder that a test may change."""
    return Path(shutil.copytree(PEOPLE, tmp_path / "people"))
