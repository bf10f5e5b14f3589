from pathlib import Path

import av
import numpy as np
import pytest
from tests.unit.scenes.drawings import SHORT, DrawnFaces, Squares

from stash_sense.errors import Cancelled, TooFewPeople
from stash_sense.evaluation.truth import Truth, read_truth
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.scenes.making import TRUTH_NAME, make_scenes
from stash_sense.scenes.people import Person, half_of, split_photos

PEOPLE = [
    *(Person(f"P{n}", (Path(f"p{n}a.jpg"), Path(f"p{n}b.jpg"))) for n in range(8)),
    *(Person(f"S{n}", (Path(f"s{n}.jpg"),)) for n in range(8)),
]


def make(
    folder: Path, count: int = 2, progress: ProgressListener = silent, cancel: CancelToken | None = None
) -> Truth:
    return make_scenes(
        PEOPLE, DrawnFaces(), Squares(), folder,
        count=count, seed=7, half=0, options=SHORT, progress=progress, cancel=cancel,
    )  # fmt: skip


def pixels(file: Path) -> Image:
    with av.open(str(file)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_the_same_seed_gives_the_same_truth_and_the_same_pixels(tmp_path: Path) -> None:
    assert make(tmp_path / "a", 1) == make(tmp_path / "b", 1)
    first, second = (pixels(tmp_path / folder / "scene-0001.mp4") for folder in ("a", "b"))
    assert np.array_equal(first, second)


def test_only_people_of_the_half_play(tmp_path: Path) -> None:
    truth = make(tmp_path)
    assert truth == read_truth(tmp_path / TRUTH_NAME)
    assert [file.path for file in truth.files] == ["scene-0001.mp4", "scene-0002.mp4"]
    assert {half_of(seen.subject) for file in truth.files for seen in file.appearances} == {0}


def test_scenes_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    made = make(tmp_path)
    (tmp_path / "scene-0001.mp4").write_bytes(b"untouched")
    (tmp_path / "scene-0002.mp4").unlink()
    assert make(tmp_path) == made
    assert (tmp_path / "scene-0001.mp4").read_bytes() == b"untouched"
    assert (tmp_path / "scene-0002.mp4").exists()


def test_what_was_made_before_a_cancellation_stays_with_its_truth(tmp_path: Path) -> None:
    cancel = CancelToken()

    def after_one(progress: Progress) -> None:
        if progress.stage == "making scenes" and progress.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        make(tmp_path, 3, after_one, cancel)
    assert [file.path for file in read_truth(tmp_path / TRUTH_NAME).files] == ["scene-0001.mp4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene-0001.mp4", TRUTH_NAME]


def test_references_are_in_no_scene(tmp_path: Path) -> None:
    class Remembering(Squares):
        seen: set[Path]

        def read(self, path: Path):  # type: ignore[no-untyped-def]
            self.seen.add(path)
            return super().read(path)

    reader = Remembering()
    reader.seen = set()
    make_scenes(PEOPLE, DrawnFaces(), reader, tmp_path, count=1, seed=1, half=0, options=SHORT)
    assert not reader.seen & {path for person in PEOPLE for path in split_photos(person.photos)[0]}


def test_without_anybody_known_no_scene_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(TooFewPeople):
        make_scenes(PEOPLE[8:], DrawnFaces(), Squares(), tmp_path, count=1, seed=1, half=0)
