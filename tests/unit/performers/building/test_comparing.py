import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from stash_sense.errors import Cancelled
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.building.comparing import compare_faces
from stash_sense.performers.building.portraits import Portrait
from stash_sense.performers.building.sources import FOLDER, SourcePerformer, SourcePicture
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.building.state_file import StateFile
from stash_sense.performers.manifest import Manifest
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.space import Block, FaceSpace, unit
from stash_sense.recognition.spec import MatchingConstants

PEOPLE, EACH, DIM = 450, 10, 8
SPACE = FaceSpace.plain([Block(DIM, 1.0)])
CONSTANTS = MatchingConstants(cluster_distance=0.4, max_distance=0.4, stranger_distance=1.0)
_NAMING = "SELECT 1 FROM compared WHERE other = ?"
Remembered = list[dict[str, tuple[str, str] | None]]


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """4,500 faces, of which some look like another person's."""
    folder = tmp_path_factory.mktemp("version")
    draws = np.random.default_rng(7)
    heading = Heading("1.0", datetime.now(UTC), "pack", (("one", DIM),), ("a folder of pictures",))
    with VersionWriter(folder, heading) as writer:
        for number in range(PEOPLE):
            middle = draws.normal(size=DIM)
            vectors = unit((middle + 0.3 * draws.normal(size=(EACH, DIM))).astype(np.float32))
            faces = [FaceRecord(f"{number:08x}{place:056x}") for place in range(EACH)]
            writer.add(PerformerRecord(f"folder:{number:06}", f"{number:06}"), faces, [vectors])
        return folder, writer.finish()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[BuildState]:
    with knowing(tmp_path / "state.db") as opened:
        yield opened


def knowing(path: Path) -> BuildState:
    """The state of a build that has described the pictures of all the faces."""
    state = BuildState(path, "here", "models")
    state.begin()
    for number in range(PEOPLE):
        name = f"{number:06}"
        pictures = [SourcePicture(f"/{name}/{place}.png", "1", "") for place in range(EACH)]
        state.note(SourcePerformer(PerformerRecord(f"folder:{name}", name), name, FOLDER, iter(pictures)))
        for place, picture in enumerate(pictures):
            state.keep(Portrait(picture, f"{number:08x}{place:056x}", faces=1, known=True))
    return state


def compared(
    version: tuple[Path, Manifest],
    state: BuildState,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> Remembered:
    """Compare all, and say what is remembered of each person."""
    compare_faces(*version, state, SPACE, CONSTANTS, cancel or CancelToken(), progress, keep_every=2)
    return [state.compared(f"folder:{number:06}") for number in range(PEOPLE)]


class Killed(Exception):
    """In the place of the end of the process."""


class Steps:
    """Counts the steps; ends the process, or asks to stop, at one of them."""

    def __init__(self, *, killed_at: int = -1, stop_at: int = -1) -> None:
        self.count = 0
        self.cancel = CancelToken()
        self._killed_at, self._stop_at = killed_at, stop_at

    def __call__(self, report: Progress) -> None:
        self.count += 1
        if self.count == self._killed_at:
            raise Killed
        if self.count == self._stop_at:
            self.cancel.cancel()


def test_a_comparison_that_is_stopped_goes_on_and_ends_as_one_that_is_not(
    version: tuple[Path, Manifest], state: BuildState, tmp_path: Path
) -> None:
    whole, stopped, on = Steps(), Steps(stop_at=3), Steps()
    with knowing(tmp_path / "other.db") as other:
        expected = compared(version, other, whole)
    with pytest.raises(Cancelled):
        compared(version, state, stopped, stopped.cancel)
    assert state.compared("folder:000000") == {}
    assert compared(version, state, on) == expected
    assert stopped.count + on.count == whole.count
    assert any(other is not None for faces in expected for other in faces.values())


def test_a_comparison_that_is_killed_loses_some_steps_only(version: tuple[Path, Manifest], state: BuildState) -> None:
    killed, on = Steps(killed_at=4), Steps()
    with pytest.raises(Killed):
        compared(version, state, killed)
    compared(version, state, on)
    again = Steps()
    compared(version, state, again)
    assert on.count == 5
    assert again.count == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\0" * 100])
def test_one_that_cannot_be_read_is_begun_anew(
    version: tuple[Path, Manifest], state: BuildState, content: bytes
) -> None:
    stopped, on = Steps(stop_at=3), Steps()
    with pytest.raises(Cancelled):
        compared(version, state, stopped, stopped.cancel)
    state.store("comparison", content)
    compared(version, state, on)
    assert on.count > stopped.count
    assert state.stored("comparison") is None


def test_whom_the_faces_of_others_look_like_is_forgotten_with_them(
    version: tuple[Path, Manifest], state: BuildState, tmp_path: Path
) -> None:
    names = {other[0] for faces in compared(version, state) for other in faces.values() if other is not None}
    assert names
    # Somebody who reads the file keeps what was last written to it beside it.
    with closing(sqlite3.connect(tmp_path / "state.db")) as reader:
        reader.execute("SELECT 1 FROM meta").fetchone()
        state.forget(names)
        assert not [name for name in names if reader.execute(_NAMING, (name,)).fetchone()]
        assert (tmp_path / "state.db-wal").read_bytes() == b""


def test_that_of_other_faces_is_begun_anew(version: tuple[Path, Manifest], state: BuildState) -> None:
    folder, manifest = version
    stopped, on, whole = Steps(stop_at=3), Steps(), Steps()
    with pytest.raises(Cancelled):
        compared(version, state, stopped, stopped.cancel)
    compared((folder, manifest.model_copy(update={"content": "0" * 64})), state, on)
    for number in range(PEOPLE):
        state.forget_compared(f"folder:{number:06}")
    compared(version, state, whole)
    assert on.count == whole.count


def test_somebody_who_is_forgotten_while_faces_are_compared_is_not_written_down_again(
    version: tuple[Path, Manifest], state: BuildState, tmp_path: Path
) -> None:
    def forgotten(report: Progress) -> None:
        if report.done:
            with StateFile(tmp_path / "state.db", None) as elsewhere:
                elsewhere.forget({"folder:000003"})

    remembered = compared(version, state, forgotten)
    assert remembered[3] == {}
    assert len(remembered[4]) == EACH
    with closing(sqlite3.connect(tmp_path / "state.db")) as reader:
        assert not reader.execute(_NAMING, ("folder:000003",)).fetchone()


def test_a_comparison_that_was_stopped_goes_when_nothing_is_left_to_compare(
    version: tuple[Path, Manifest], state: BuildState
) -> None:
    compared(version, state)
    state.store("comparison", b"begun")
    compared(version, state)
    assert state.stored("comparison") is None
