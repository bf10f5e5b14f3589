import json
import random
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from tests.unit.models.tflite_bytes import SIDE, Network, flatbuffer, small_network

from stash_sense.errors import ConversionFailed
from stash_sense.models.pattern import wave_pattern
from stash_sense.models.tflite_network import tflite_to_onnx
from stash_sense.settings import load_settings

VECTORS = Path(__file__).parents[2] / "data" / "mobilefacenet_vectors.json"
PICTURE = ((wave_pattern(SIDE).astype(np.float32) - 127.5) / 128)[np.newaxis]


@pytest.fixture(scope="module")
def network() -> tuple[Network, int]:
    return small_network(PICTURE)


@pytest.fixture(scope="module")
def content(network: tuple[Network, int]) -> bytes:
    return network[0].file(network[1])


def converted(content: bytes) -> bytes:
    return tflite_to_onnx(content, title="small", file="weights.tflite", pack="duo")


def run(model: bytes, pictures: Any) -> Any:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": pictures})[0]


def channels_first(pictures: Any) -> Any:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


def test_the_converted_network_answers_as_the_plain_computation(network: tuple[Network, int], content: bytes) -> None:
    wanted = network[0].computed[network[1]]
    assert np.abs(run(converted(content), channels_first(PICTURE)) - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_a_batch_of_any_size_answers_as_its_pictures_alone(content: bytes) -> None:
    model, pictures = converted(content), channels_first(np.concatenate([PICTURE, PICTURE[:, ::-1], PICTURE * 0.5]))
    alone = [run(model, picture[np.newaxis])[0] for picture in pictures]
    np.testing.assert_allclose(run(model, pictures), alone, atol=1e-5)


def test_prelu_is_written_as_convolutions_and_equal_content_gives_equal_bytes(content: bytes) -> None:
    model = converted(content)
    assert converted(content) == model
    kinds = {node.op_type for node in onnx.load_from_string(model).graph.node}
    assert kinds == {"Conv", "Relu", "Add", "Flatten"}


def test_a_file_that_ends_early_is_refused(content: bytes) -> None:
    for length in [*range(0, 64, 4), *range(64, len(content) - 1, 97)]:
        with pytest.raises(ConversionFailed, match=r"weights\.tflite could not be converted"):
            converted(content[:length])


def test_changed_bytes_never_crash_nor_fill_the_memory(content: bytes) -> None:
    chosen = random.Random(5)  # noqa: S311
    tracemalloc.start()
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(chosen.choice((1, 1, 4))):
            place = chosen.randrange(0, len(content) - 4)
            if chosen.random() < 0.5:
                changed[place] = chosen.randrange(256)
            else:
                place -= place % 4
                number = chosen.choice((0, 1, 3, 2**31 - 1, 2**32 - 1, chosen.randrange(2**32), len(content)))
                struct.pack_into("<I", changed, place, number)
        try:
            converted(bytes(changed))
        except ConversionFailed:
            continue
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * len(content) + 20_000_000


def test_a_list_that_claims_to_be_huge_is_refused() -> None:
    content = bytearray(flatbuffer({0: 3, 1: [{0: 3}], 2: [{0: [{}]}], 4: [{}]}))
    place = content.index(struct.pack("<I", 1))
    for count in (2**32 - 1, 2**31, len(content)):
        struct.pack_into("<I", content, place, count)
        with pytest.raises(ConversionFailed):
            converted(bytes(content))


def test_another_identifier_or_version_is_refused(network: tuple[Network, int]) -> None:
    with pytest.raises(ConversionFailed, match="begin"):
        converted(flatbuffer({0: 3}, b"TFL2"))
    with pytest.raises(ConversionFailed, match="version 4"):
        converted(network[0].file(network[1], f0=4))


Change = Callable[[Network], None]
UNKNOWN: dict[str, tuple[Change, str]] = {
    "operator code": (lambda network: network.operations[0].update({0: 99}), "operator code"),
    "dilation": (lambda network: network.operations[0][4].update({4: 2}), "dilation"),
    "activation": (lambda network: network.operations[0][4].update({3: 3}), "activation 3"),
    "no biases": (lambda network: network.operations[0].update({1: [0, 1]}), "CONV_2D"),
    "no such tensor": (lambda network: network.operations[3].update({1: [0, 5000]}), "do not exist"),
    "half a PReLU": (lambda network: network.operations[4].update({1: [0, 0]}), "MUL"),
    "short weights": (lambda network: network.buffers[1].update({0: network.buffers[1][0][:-4]}), "shape"),
    "no numbers": (
        lambda network: network.buffers[1].update({0: b"\xff" * len(network.buffers[1][0])}),
        "no weights",
    ),
    "shared weights": (lambda network: network.tensors[2].update(network.tensors[1]), "shape"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_whatever_the_known_network_does_not_use_is_refused(case: str) -> None:
    change, match = UNKNOWN[case]
    network, output = small_network(PICTURE)
    change(network)
    with pytest.raises(ConversionFailed, match=match):
        converted(network.file(output))


def test_the_installed_network_answers_as_its_own_runtime_does() -> None:
    file = load_settings().models_dir / "duo" / "mfn192.onnx"
    if not file.exists():
        pytest.skip(f"the pack duo is not installed: there is no {file}")
    for pattern in json.loads(VECTORS.read_text())["patterns"]:
        image = (wave_pattern(112, pattern["variant"]).astype(np.float32) - 127.5) / 128
        for name, shown in (("vector", image), ("mirrored", image[:, ::-1])):
            answer = run(file.read_bytes(), channels_first(shown[np.newaxis]))[0]
            assert np.abs(answer - np.array(pattern[name])).max() <= 5e-5
