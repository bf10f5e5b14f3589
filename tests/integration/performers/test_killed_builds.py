import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.children import surroundings
from tests.fakes_faces import BLUE, GREEN, RED, save_picture
from tests.performers_builds import CountingReader, Workshop, kept, portrait

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.media.frame import Frame
from stash_sense.performers.building.build import BuildReport
from stash_sense.performers.versions.library import PerformersLibrary

PICTURES = 60
READ_LOG = "read.log"
LOST = 16 + 4
"""Pictures whose work a kill may lose: a batch that is described, and those read ahead."""


class LoggingReader(CountingReader):
    """Writes down what it reads where a killed process cannot take it along; kills this process at one picture."""

    def __init__(self, log: Path, killed_at: int) -> None:
        super().__init__(PillowReader(Limits()))
        self._log = log
        self._killed_at = killed_at

    def read(self, path: Path) -> Frame:
        frame = super().read(path)
        with self._log.open("a") as log:
            log.write(f"{path}\n")
        if len(self.read_names) == self._killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return frame


def build_until(root: str, stage: str, done: int) -> None:
    """Build, and kill this process when a stage is so far; the child's part of the test."""
    workshop = Workshop(Path(root))
    workshop.reader = LoggingReader(Path(root) / READ_LOG, done if stage == "reading" else -1)

    def listen(report: Progress) -> None:
        if (report.stage, report.done) == (stage, done):
            os.kill(os.getpid(), signal.SIGKILL)

    workshop.build(progress=listen)


def killed_build(root: Path, stage: str, done: int) -> None:
    module = "tests.integration.performers.test_killed_builds"
    code = f"from {module} import build_until\nbuild_until({str(root)!r}, {stage!r}, {done})"
    child = subprocess.run([sys.executable, "-c", code], env=surroundings(), check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    """A folder of three people, and a build of it that nothing interrupted."""
    workshop = Workshop(tmp_path_factory.mktemp("undisturbed"))
    for name, colour in (("Red", RED), ("Blue", BLUE), ("Green", GREEN)):
        for number in range(PICTURES // 3):
            save_picture(workshop.people / name / f"{number}.png", portrait(colour, side=50 + number))
    return workshop.people, workshop.build()


@pytest.mark.parametrize(
    "moments",
    [
        [("listing", 1)],
        [("reading", 3), ("reading", 30)],
        [("describing", 1), ("describing", 40), ("describing", PICTURES)],
        [("writing", 1)],
        [("swapping", 1)],
        [("swapping", 3)],
        [("swapping", 4)],
        [("swapping", 5)],
        [("comparing", 0)],
    ],
    ids=lambda moments: "-".join(f"{stage}{done}" for stage, done in moments),
)
def test_a_build_that_was_killed_goes_on_and_ends_as_one_that_was_not(
    undisturbed: tuple[Path, BuildReport], tmp_path: Path, moments: list[tuple[str, int]]
) -> None:
    people, expected = undisturbed
    shutil.copytree(people, tmp_path / "people")
    for stage, done in moments:
        killed_build(tmp_path, stage, done)
        current = PerformersLibrary(tmp_path / "performers").current()
        assert current is None or current.manifest.content == expected.manifest.content
    workshop = Workshop(tmp_path)
    report = workshop.build()
    assert report.manifest.content == expected.manifest.content
    assert (report.notes, kept(report)) == (expected.notes, kept(expected))
    log = tmp_path / READ_LOG
    read_before = len(log.read_text().splitlines()) if log.exists() else 0
    again = read_before + len(workshop.reader.read_names) - PICTURES
    assert again <= len(moments) * LOST
    left = {path.name for path in (tmp_path / "performers").iterdir()}
    versions = workshop.library.versions()
    expected_files = {".build", ".lock", "current.json", *versions, *(f"{name}.origin.json" for name in versions)}
    assert left == expected_files
    assert len(versions) <= 2
