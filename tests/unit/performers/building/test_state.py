"""Others may write to the state of a build whenever its source or its models take their time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stash_sense.performers.building.portraits import Portrait
from stash_sense.performers.building.sources import FOLDER, SourcePerformer, SourcePicture
from stash_sense.performers.building.state import BuildState
from stash_sense.performers.building.state_file import StateFile
from stash_sense.performers.records import PerformerRecord


def performer(pictures: Iterator[SourcePicture]) -> SourcePerformer:
    return SourcePerformer(PerformerRecord("folder:Ada", "Ada"), "Ada", FOLDER, pictures)


def write(path: Path) -> None:
    """Write to the file as somebody else does who does not wait."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("INSERT OR REPLACE INTO meta VALUES ('other', x'')")


def test_nobody_waits_for_a_source_or_for_the_models(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    picture = SourcePicture("/Ada/1.png", "1", "")

    def slowly() -> Iterator[SourcePicture]:
        write(path)
        yield picture
        write(path)

    with BuildState(path, "here", "models") as state:
        state.begin()
        assert state.note(performer(slowly())) is None
        write(path)
        state.keep(Portrait(picture, "0" * 64, faces=0))
        write(path)


@pytest.mark.parametrize("content", [b"", b"no database at all", None])
def test_nothing_is_taken_from_a_state_that_is_of_no_use(tmp_path: Path, content: bytes | None) -> None:
    other = tmp_path / "other.db"
    if content is None:
        other.mkdir()
    else:
        other.write_bytes(content)
    with BuildState(tmp_path / "state.db", "here", "models") as state:
        state.adopt(other)
        state.begin()
        assert state.note(performer(iter([SourcePicture("/Ada/1.png", "1", "")]))) is None
        assert state.counts() == (1, 1)


def test_who_takes_over_from_another_state_keeps_nobody_from_it(tmp_path: Path) -> None:
    picture = SourcePicture("/Ada/1.png", "1", "")
    with BuildState(tmp_path / "other.db", "there", "models") as other:
        other.begin()
        other.note(performer(iter([picture])))
        other.keep(Portrait(picture, "0" * 64, faces=0))
        other.begin_work()  # it is being written to
        with BuildState(tmp_path / "state.db", "here", "models") as state:
            state.adopt(tmp_path / "other.db")
            assert state.is_described("0" * 64)


def test_of_who_was_forgotten_while_they_were_described_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    picture = SourcePicture("/Ada/1.png", "1", "")
    with BuildState(path, "here", "models") as state:
        state.begin()
        state.note(performer(iter([picture])))
        with StateFile(path, None) as elsewhere:
            elsewhere.forget({"folder:Ada"})
        state.keep(Portrait(picture, "0" * 64, faces=0))
        assert not state.is_described("0" * 64)


def test_the_pictures_of_who_was_forgotten_while_they_were_listed_are_not_noted(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def listed() -> Iterator[SourcePicture]:
        for number in range(600):  # some pages of them
            if number == 300:
                with StateFile(path, None) as elsewhere:
                    elsewhere.forget({"folder:Ada"})
            yield SourcePicture(f"/Ada/{number}.png", "1", "")

    with BuildState(path, "here", "models") as state:
        state.begin()
        state.note(performer(listed()))
        assert state.counts() == (0, 0)
