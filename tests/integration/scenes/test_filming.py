"""The sample portraits filmed, read back as any video is, and looked at with the real detector."""

import av
import numpy as np
import pytest

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.evaluation.truth import TrueFile
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import CARD_NAME, PackCard
from stash_sense.recognition.ports import Detector
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.scenes.cutout import Wardrobe
from stash_sense.scenes.film import film_scene
from stash_sense.scenes.people import Actors, Person
from stash_sense.scenes.planning import plan_scene
from stash_sense.scenes.script import SceneOptions, SceneScript
from stash_sense.settings import load_settings

ACTORS = Actors(
    tuple(Person(file.parent.name, (file,)) for file in sorted(PEOPLE.glob("*/portrait.jpg"))),
    (Person("Stranger", (STRANGER,)),),
)
OPTIONS = SceneOptions(seconds=(6.0, 10.0), shots=(3, 3), sizes={"large": 1.0}, covered=0.0)


@pytest.fixture(scope="module")
def detector() -> Detector:
    folder = load_settings().models_dir / "lite"
    if not (folder / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {folder}; type `stash-sense models install lite`")
    card = PackCard.model_validate_json((folder / CARD_NAME).read_bytes())
    return OnnxRuntime(1, "cpu").detector(card.detector, (folder / card.detector.file).read_bytes())


@pytest.fixture(scope="module")
def script() -> SceneScript:
    return next(
        script
        for script in (plan_scene(seed, ACTORS, OPTIONS) for seed in range(1000))
        if len(script.people) == 2 and script.strangers and script.keyframes == 50
    )


@pytest.fixture(scope="module")
def filmed(
    tmp_path_factory: pytest.TempPathFactory, script: SceneScript, detector: Detector
) -> tuple[TrueFile, list[Image], list[int]]:
    """The truth, every fifth frame, and the numbers of the keyframes."""
    path = tmp_path_factory.mktemp("scenes") / "scene.mp4"
    truth = film_scene(script, path, Wardrobe(detector, PillowReader(Limits())))
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == script.frames
    keyframes = [number for number, frame in enumerate(frames) if frame.key_frame]
    return truth, [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames[::5]], keyframes


def test_everybody_is_found_where_the_truth_says(
    filmed: tuple[TrueFile, list[Image], list[int]], detector: Detector
) -> None:
    truth, frames, _ = filmed
    moments = [moment for seen in truth.appearances for moment in seen.track[::3]]
    found = [_is_found(detector, frames[round(moment[0] * 5)], moment[1:]) for moment in moments]
    assert len(moments) > 10
    assert np.mean(found) >= 0.95


def test_the_truth_names_those_who_play(filmed: tuple[TrueFile, list[Image], list[int]], script: SceneScript) -> None:
    truth, _, _ = filmed
    assert set(truth.persons) == set(script.people)
    assert truth.strangers == len(script.strangers) == 1


def test_keyframes_are_no_further_apart_than_planned(
    filmed: tuple[TrueFile, list[Image], list[int]], script: SceneScript
) -> None:
    _, _, keyframes = filmed
    assert max(np.diff([*keyframes, script.frames])) <= 50


def _is_found(detector: Detector, image: Image, box: tuple[float, ...]) -> bool:
    left, top, width, height = box
    (found,) = detector.detect([image])
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2.0
    away = np.abs(middles - (left + width / 2, top + height / 2))
    return bool((away < (0.3 * width, 0.3 * height)).all(axis=1).any())
