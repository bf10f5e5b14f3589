"""Photographs to a calibration: scenes are planned, filmed, looked at and fitted on; only the models are patterns."""

from pathlib import Path

import pytest
from tests.integration.calibration.stage import SMALL, Stage, photographs

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.calibration.background import archive
from stash_sense.calibration.calibrate import Calibration, Calibrator, Material
from stash_sense.errors import Cancelled, ScenesTooFew, TooFewPeople
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.recognition.spec import MatchingConstants
from stash_sense.scenes.people import read_people

CONSTANTS = MatchingConstants(0.3, 0.3, 1.0, tagged_boost=0.05, named_from=0.6)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return photographs(tmp_path_factory.mktemp("calibrating") / "faces", known=20, strangers=12)


def calibrate(
    faces: Path,
    scenes: int = 8,
    folder: Path | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressListener = silent,
) -> Calibration:
    stage = Stage()
    calibrator = Calibrator(stage.finder, CONSTANTS, PillowReader(Limits()), stage)
    material = Material(scenes, 1, folder, SMALL)
    return calibrator.calibrate(read_people([faces]), [faces], material, cancel or CancelToken(), progress)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def calibration(faces: Path, scenes: Path) -> Calibration:
    return calibrate(faces, folder=scenes)


def test_people_it_was_not_fitted_on_are_named_rightly(calibration: Calibration) -> None:
    assert calibration.default.files == calibration.held_scenes == 4
    assert calibration.default.counts.known > 4
    assert (calibration.default.precision.value or 0.0) >= 0.9
    assert (calibration.default.recall.value or 0.0) >= 0.8


def test_distances_are_measured_and_what_cannot_be_measured_is_kept(calibration: Calibration) -> None:
    constants = calibration.decision.constants
    assert 0.8 < constants.stranger_distance < 1.2
    assert constants.cluster_distance < constants.track_distance < constants.stranger_distance
    assert constants.max_distance < constants.stranger_distance
    assert (constants.tagged_boost, constants.named_from) == (0.05, 0.6)


def test_it_says_what_it_was_fitted_on_and_no_path(calibration: Calibration, faces: Path) -> None:
    assert (calibration.people, calibration.strangers, calibration.scenes) == (20, 12, 8)
    said = calibration.decision.curve.fitted_on
    assert "8 generated scenes of 20 people and 12 strangers of faces" in said
    assert str(faces.parent) not in said


def test_the_form_of_the_curve_is_the_one_with_the_smaller_loss(calibration: Calibration) -> None:
    assert calibration.log_loss[calibration.form] == min(calibration.log_loss.values())
    assert bool(calibration.decision.curve.corrected_from) == (calibration.form == "isotonic")


def test_the_same_photographs_give_the_same_calibration_and_kept_scenes_are_used_again(
    calibration: Calibration, faces: Path, scenes: Path
) -> None:
    films = {film: film.stat().st_mtime_ns for film in scenes.glob("half-*/*.mp4")}
    assert len(films) == 12
    again = calibrate(faces, folder=scenes)
    assert films == {film: film.stat().st_mtime_ns for film in scenes.glob("half-*/*.mp4")}
    assert archive(again.decision.space) == archive(calibration.decision.space)
    assert again.decision.constants == calibration.decision.constants
    assert again.decision.curve == calibration.decision.curve
    assert again.decision.same_person == calibration.decision.same_person
    assert (again.default, again.strict) == (calibration.default, calibration.strict)


def test_a_folder_without_strangers_is_enough(tmp_path: Path) -> None:
    found = calibrate(photographs(tmp_path / "faces", known=20, strangers=0))
    assert found.strangers == 0
    assert (found.default.recall.value or 0.0) >= 0.8


def test_too_few_people_are_refused_before_anything_is_described(tmp_path: Path) -> None:
    told: list[Progress] = []
    with pytest.raises(TooFewPeople, match="20 in each half"):
        calibrate(photographs(tmp_path / "faces", known=19, strangers=5), progress=told.append)
    assert not told


def test_photographs_that_cannot_be_read_do_not_count(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "faces", known=20, strangers=0)
    for photo in sorted(folder.glob("*/*.png"))[:3]:
        photo.write_bytes(b"no picture")
    with pytest.raises(TooFewPeople):
        calibrate(folder)


def test_scenes_that_show_too_little_ask_for_more(faces: Path) -> None:
    with pytest.raises(ScenesTooFew, match="--scenes"):
        calibrate(faces, scenes=1)


@pytest.mark.parametrize("stage", ["describing photographs", "making scenes", "looking at scenes"])
def test_it_stops_when_asked(faces: Path, stage: str) -> None:
    cancel = CancelToken()

    def listen(report: Progress) -> None:
        if report.stage == stage and report.done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        calibrate(faces, scenes=2, cancel=cancel, progress=listen)
