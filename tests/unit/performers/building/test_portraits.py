from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, SquareDetector, finder, picture, save_picture
from tests.performers_builds import CountingReader, portrait

from stash_sense.errors import Cancelled, ModelRejected
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.portraits import Portrait, PortraitFinder, look_of
from stash_sense.performers.building.sources import FOLDER, SourcePerformer, SourcePicture
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Detections


@dataclass
class Files:
    """A source that is only a folder of files."""

    folder: Path
    identity: str = "files"
    title: str = "files"
    origins: frozenset[str] = frozenset({FOLDER})
    readers: int = 1

    def count(self, cancel: CancelToken) -> int:
        raise NotImplementedError

    def origin_of(self, picture: SourcePicture) -> str:
        return FOLDER

    def performers(self, cancel: CancelToken) -> Iterator[SourcePerformer]:
        raise NotImplementedError

    def opened(self, picture: SourcePicture) -> AbstractContextManager[Path]:
        return nullcontext(self.folder / picture.key)

    def where(self, picture: SourcePicture) -> str:
        return picture.key


class RefusesLarge:
    """A `Detector` that fails on any list with a picture wider than 400 pixels."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        if any(image.shape[1] > 400 for image in images):
            raise ModelRejected(file="detector", reason="it is too large")
        return SquareDetector().detect(images)


def named(*names: str) -> list[SourcePicture]:
    return [SourcePicture(name, "", name) for name in names]


def found(folder: Path, *names: str, using: FaceFinder | None = None) -> list[Portrait]:
    portraits = PortraitFinder(CountingReader(), using or finder())
    return list(portraits.portraits(named(*names), Files(folder), CancelToken()))


def test_answers_come_in_order_however_many_there_are(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(37)]
    for number, name in enumerate(names):
        save_picture(tmp_path / name, portrait(RED, side=40 + number))
    answers = found(tmp_path, *names)
    assert [answer.picture.key for answer in answers] == names
    assert all(answer.face is not None and answer.faces == 1 for answer in answers)
    assert len({answer.sha256 for answer in answers}) == 37


def test_what_a_picture_gives_does_not_depend_on_those_beside_it(tmp_path: Path) -> None:
    for name, colour in (("a", RED), ("b", GREEN), ("c", BLUE)):
        save_picture(tmp_path / f"{name}.png", picture((colour, 30, 30, 90), (RED, 240, 120, 40)))
    together = found(tmp_path, "a.png", "b.png", "c.png")
    for answer in together:
        (alone,) = found(tmp_path, answer.picture.key)
        assert answer.face is not None
        assert alone.face is not None
        np.testing.assert_array_equal(alone.face.vector, answer.face.vector)
        assert (alone.face.quality, alone.faces) == (answer.face.quality, 2)


def test_bad_pictures_and_pictures_without_a_face_stop_nothing(tmp_path: Path) -> None:
    save_picture(tmp_path / "wall.png", picture())
    save_picture(tmp_path / "red.png", portrait(RED))
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    answers = found(tmp_path, "empty.png", "wall.png", "missing.png", "folder.png", "red.png")
    assert [bool(answer.problem) for answer in answers] == [True, False, True, True, False]
    assert [bool(answer.sha256) for answer in answers] == [False, True, False, False, True]
    assert [answer.face is not None for answer in answers] == [False, False, False, False, True]


def test_a_picture_that_a_model_refuses_is_the_only_one_refused(tmp_path: Path) -> None:
    save_picture(tmp_path / "large.png", picture((RED, 10, 10, 50), size=(500, 300)))
    for name in ("a", "b", "c"):
        save_picture(tmp_path / f"{name}.png", portrait(RED))
    using = FaceFinder(RefusesLarge(), finder().describer)
    answers = found(tmp_path, "a.png", "large.png", "b.png", "c.png", using=using)
    assert [answer.face is not None for answer in answers] == [True, False, True, True]
    assert "too large" in answers[1].problem
    assert answers[1].sha256 == ""  # so that it is tried again


def test_a_picture_that_is_known_is_not_looked_at(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", portrait(RED))
    portraits = PortraitFinder(CountingReader(), finder())
    (answer,) = portraits.portraits(named("a.png"), Files(tmp_path), CancelToken(), known=lambda _: True)
    assert answer.known
    assert answer.face is None
    assert answer.sha256


def test_only_a_few_pictures_are_read_ahead(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(40)]
    for number, name in enumerate(names):
        save_picture(tmp_path / name, portrait(RED, side=40 + number))
    reader = CountingReader()
    portraits = PortraitFinder(reader, finder()).portraits(named(*names), Files(tmp_path), CancelToken())
    next(portraits)
    portraits.close()
    assert len(reader.read_names) <= 20  # a batch of faces, and those ahead


def test_finding_stops_when_asked(tmp_path: Path) -> None:
    save_picture(tmp_path / "a.png", portrait(RED))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(PortraitFinder(CountingReader(), finder()).portraits(named("a.png"), Files(tmp_path), cancel))


def test_a_look_shrinks_the_middle_of_a_face() -> None:
    face = np.zeros((96, 96, 3), np.uint8)
    face[:, 48:] = 200
    look = look_of(face)
    assert look.shape == (16, 16)
    assert look[:, :8].max() == 0
    assert look[:, 8:].min() == 200
