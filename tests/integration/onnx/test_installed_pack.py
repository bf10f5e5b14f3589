"""The real models, where the pack `lite` is installed, on the sample portraits."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.kernel.arrays import Image
from stash_sense.models.card import CARD_NAME, PackCard
from stash_sense.recognition.alignment import align
from stash_sense.recognition.ports import Detector, Embedder
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.settings import load_settings

PORTRAITS = [*sorted(PEOPLE.glob("*/portrait.jpg")), STRANGER]


def portrait(file: Path) -> Image:
    with Pictures.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="module")
def models() -> tuple[Detector, Embedder]:
    folder = load_settings().models_dir / "lite"
    if not (folder / CARD_NAME).exists():
        pytest.skip(f"the pack lite is not installed in {folder}; type `stash-sense models install lite`")
    card = PackCard.model_validate_json((folder / CARD_NAME).read_bytes())
    runtime = OnnxRuntime(1, "cpu")
    described = card.embedders[0]
    return (
        runtime.detector(card.detector, (folder / card.detector.file).read_bytes()),
        runtime.embedder(described, (folder / described.file).read_bytes()),
    )


@pytest.mark.parametrize("file", PORTRAITS, ids=lambda file: file.parent.name)
def test_a_portrait_has_one_face_with_its_features_in_place(models: tuple[Detector, Embedder], file: Path) -> None:
    (found,) = models[0].detect([portrait(file)])
    assert len(found) == 1
    assert found.scores[0] > 0.9
    right_eye, left_eye, nose, right_mouth, left_mouth = found.landmarks[0]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])
    assert right_mouth[0] < left_mouth[0]
    left, top, right, bottom = found.boxes[0]
    assert np.all((found.landmarks[0] > (left, top)) & (found.landmarks[0] < (right, bottom)))


def test_a_picture_too_large_for_the_detector_has_its_faces_in_its_own_pixels(
    models: tuple[Detector, Embedder],
) -> None:
    image = np.zeros((960, 960, 3), np.uint8)
    person = portrait(STRANGER)
    image[: person.shape[0], : person.shape[1]] = person
    doubled = image.repeat(2, axis=0).repeat(2, axis=1)
    face, same = models[0].detect([image, doubled])
    np.testing.assert_allclose(same.landmarks, face.landmarks * 2, atol=0.01)
    np.testing.assert_allclose(same.boxes, face.boxes * 2, atol=0.01)


def test_a_dark_picture_of_a_person_is_nearer_to_them_than_to_anybody_else(
    models: tuple[Detector, Embedder],
) -> None:
    detector, embedder = models

    def described(images: list[Image]) -> Image:
        faces = detector.detect(images)
        pairs = zip(images, faces, strict=True)
        return np.stack([align(image, face.landmarks[0], embedder.alignment) for image, face in pairs])

    images = [portrait(file) for file in PORTRAITS]
    people = embedder.embed(described(images)).vectors
    darker = embedder.embed(described([(image * 0.6).astype(np.uint8) for image in images])).vectors
    np.testing.assert_allclose(np.linalg.norm(people, axis=1), 1.0, atol=1e-5)
    assert (darker @ people.T).argmax(axis=1).tolist() == list(range(len(PORTRAITS)))
