import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from tests.unit.models.dlib_file import Network, integer

from stash_sense.errors import ConversionFailed
from stash_sense.models.dlib_resnet import dlib_resnet_to_onnx
from stash_sense.models.pattern import wave_pattern
from stash_sense.settings import load_settings

VECTORS = Path(__file__).parents[2] / "data" / "dlib_vectors.json"


@pytest.fixture(scope="module")
def network() -> Network:
    return Network()


@pytest.fixture(scope="module")
def content(network: Network) -> bytes:
    return network.file()


@pytest.fixture(scope="module")
def model(content: bytes) -> bytes:
    return converted(content)


def converted(content: bytes) -> bytes:
    return dlib_resnet_to_onnx(content, file="weights.dat", pack="lite")


def normalised(image: Any) -> Any:
    mean = np.array([122.782, 117.001, 104.298], np.float32)
    return ((image.astype(np.float32) - mean) / 256).transpose(2, 0, 1)


def test_the_converted_network_answers_as_the_plain_computation(network: Network, model: bytes) -> None:
    image = normalised(wave_pattern(150))
    answer = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"input": image[None]})[0][0]
    wanted = network.answer(image)
    assert np.abs(answer - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_a_batch_answers_as_its_pictures_alone(model: bytes) -> None:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    images = np.stack([normalised(wave_pattern(150, variant)) for variant in range(3)])
    together = session.run(None, {"input": images})[0]
    for image, row in zip(images, together, strict=True):
        np.testing.assert_allclose(session.run(None, {"input": image[None]})[0][0], row, atol=1e-5)


def test_equal_content_gives_equal_bytes_without_denormals(content: bytes, model: bytes) -> None:
    assert converted(content) == model
    weights = [onnx.numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(model).graph.initializer]
    small = [np.abs(values[(values != 0) & (np.abs(values) < 1e-30)]) for values in weights if values.dtype == "f4"]
    assert sum(values.size for values in small) == 0


def test_a_file_that_ends_early_is_refused(content: bytes) -> None:
    chosen = random.Random(3)  # noqa: S311
    for length in [0, 1, 5, 20, 400, len(content) - 1, *(chosen.randrange(len(content)) for _ in range(40))]:
        with pytest.raises(ConversionFailed, match=r"weights\.dat could not be converted"):
            converted(content[:length])


def test_what_follows_the_end_is_refused(content: bytes) -> None:
    with pytest.raises(ConversionFailed, match="1 bytes follow"):
        converted(content + b"x")


def test_changed_structure_is_refused_and_never_crashes(content: bytes) -> None:
    chosen = random.Random(4)  # noqa: S311
    for place in [*range(0, 360, 3), *(chosen.randrange(len(content) - 400, len(content)) for _ in range(12))]:
        changed = bytearray(content)
        changed[place] ^= chosen.randrange(1, 256)
        try:
            converted(bytes(changed[: place + 60]) if place < 360 else bytes(changed))
        except ConversionFailed:
            continue
        assert place > len(content) - 400, "only a value that is not used may change"


def test_a_tensor_that_claims_to_be_huge_is_refused_without_being_allocated(content: bytes) -> None:
    at = content.index(b"con_4") + 5
    huge = content[:at] + integer(2) + integer(2**62) * 4 + content[at + 11 :]
    with pytest.raises(ConversionFailed, match="shape"):
        converted(huge)


def test_values_that_are_no_numbers_are_refused(content: bytes) -> None:
    at = content.index(b"con_4") + 40
    with pytest.raises(ConversionFailed, match="no numbers"):
        converted(content[:at] + np.full(8, np.nan, "<f4").tobytes() + content[at + 32 :])


def test_the_installed_network_answers_as_dlib_does() -> None:
    file = load_settings().models_dir / "lite" / "dlib128.onnx"
    if not file.exists():
        pytest.skip(f"the pack lite is not installed: there is no {file}")
    session = ort.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    for pattern in json.loads(VECTORS.read_text())["patterns"]:
        image = wave_pattern(150, pattern["variant"])
        for name, shown in (("vector", image), ("mirrored", image[:, ::-1])):
            answer = session.run(None, {"input": normalised(shown)[None]})[0][0]
            assert np.abs(answer - np.array(pattern[name])).max() <= 1e-5
