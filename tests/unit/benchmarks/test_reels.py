"""Kept faces of scenes: deciding on them answers as identifying the files does."""

from pathlib import Path

import pytest
from benchmarks.accuracy.galleries import limited
from benchmarks.accuracy.reels import Projector, Scene, recognizer_of_reels, wind
from benchmarks.accuracy.variants import Asking, identified, same_answers
from tests.fakes_faces import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    ArrayFilms,
    decision,
    finder,
    picture,
    save_film,
    save_picture,
)

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.evaluation.truth import TrueFile
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.performers.gallery import Gallery


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer("colours", finder(), decision(), ArrayFilms(), PillowReader(Limits()))


@pytest.fixture
def gallery(recognizer: Recognizer, tmp_path: Path) -> Gallery:
    for number in range(3):
        save_picture(tmp_path / "gallery" / "Red" / f"{number}.png", picture((RED, 100 + number, 50, 100)))
    save_picture(tmp_path / "gallery" / "Blue" / "a.png", picture((BLUE, 100, 50, 100)))
    return recognizer.enrol(tmp_path / "gallery", CancelToken()).gallery


@pytest.fixture
def scenes(tmp_path: Path) -> list[Scene]:
    """One in which Red and a stranger are seen, one with Blue, and one in which somebody may be Red."""
    frames = {
        "clear": [picture((RED, 10, 40, 60), (GREEN, 200, 50, 80))] * 24,
        "blue": [picture((BLUE, 10, 40, 60))] * 24,
        "doubtful": [picture(((250, 135, 5), 10, 40, 60), (YELLOW, 200, 50, 80))] * 24,
    }
    truths = {"clear": (("Red",), 1), "blue": (("Blue",), 0), "doubtful": ((), 2)}
    return [
        Scene(
            TrueFile(path=name, persons=truths[name][0], strangers=truths[name][1], labels={"size": name[:4]}),
            save_film(tmp_path / f"{name}.mp4", shown),
            seed=number % 2,
        )
        for number, (name, shown) in enumerate(frames.items())
    ]


@pytest.fixture
def asking(scenes: list[Scene], gallery: Gallery) -> Asking:
    reels = list(wind(scenes, finder(), ArrayFilms(), CancelToken()))
    assert [[found.frame_count for found in reel.passes] for reel in reels] == [[20, 22]] * 3
    return Asking(recognizer_of_reels("colours", finder(), decision(), reels), scenes, gallery, CancelToken())


def test_kept_faces_answer_as_the_files_do(
    recognizer: Recognizer, asking: Asking, scenes: list[Scene], gallery: Gallery
) -> None:
    runs = identified(recognizer, scenes, gallery, Request(), CancelToken())
    kept = asking.answers(gallery, Request())
    assert [answer.frames for answer in kept] == [20, 20, 22]  # the doubtful one is looked at whole
    assert same_answers(runs, kept) == 3
    assert all(run.cpu >= 0.0 for run in runs)


def test_another_answer_is_not_the_same(
    recognizer: Recognizer, asking: Asking, scenes: list[Scene], gallery: Gallery
) -> None:
    runs = identified(recognizer, scenes, gallery, Request(), CancelToken())
    others = asking.answers(gallery, Request(strict=True))
    assert same_answers(runs, [others[0], others[2], others[1]]) == 1


def test_figures_are_given_of_every_mode_and_level(asking: Asking) -> None:
    rows = asking.by_mode()
    assert [(row["mode"], row["level"]) for row in rows] == [
        ("template", "default"),
        ("template", "strict"),
        ("clustered_frequency", "default"),
        ("clustered_frequency", "strict"),
    ]
    assert rows[0]["recall"]["value"] == 1.0
    assert rows[0]["frames"] == pytest.approx(62 / 3)


def test_scenes_of_a_kind_are_summed_up_apart(asking: Asking) -> None:
    assert [(row["size"], row["files"]) for row in asking.by_size()] == [("blue", 1), ("clea", 1), ("doub", 1)]
    assert [(row["seed"], row["files"]) for row in asking.by_seed()] == [(0, 2), (1, 1)]


def test_people_with_three_references_are_asked_with_fewer(asking: Asking, gallery: Gallery) -> None:
    assert limited(gallery, 1).owner.tolist() == [0, 1]
    rows = asking.by_references()
    assert [(row["references"], row["people"], row["counts"]["known"]) for row in rows] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
    ]
    assert all("calibration_error" not in row for row in rows)


def test_only_kept_scenes_can_be_shown(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Projector([]).open(tmp_path / "other.mp4"):
        pass


def test_a_scene_that_cannot_be_read_ends_the_measurement(
    recognizer: Recognizer, gallery: Gallery, tmp_path: Path
) -> None:
    (tmp_path / "damaged.mp4").write_bytes(b"damaged")
    broken = Scene(TrueFile(path="damaged.mp4"), tmp_path / "damaged.mp4")
    with pytest.raises(ValueError, match="was not processed"):
        identified(recognizer, [broken], gallery, Request(), CancelToken())
