from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ArrayFilms, decision, finder, picture, save_film, save_picture

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import Cancelled, GalleryMissing, SettingInvalid
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import FrameSource
from stash_sense.performers.gallery import Gallery
from stash_sense.recognition.matching.modes import MODES

REDDISH = (250, 115, 55)


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer("colours", finder(), decision(), ArrayFilms(), PillowReader(Limits()))


@pytest.fixture
def gallery(recognizer: Recognizer, tmp_path: Path) -> Gallery:
    save_picture(tmp_path / "gallery" / "Red" / "a.png", picture((RED, 100, 50, 100)))
    save_picture(tmp_path / "gallery" / "Blue" / "a.png", picture((BLUE, 100, 50, 100)))
    return recognizer.enrol(tmp_path / "gallery", CancelToken()).gallery


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a film of Red and a stranger, a picture of Blue, a damaged film and an empty file."""
    folder = tmp_path / "files"
    save_film(folder / "1 film.mp4", [picture((RED, 10, 40, 60), (GREEN, 200, 50, 80))] * 3)
    save_picture(folder / "2 picture.jpg", picture((BLUE, 100, 50, 100)))
    (folder / "3 damaged.mp4").write_bytes(b"damaged")
    (folder / "4 empty.mp4").touch()
    save_picture(folder / "more" / "5 picture.png", picture((RED, 100, 50, 100)))
    return folder


@pytest.mark.parametrize("mode", list(MODES))
def test_who_was_enrolled_is_recognised_in_films_and_pictures(
    recognizer: Recognizer, gallery: Gallery, files: Path, mode: str
) -> None:
    results = list(recognizer.identify([files], gallery, Request(mode=mode), CancelToken()))
    assert [Path(result.source).name for result in results] == [
        "1 film.mp4",
        "2 picture.jpg",
        "3 damaged.mp4",
        "4 empty.mp4",
        "5 picture.png",
    ]
    assert [[person.name for person in result.persons] for result in results] == [["Red"], ["Blue"], [], [], ["Red"]]
    assert [len(result.unknown) for result in results] == [1, 0, 0, 0, 0]
    assert {result.mode for result in results} == {mode}
    assert {result.pack for result in results} == {"colours"}


def test_what_fails_says_why_while_the_rest_goes_on(
    recognizer: Recognizer, gallery: Gallery, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    paths = [tmp_path / "missing.mp4", tmp_path / "nothing", files]
    results = list(recognizer.identify(paths, gallery, Request(), CancelToken()))
    codes = [result.failure.code if result.failure else None for result in results]
    assert codes == ["input_missing", "input_without_media", None, None, "video_damaged", "input_empty", None]
    for result in results:
        assert result.failure is None or result.source in result.failure.message


def test_answers_come_file_by_file(recognizer: Recognizer, gallery: Gallery, files: Path) -> None:
    reports: list[Progress] = []
    answers = recognizer.identify([files], gallery, Request(), CancelToken(), reports.append)
    assert reports == []
    next(answers)
    assert [report.note for report in reports if report.stage == "files"] == ["1 film.mp4"]
    list(answers)
    whole = [report for report in reports if report.stage == "files"]
    assert [report.done for report in whole] == [0, 1, 2, 3, 4, 5]
    assert {report.total for report in whole} == {5}


def test_a_request_says_how_many_frames_and_alternatives_and_who_is_tagged(
    recognizer: Recognizer, gallery: Gallery, tmp_path: Path
) -> None:
    film = save_film(tmp_path / "long.mp4", [picture((RED, 10, 40, 60))] * 40)
    request = Request(plan=SamplingPlan(12), top_k=1, tagged=frozenset({"Red"}))
    (result,) = recognizer.identify([film], gallery, request, CancelToken())
    assert result.frames_analyzed == 12
    assert [alternative.name for alternative in result.persons[0].alternatives] == ["Blue"]
    assert result.persons[0].tagged


def test_a_strict_request_gives_only_the_surest_names(
    recognizer: Recognizer, gallery: Gallery, tmp_path: Path
) -> None:
    # At a cosine of 0.84 to red: 0.83 by the curve, where strict begins at 0.9.
    film = save_film(tmp_path / "reddish.mp4", [picture((REDDISH, 10, 40, 60), (BLUE, 200, 50, 80))] * 5)
    normal, strict = (
        next(recognizer.identify([film], gallery, Request(strict=level), CancelToken())) for level in (False, True)
    )
    assert [person.name for person in normal.persons] == ["Blue", "Red"]
    assert [person.name for person in strict.persons] == ["Blue"]
    assert strict.unknown[0].alternatives[0].name == "Red"


def test_an_unknown_mode_is_refused_before_any_file_is_looked_at(
    recognizer: Recognizer, gallery: Gallery, files: Path
) -> None:
    reports: list[Progress] = []
    with pytest.raises(SettingInvalid, match="fastest"):
        list(recognizer.identify([files], gallery, Request(mode="fastest"), CancelToken(), reports.append))
    assert reports == []


def test_being_stopped_ends_the_batch_between_files_too(
    recognizer: Recognizer, gallery: Gallery, tmp_path: Path
) -> None:
    cancel = CancelToken()
    answers = recognizer.identify([tmp_path / "missing 1", tmp_path / "missing 2"], gallery, Request(), cancel)
    assert next(answers).failure is not None
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(answers)


def test_nothing_to_look_at_gives_no_answers(recognizer: Recognizer, gallery: Gallery) -> None:
    assert list(recognizer.identify([], gallery, Request(), CancelToken())) == []


def test_the_errors_of_a_gallery_pass_through(recognizer: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(GalleryMissing):
        recognizer.enrol(tmp_path / "nowhere", CancelToken())


class _FaultyFilms(ArrayFilms):
    """Films that bring out a fault of ours."""

    def open(self, path: Path) -> AbstractContextManager[FrameSource]:
        raise ZeroDivisionError("nobody thought of this")


def test_a_fault_of_ours_in_one_file_is_reported_and_logged_while_the_rest_goes_on(
    recognizer: Recognizer, gallery: Gallery, files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = Recognizer("colours", finder(), decision(), _FaultyFilms(), PillowReader(Limits()))

    film, still, *_ = faulty.identify([files], gallery, Request(), CancelToken())

    assert film.failure is not None
    assert film.failure.code == "internal_fault"
    assert "nobody thought of this" in film.failure.message
    assert [person.name for person in still.persons] == ["Blue"]
    assert "ZeroDivisionError" in caplog.text
