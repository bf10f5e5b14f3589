"""Which photographs are measured, and what is kept of them."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.accuracy.photographs import _keep, _kept, folders_in, labelled_people, some_of
from tests.fakes_faces import BLUE, RED, finder, picture

from stash_sense.errors import FacesMissing
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Ada with two photographs, two strangers, and one of the people known to be mislabelled."""
    names = ("lfw-dev/Ada/1.jpg", "lfw-dev/Ada/2.jpg", "lfw-dev/Wang_Nan/1.jpg", "lfw-dev/Wang_Nan/2.jpg")
    strangers = (
        "lfw-dev-strangers/Bob_0001.jpg",
        "lfw-dev-strangers/Cy_0001.jpg",
        "lfw-dev-strangers/Nan_Wang_0001.jpg",
    )
    for name in (*names, *strangers):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_with_both_parts_stands_for_them(faces: Path) -> None:
    assert folders_in([faces]) == [faces / "lfw-dev", faces / "lfw-dev-strangers"]
    assert folders_in([faces / "lfw-dev"]) == [faces / "lfw-dev"]


def test_mislabelled_people_are_left_out(faces: Path) -> None:
    assert [person.name for person in labelled_people([faces])] == ["Ada", "Bob_0001", "Cy_0001"]
    assert [person.name for person in labelled_people([faces], frozenset({"Bob_0001"}))] == ["Ada", "Cy_0001"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesMissing):
        labelled_people([tmp_path])


def test_some_people_of_each_kind_are_taken(faces: Path) -> None:
    assert [person.name for person in some_of(labelled_people([faces]), 1)] == ["Ada", "Bob_0001"]


def test_what_was_described_is_read_back_without_crops(tmp_path: Path) -> None:
    frame = Frame(picture((RED, 10, 40, 60), (BLUE, 200, 50, 80)), None)
    faces = finder().find([frame], StageClock(), CancelToken()).faces
    _keep(tmp_path / "kept.npz", faces, frame.image.shape)
    kept, shape = _kept(tmp_path / "kept.npz", 3)
    assert shape == frame.image.shape
    assert np.array_equal(kept.vectors, faces.vectors)
    assert np.array_equal(kept.seen.boxes, faces.seen.boxes)
    assert (len(kept), len(kept.seen)) == (2, 2)
    assert not kept.crops.any()
