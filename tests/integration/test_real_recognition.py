"""The whole of recognition with the real models of the pack `lite`, on the public-domain sample portraits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageEnhance, ImageFilter, ImageOps

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.bootstrap.recognition import recognizer_of
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Identification
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.plan import SamplingPlan
from stash_sense.models.card import CARD_NAME
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.store import PackStore
from stash_sense.performers.building.enrolment import Enrolment
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.samples.film import make_film
from stash_sense.settings import load_settings

Picture = Pictures.Image

NAMES = ("Barack Obama", "Eileen Collins", "Joe Biden")
CAST = Path(__file__).parents[3] / "shared" / "data" / "faces" / "clip-cast"


def portrait(name: str) -> Picture:
    file = STRANGER if name == "stranger" else PEOPLE / name / "portrait.jpg"
    with Pictures.open(file) as opened:
        return opened.convert("RGB")


def on_ground(picture: Picture, size: tuple[int, int] = (640, 640), at: tuple[int, int] = (40, 40)) -> Picture:
    ground = Pictures.new("RGB", size, (120, 130, 140))
    ground.paste(picture, at)
    return ground


def face_of_60_pixels(picture: Picture) -> Picture:
    """A portrait's face takes about half of its height."""
    return on_ground(picture.resize((picture.width * 130 // picture.height, 130)))


ALTERED: dict[str, Callable[[Picture], Picture]] = {
    "at half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "with a face of 60 pixels": face_of_60_pixels,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2.0)),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.5),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.5),
    "in black and white": lambda picture: picture.convert("L").convert("RGB"),
    "mirrored": ImageOps.mirror,
    "turned by 15 degrees": lambda picture: picture.rotate(15, Pictures.Resampling.BICUBIC, expand=True),
    "turned by 15 degrees back": lambda picture: picture.rotate(-15, Pictures.Resampling.BICUBIC, expand=True),
}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    store = PackStore(load_settings().models_dir, OnnxRuntime(2, "cpu"), Catalogue.shipped())
    folder = store.models_dir / "lite"
    if not (folder / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {folder}; type `stash-sense models install lite`")
    return recognizer_of(store.open("lite"), Limits())


@pytest.fixture(scope="module")
def enrolment(recognizer: Recognizer) -> Enrolment:
    return recognizer.enrol(PEOPLE, CancelToken())


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_film(path)
    return path


Look = Callable[[Picture], Identification]


@pytest.fixture
def look(recognizer: Recognizer, enrolment: Enrolment, tmp_path: Path) -> Look:
    """Saves a picture and recognises who is in it."""

    def save_and_identify(picture: Picture) -> Identification:
        file = tmp_path / "picture.jpg"
        picture.save(file, quality=90)
        (result,) = recognizer.identify([file], enrolment.gallery, Request(), CancelToken())
        return result

    return save_and_identify


def names_in(result: Identification) -> list[str]:
    return sorted(person.name for person in result.persons)


def test_the_sample_people_are_enrolled_without_a_complaint(enrolment: Enrolment) -> None:
    assert sorted(person.name for person in enrolment.gallery.persons) == list(NAMES)
    assert enrolment.notes == ()
    np.testing.assert_allclose(np.linalg.norm(enrolment.gallery.vectors, axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize("alteration", list(ALTERED))
@pytest.mark.parametrize("name", NAMES)
def test_a_person_is_recognised_in_an_altered_copy(look: Look, name: str, alteration: str) -> None:
    result = look(ALTERED[alteration](portrait(name)))
    assert names_in(result) == [name]
    assert result.unknown == ()


@pytest.mark.parametrize("alteration", list(ALTERED))
def test_a_stranger_stays_unknown_in_every_copy(look: Look, alteration: str) -> None:
    result = look(ALTERED[alteration](portrait("stranger")))
    assert names_in(result) == []
    assert len(result.unknown) == 1
    assert all(other.probability < 0.5 for other in result.unknown[0].alternatives)


def test_two_people_in_a_picture_are_both_named_each_where_they_are(look: Look) -> None:
    left, right = (portrait(name).resize((360, 450)) for name in ("Joe Biden", "Eileen Collins"))
    both = on_ground(left, (900, 540))
    both.paste(right, (480, 40))
    result = look(both)
    assert names_in(result) == ["Eileen Collins", "Joe Biden"]
    where = {person.name: person.sightings[0].box for person in result.persons}
    assert where["Joe Biden"][0] + where["Joe Biden"][2] < 450 < where["Eileen Collins"][0]


def test_a_person_and_their_mirror_image_in_a_picture_do_not_both_have_the_name(look: Look) -> None:
    one = portrait("Barack Obama").resize((360, 450))
    both = on_ground(one, (900, 540))
    both.paste(ImageOps.mirror(one), (480, 40))
    result = look(both)
    assert names_in(result) == ["Barack Obama"]
    assert result.faces_detected == 2
    assert result.unknown[0].alternatives[0].name == "Barack Obama"


def test_a_picture_without_anybody_has_nobody(look: Look) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3)).astype(np.uint8)
    result = look(Pictures.fromarray(noise))
    assert (result.persons, result.unknown, result.failure) == ((), (), None)


@pytest.mark.parametrize("mode", list(MODES))
def test_the_film_has_exactly_the_three_and_one_unknown(
    recognizer: Recognizer, enrolment: Enrolment, film: Path, mode: str
) -> None:
    request = Request(plan=SamplingPlan(24), mode=mode)
    (result,) = recognizer.identify([film], enrolment.gallery, request, CancelToken())
    assert result.failure is None
    assert names_in(result) == list(NAMES)
    assert len(result.unknown) == 1
    assert 10 <= result.frames_analyzed <= 24  # as few as there are keyframes; such a plan has one pass
    assert result.duration == pytest.approx(25.5, abs=0.1)
    # Second 2 to 6: Obama alone. Second 6 to 11: Collins at the left, Biden at the right.
    seen = {person.name: person.sightings for person in result.persons}
    assert any(2.0 <= (sighting.t or 0.0) < 6.0 for sighting in seen["Barack Obama"])
    assert all(6.0 <= (sighting.t or 0.0) < 11.1 for sighting in seen["Eileen Collins"])
    assert all(sighting.box[0] < 400 for sighting in seen["Eileen Collins"])
    assert all(12.4 <= (sighting.t or 0.0) < 20.6 for sighting in result.unknown[0].sightings)


def whole_film(recognizer: Recognizer, enrolment: Enrolment, film: Path, *, strict: bool = False) -> Identification:
    (result,) = recognizer.identify([film], enrolment.gallery, Request(strict=strict), CancelToken())
    return result


def test_the_film_is_decided_before_all_of_its_frames_are_looked_at(
    recognizer: Recognizer, enrolment: Enrolment, film: Path
) -> None:
    result = whole_film(recognizer, enrolment, film)
    assert names_in(result) == list(NAMES)
    assert len(result.unknown) == 1
    assert 10 <= result.frames_analyzed < SamplingPlan().num_frames
    assert sum(len(person.sightings) for person in (*result.persons, *result.unknown)) <= result.faces_detected


def test_strictly_asked_some_of_the_same_names_are_given_and_nobody_gets_lost(
    recognizer: Recognizer, enrolment: Enrolment, film: Path
) -> None:
    normal, strict = (whole_film(recognizer, enrolment, film, strict=level) for level in (False, True))
    assert set(names_in(strict)) <= set(names_in(normal))
    assert len(strict.persons) + len(strict.unknown) >= len(normal.persons) + len(normal.unknown)
    sure = {person.name: person.probability for person in normal.persons}
    assert all(person.probability == pytest.approx(sure[person.name], abs=1e-4) for person in strict.persons)


def test_without_the_right_person_in_the_gallery_nobody_else_gets_the_part(
    recognizer: Recognizer, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "Eileen Collins").symlink_to(PEOPLE / "Eileen Collins", target_is_directory=True)
    gallery = recognizer.enrol(tmp_path, CancelToken()).gallery
    request = Request(plan=SamplingPlan(16), mode=DEFAULT_MODE)
    (result,) = recognizer.identify([film], gallery, request, CancelToken())
    assert names_in(result) == ["Eileen Collins"]
    assert len(result.unknown) == 3


def test_other_photographs_of_the_enrolled_are_recognised(recognizer: Recognizer, enrolment: Enrolment) -> None:
    if not CAST.is_dir():
        pytest.skip(f"the shared photographs are not in {CAST}")
    files = [CAST / name for name in ("biden.jpg", "obama.jpg", "group_obama_and_biden.jpg", "alex-lacamoire.png")]
    results = list(recognizer.identify(files, enrolment.gallery, Request(), CancelToken()))
    assert [names_in(result) for result in results] == [
        ["Joe Biden"],
        ["Barack Obama"],
        ["Barack Obama", "Joe Biden"],
        [],
    ]
