from typing import Any

import numpy as np
import pytest
from tests.integration.onnx import graphs
from tests.integration.onnx.cards import embedder_card

from stash_sense.adapters.onnx.embedder import OnnxEmbedder
from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.errors import ModelRejected
from stash_sense.kernel.arrays import Floats, Image
from stash_sense.models.card import InputCard
from stash_sense.recognition.ports import Embedder


def embedder(card: Any = None, model: bytes = b"") -> Embedder:
    return OnnxRuntime(1, "cpu").embedder(card or embedder_card(), model or graphs.embedder())


def vectors_of(model: Embedder, crops: Image) -> Floats:
    return model.embed(crops).vectors


def faces(count: int, side: int = 112) -> Image:
    return np.random.default_rng(7).integers(0, 256, (count, side, side, 3), np.uint8)


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def tiles(crops: Any) -> Any:
    """What the tiny model answers to pixels, (n, 48), channels first."""
    side = crops.shape[1] // 4
    means = crops.astype(np.float64).reshape(len(crops), 4, side, 4, side, 3).mean(axis=(2, 4))
    return means.transpose(0, 3, 1, 2).reshape(len(crops), 48)


def close(found: Floats, expected: Any) -> None:
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 16, 17, 40])
def test_faces_become_unit_vectors_whatever_their_number(count: int) -> None:
    close(embedder().embed(faces(count)).vectors, unit(tiles(faces(count))))


def test_no_faces_give_no_vectors() -> None:
    found = embedder().embed(faces(0))
    assert found.vectors.shape == (0, 48)
    assert found.vectors.dtype == np.float32
    assert found.norms.shape == (0,)
    flipped = embedder(embedder_card(flip_average=True)).embed(faces(0))
    assert flipped.vectors.shape == (0, 48)


def test_pixels_are_normalised_as_the_card_says() -> None:
    card = embedder_card(input=InputCard(channels="bgr", mean=(10, 20, 30), std=2))
    expected = unit(tiles((faces(3)[..., ::-1].astype(np.float64) - [10, 20, 30]) / 2))
    close(embedder(card).embed(faces(3)).vectors, expected)


def test_a_channels_last_model_is_fed_so() -> None:
    card = embedder_card(input=InputCard(channels="rgb", mean=(1, 2, 3), std=1, layout="NHWC"))
    close(
        embedder(card, graphs.embedder(channels_last=True)).embed(faces(3)).vectors,
        unit(tiles(faces(3).astype(np.float64) - [1, 2, 3])),
    )


@pytest.mark.parametrize("count", [1, 8, 9, 20])
def test_flip_averaging_adds_the_unit_vectors_of_the_face_and_its_mirror_image(count: int) -> None:
    crops = faces(count)
    expected = unit(unit(tiles(crops)) + unit(tiles(crops[:, :, ::-1])))
    close(embedder(embedder_card(flip_average=True)).embed(crops).vectors, expected)


def test_a_mirrored_face_has_the_same_vector_when_flips_are_averaged() -> None:
    model = embedder(embedder_card(flip_average=True))
    np.testing.assert_allclose(vectors_of(model, faces(3)), vectors_of(model, faces(3)[:, :, ::-1]), atol=1e-6)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("graph", [{"batch": 1}, {"lying": True}], ids=["fixed batch", "hidden batch"])
def test_a_model_for_one_face_at_a_time_is_run_so(graph: dict[str, Any], flip: bool) -> None:
    card = embedder_card(flip_average=flip)
    found, expected = embedder(card, graphs.embedder(**graph)).embed(faces(5)), embedder(card).embed(faces(5))
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-6)
    np.testing.assert_allclose(found.norms, expected.norms, atol=1e-5)


def test_a_crop_of_another_size_is_scaled_to_the_input() -> None:
    colours = np.zeros((2, 112, 112, 3), np.uint8)
    colours[0], colours[1] = (200, 100, 50), (0, 0, 255)
    found = embedder(embedder_card(input_size=160), graphs.embedder(side=160)).embed(colours)
    close(found.vectors, unit(tiles(colours)))


def test_an_answer_of_zeros_stays_zeros() -> None:
    for flip in (False, True):
        found = embedder(embedder_card(flip_average=flip), graphs.constant_embedder(0.0)).embed(faces(2))
        close(found.vectors, np.zeros((2, 48)))
        assert found.norms.tolist() == [0.0, 0.0]


def test_norms_are_the_lengths_of_the_models_own_answers_whether_flipped_or_not() -> None:
    expected = np.linalg.norm(tiles(faces(20)) / 255.0, axis=1)
    for flip in (False, True):
        found = embedder(embedder_card(flip_average=flip)).embed(faces(20)).norms
        assert found.shape == (20,)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_unclear_faces_are_mirrored() -> None:
    crops = faces(6)
    crops[::2] //= 4  # dark ones, to which this model answers less
    middle = float(np.mean(np.linalg.norm(tiles(crops) / 255.0, axis=1)))
    found = embedder(embedder_card(flip_average=True, flip_below=middle)).embed(crops)
    plain, both = unit(tiles(crops)), unit(unit(tiles(crops)) + unit(tiles(crops[:, :, ::-1])))
    close(found.vectors[1::2], plain[1::2])
    close(found.vectors[::2], both[::2])
    assert not np.allclose(plain[::2], both[::2], atol=1e-4)


@pytest.mark.parametrize(("below", "mirrored"), [(1e-6, False), (1e6, True), (None, True)])
def test_all_or_no_faces_may_be_clear(below: float | None, mirrored: bool) -> None:
    found = embedder(embedder_card(flip_average=True, flip_below=below)).embed(faces(3)).vectors
    plain = unit(tiles(faces(3)))
    close(found, unit(plain + unit(tiles(faces(3)[:, :, ::-1]))) if mirrored else plain)


def test_an_answer_that_is_no_number_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="values that are no numbers"):
        embedder(model=graphs.constant_embedder(np.nan))


def test_a_vector_of_another_length_than_the_card_says_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match=r"it answers \(1, 48\), not \(1, 512\)"):
        embedder(embedder_card(dim=512))


def test_an_input_of_another_size_than_the_card_says_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="its input is 112 x 112 pixels, not 160 x 160"):
        embedder(embedder_card(input_size=160))


def test_it_tells_what_its_card_says() -> None:
    model = embedder()
    assert isinstance(model, OnnxEmbedder)
    assert (model.id, model.dim, model.alignment.size) == ("tiles", 48, 112)
