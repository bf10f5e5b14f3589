"""Head and shoulders out of frames, wherever these are had."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes_faces import BLUE, RED, ArrayFilms, picture, save_film, save_picture
from tests.unit.identification.test_frame_places import image
from tests.unit.identification.test_library_items import PATHS, STASH, FakeMedia, FakeRemote, file, scene, size_of

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import InputError, NotOnServer, PortraitMissing, StashSenseError
from stash_sense.identification.frame_places import FramePlaces
from stash_sense.identification.library_reading import ReadImage, ReadScene
from stash_sense.identification.portrait import HIGHEST, Box, Portraits, SeenIn, cut, seen_in
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.limits import Limits
from stash_sense.library.media import ImageFile
from stash_sense.library.paths import PathMap
from stash_sense.media.frame import Frame

BOX: Box = (100.0, 60.0, 40.0, 50.0)


class Encoder:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.images: list[Image] = []

    def __call__(self, image: Image, highest: int) -> bytes:
        assert highest == HIGHEST
        self.images.append(image)
        return b"jpeg"


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def frames() -> list[Image]:
    return [picture((RED, 100, 60, 40), size=(320, 200))] * 3 + [picture((BLUE, 100, 60, 40), size=(320, 200))] * 3


def portraits(folder: Path, encoder: Encoder, remote: FakeRemote | None = None) -> Portraits:
    places = FramePlaces(PathMap.parse(f"/library={folder}"), size_of, FakeMedia(), STASH)
    return Portraits(places, ArrayFilms(), PillowReader(Limits()), remote or FakeRemote({}), encoder)


def middle(encoder: Encoder) -> tuple[int, ...]:
    image = encoder.images[-1]
    return tuple(image[image.shape[0] // 3, image.shape[1] // 2].tolist())


def test_a_face_is_cut_out_of_the_moment_it_was_seen_in(
    tmp_path: Path, encoder: Encoder, frames: list[Image]
) -> None:
    film = save_film(tmp_path / "film.mp4", frames)
    made = portraits(tmp_path, encoder)
    read = scene(file(film.stat().st_size))
    assert made.portrait_of(read, 1.0, BOX) == b"jpeg"
    assert middle(encoder) == RED
    made.portrait_of(read, 4.0, BOX)
    assert middle(encoder) == BLUE
    assert encoder.images[-1].shape == (150, 100, 3)


def test_without_a_moment_the_cover_is_taken(tmp_path: Path, encoder: Encoder, frames: list[Image]) -> None:
    remote = FakeRemote({PATHS.screenshot: Frame(frames[3], None)})
    portraits(tmp_path, encoder, remote).portrait_of(scene(file(1)), None, BOX)
    assert middle(encoder) == BLUE
    bare = ReadScene(scene(file(1)).scene._replace(paths=PATHS._replace(screenshot="")), ())
    with pytest.raises(PortraitMissing, match="no cover"):
        portraits(tmp_path, encoder).portrait_of(bare, None, BOX)


def test_the_stream_is_taken_where_the_file_cannot_be_read(
    tmp_path: Path, encoder: Encoder, frames: list[Image]
) -> None:
    broken = tmp_path / "film.mp4"
    broken.write_bytes(b"no film")
    remote = FakeRemote({"/scene/1/stream": save_film(tmp_path / "stream", frames)})
    portraits(tmp_path, encoder, remote).portrait_of(scene(file(broken.stat().st_size)), 0.0, BOX)
    assert middle(encoder) == RED
    with pytest.raises(InputError):  # what is wrong with the file says more than that there is no stream
        portraits(tmp_path, encoder, FakeRemote({})).portrait_of(scene(file(broken.stat().st_size)), 0.0, BOX)
    with pytest.raises(NotOnServer):
        portraits(tmp_path, encoder, FakeRemote({})).portrait_of(scene(file(99)), 0.0, BOX)


def test_what_was_seen_in_sprites_is_looked_for_in_sprites_only(
    tmp_path: Path, encoder: Encoder, frames: list[Image]
) -> None:
    film = save_film(tmp_path / "film.mp4", frames)
    remote = FakeRemote({PATHS.vtt: save_film(tmp_path / "sprites", frames[::-1])})
    made = portraits(tmp_path, encoder, remote)
    made.portrait_of(scene(file(film.stat().st_size)), 0.0, BOX, SeenIn(FramesFrom.SPRITES))
    assert middle(encoder) == BLUE
    without = ReadScene(scene(file(film.stat().st_size)).scene._replace(paths=PATHS._replace(vtt="")), ())
    with pytest.raises(PortraitMissing, match="not there any more"):
        made.portrait_of(without, 0.0, BOX, SeenIn(FramesFrom.SPRITES))


def test_a_box_is_that_of_a_frame_of_another_size_where_the_file_was_replaced(
    tmp_path: Path, encoder: Encoder, frames: list[Image]
) -> None:
    film = save_film(tmp_path / "film.mp4", frames)
    half: Box = (50.0, 30.0, 20.0, 25.0)
    portraits(tmp_path, encoder).portrait_of(
        scene(file(film.stat().st_size)), 0.0, half, SeenIn(FramesFrom.FILE, (160, 100))
    )
    assert (middle(encoder), encoder.images[-1].shape) == (RED, (150, 100, 3))


def test_a_face_of_an_image_is_cut_out(tmp_path: Path, encoder: Encoder, frames: list[Image]) -> None:
    place = save_picture(tmp_path / "a.png", frames[0])
    found = ImageFile("1", "/library/a.png", place.stat().st_size, 320, 200, False, ())
    read = ReadImage(image(found), ())
    portraits(tmp_path, encoder).portrait_of(read, None, BOX)
    assert middle(encoder) == RED


@pytest.mark.parametrize(
    ("t", "box", "reason"),
    [
        (0.0, (400.0, 10.0, 50.0, 50.0), "outside"),
        (0.0, (-80.0, 10.0, 50.0, 50.0), "outside"),
        (0.0, (10.0, 10.0, 8.0, 8.0), "8 pixels"),
        (0.0, (10.0, 10.0, 0.0, 50.0), "no face"),
        (0.0, (10.0, float("nan"), 50.0, 50.0), "no face"),
        (-1.0, BOX, "no face"),
        (float("inf"), BOX, "no face"),
        (100.0, BOX, "ends after 6 s"),
    ],
)
def test_what_no_face_can_be_cut_out_of_says_so(
    tmp_path: Path, encoder: Encoder, frames: list[Image], t: float, box: Box, reason: str
) -> None:
    film = save_film(tmp_path / "film.mp4", frames)
    with pytest.raises(PortraitMissing, match=reason) as raised:
        portraits(tmp_path, encoder).portrait_of(scene(file(film.stat().st_size)), t, box)
    assert "scene 1" in str(raised.value)


def test_a_scene_without_a_file_says_so(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(StashSenseError) as raised:
        portraits(tmp_path, encoder).portrait_of(scene(), 0.0, BOX)
    assert raised.value.code == "library_item_without_file"


@given(
    size=st.tuples(st.integers(40, 400), st.integers(40, 400)),
    place=st.tuples(st.floats(0.0, 0.999), st.floats(0.0, 0.999)),
    face=st.tuples(st.floats(24.0, 600.0), st.floats(24.0, 600.0)),
)
def test_a_part_is_always_within_the_picture_of_two_to_three_and_holds_the_middle_of_the_face(
    size: tuple[int, int], place: tuple[float, float], face: tuple[float, float]
) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    x, y = place[0] * width, place[1] * height
    image[int(y), int(x)] = 1
    part = cut(image, (x - face[0] / 2, y - face[1] / 2, *face))
    rows, columns = part.shape[:2]
    assert 1 <= rows <= height
    assert 1 <= columns <= width
    assert part.any()
    assert abs(columns - rows * 2 / 3) <= 1.0


def test_what_a_fingerprint_does_not_say_well_is_not_known() -> None:
    assert seen_in({"frames_from": "sprites", "size": [160, 90]}) == SeenIn(FramesFrom.SPRITES, (160, 90))
    for details in ({}, {"frames_from": "moon", "size": "large"}, {"frames_from": None, "size": [1]}):
        assert seen_in(details) == SeenIn()
