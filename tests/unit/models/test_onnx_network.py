import json
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.unit.models import onnx_exports
from tests.unit.models.onnx_exports import DIM, SIDE, constant, constants, export

from stash_sense.errors import ConversionFailed
from stash_sense.kernel.arrays import Floats
from stash_sense.models import onnx_network
from stash_sense.models.onnx_network import rewritten_onnx
from stash_sense.models.pattern import wave_pattern
from stash_sense.settings import load_settings

VECTORS = Path(__file__).parents[2] / "data" / "fr_feature_vectors.json"
FACES = np.stack(
    [((wave_pattern(SIDE, variant).astype(np.float32) - 127.5) / 128).transpose(2, 0, 1) for variant in range(3)]
).astype(np.float32)


def rewritten(content: bytes) -> bytes:
    return rewritten_onnx(content, title="small", file="small.onnx", pack="trio")


def run(model: bytes, faces: Floats) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": faces})[0]


def one_by_one(model: bytes) -> Any:
    return np.concatenate([run(model, face[np.newaxis]) for face in FACES])


@pytest.fixture(scope="module")
def model() -> bytes:
    return rewritten(export())


def test_the_network_answers_as_it_was_exported(model: bytes) -> None:
    wanted = one_by_one(export())
    assert wanted.shape == (3, DIM)
    assert np.abs(one_by_one(model) - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_a_batch_of_any_size_answers_as_its_faces_alone(model: bytes) -> None:
    np.testing.assert_allclose(run(model, FACES), one_by_one(model), atol=1e-6)
    with pytest.raises(ort.capi.onnxruntime_pybind11_state.InvalidArgument):
        run(export(), FACES)


def test_what_only_costs_time_and_space_is_gone_and_equal_content_gives_equal_bytes(model: bytes) -> None:
    kinds = {node.op_type for node in onnx.load_from_string(model).graph.node}
    assert kinds == {"Conv", "Relu", "Add", "Flatten"}
    assert any(((values != 0) & (np.abs(values) < 1e-30)).any() for values in constants(export()).values())
    assert not any(((values != 0) & (np.abs(values) < 1e-30)).any() for values in constants(model).values())
    assert b"where it was exported" not in model
    assert rewritten(export()) == model


def test_prelu_after_a_depthwise_convolution_becomes_part_of_it(model: bytes) -> None:
    graph = onnx.load_from_string(model).graph
    windows = [values.shape for name, values in constants(model).items() if name.endswith(".weights")]
    assert windows.count((8, 1, 3, 3)) == 2
    assert windows.count((8, 1, 16, 16)) == 2
    assert (
        sum(node.op_type == "Conv" for node in graph.node) == 1 + 2 + 2 + 1 + 2 + 2 + 1 + 2
    )  # 2 signs of slopes > 1


@pytest.mark.parametrize(
    ("name", "shape"), [("flatten", None), ("named", [1, DIM]), ("free", [-1, DIM]), ("kept", [0, -1])]
)
def test_every_way_to_end_in_one_vector_a_face_is_understood(
    name: str, shape: list[int] | None, model: bytes
) -> None:
    def change(exported: Any) -> None:
        if shape is None:
            exported.graph.node[-1].CopyFrom(helper.make_node("Flatten", ["c4"], ["answer"]))
        else:
            constant(exported, "shape").CopyFrom(numpy_helper.from_array(np.array(shape, np.int64), "shape"))

    assert run(rewritten(export(change)), FACES).tolist() == run(model, FACES).tolist(), name


def test_a_network_that_already_takes_any_number_of_faces_is_read(model: bytes) -> None:
    def change(exported: Any) -> None:
        exported.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"

    assert rewritten(export(change)) == model


def _opset(version: int) -> onnx_exports.Change:
    def change(model: Any) -> None:
        model.opset_import[0].version = version

    return change


def _operator(model: Any) -> None:
    model.graph.node[1].op_type = "LeakyRelu"


def _foreign_domain(model: Any) -> None:
    model.graph.node[1].domain = "com.example"


def _two_operator_sets(model: Any) -> None:
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def _function(model: Any) -> None:
    body = [helper.make_node("Relu", ["x"], ["y"])]
    model.functions.append(helper.make_function("com.example", "f", ["x"], ["y"], body, model.opset_import))


def _in_another_file(model: Any) -> None:
    tensor = constant(model, "w0")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=__file__)


def _half_in_another_file(model: Any) -> None:
    constant(model, "w0").external_data.add(key="location", value=__file__)


def _huge(model: Any) -> None:
    constant(model, "w0").dims[:] = [1 << 40, 3, 3, 3]


def _negative(model: Any) -> None:
    constant(model, "w0").dims[:] = [-8, 3, 3, 3]


def _not_a_number(model: Any) -> None:
    constant(model, "b1").raw_data = struct.pack("<f", float("nan")) * 8


def _doubles(model: Any) -> None:
    constant(model, "b1").CopyFrom(numpy_helper.from_array(np.zeros(8), "b1"))


def _twice_named(model: Any) -> None:
    constant(model, "b1").name = "b2"


def _shared_slope(model: Any) -> None:
    constant(model, "a1").CopyFrom(numpy_helper.from_array(np.full((1, 1, 1), 0.2, np.float32), "a1"))


def _dilated(model: Any) -> None:
    next(a for a in model.graph.node[2].attribute if a.name == "dilations").ints[:] = [2, 2]


def _padded_far(model: Any) -> None:
    next(a for a in model.graph.node[2].attribute if a.name == "pads").ints[:] = [1 << 30] * 4


def _no_stride(model: Any) -> None:
    next(a for a in model.graph.node[0].attribute if a.name == "strides").ints[:] = [0, 0]


def _strides_of_text(model: Any) -> None:
    strides = next(a for a in model.graph.node[0].attribute if a.name == "strides")
    strides.CopyFrom(helper.make_attribute("strides", ["1", "1"]))


def _group_of_text(model: Any) -> None:
    group = next(a for a in model.graph.node[2].attribute if a.name == "group")
    group.CopyFrom(helper.make_attribute("group", "8"))


def _wrong_group(model: Any) -> None:
    next(a for a in model.graph.node[2].attribute if a.name == "group").i = 4


def _window_too_large(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 33
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 34


def _wide_input(model: Any) -> None:
    for place in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 1 << 40


def _two_inputs(model: Any) -> None:
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, [1, 3, SIDE, SIDE]))


def _not_the_last(model: Any) -> None:
    model.graph.output[0].name = "sum"


def _its_input(model: Any) -> None:
    model.graph.output[0].name = "input"


def _upside_down(model: Any) -> None:
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes[::-1])


def _written_twice(model: Any) -> None:
    model.graph.node.append(model.graph.node[0])


def _no_inputs(model: Any) -> None:
    del model.graph.node[6].input[:]


def _other_shape(model: Any) -> None:
    constant(model, "shape").CopyFrom(numpy_helper.from_array(np.array([2, -1], np.int64), "shape"))


def _nothing(model: Any) -> None:
    del model.graph.node[:]


@pytest.mark.parametrize(
    "change",
    [
        _opset(6),
        _opset(18),
        _opset(1 << 40),
        _operator,
        _foreign_domain,
        _two_operator_sets,
        _function,
        _in_another_file,
        _half_in_another_file,
        _huge,
        _negative,
        _not_a_number,
        _doubles,
        _twice_named,
        _shared_slope,
        _dilated,
        _padded_far,
        _no_stride,
        _strides_of_text,
        _group_of_text,
        _wrong_group,
        _window_too_large,
        _wide_input,
        _two_inputs,
        _not_the_last,
        _its_input,
        _upside_down,
        _written_twice,
        _no_inputs,
        _other_shape,
        _nothing,
    ],
)
def test_a_network_of_another_kind_is_refused(change: onnx_exports.Change) -> None:
    with pytest.raises(ConversionFailed, match=r"small\.onnx could not be converted for the pack trio"):
        rewritten(export(change))


@pytest.mark.parametrize("content", [b"", b"\x00", b"no model", b"\x08\x09", b"\x3a\xff\xff\xff\xff\x0f"])
def test_what_is_no_network_is_refused(content: bytes) -> None:
    with pytest.raises(ConversionFailed):
        rewritten(content)


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ConversionFailed, match="more than"):
        rewritten(bytes(onnx_network.MODEL_BYTES + 1))


def test_damaged_files_give_a_model_or_are_refused() -> None:
    whole, chance = export(), random.Random(3)  # noqa: S311 - not for secrets
    for _ in range(300):
        content = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 4)):
            if content:
                content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            model = rewritten(bytes(content))
        except ConversionFailed:
            continue
        onnx.checker.check_model(onnx.load_from_string(model))


def test_the_installed_network_answers_as_the_one_that_ships() -> None:
    file = load_settings().models_dir / "trio" / "fr512.onnx"
    if not file.exists():
        pytest.skip(f"the pack trio is not installed: there is no {file}")
    for pattern in json.loads(VECTORS.read_text())["patterns"]:
        image = ((wave_pattern(112, pattern["variant"]).astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)
        for name, shown in (("vector", image), ("mirrored", image[..., ::-1])):
            answer = run(file.read_bytes(), np.ascontiguousarray(shown[np.newaxis]))[0]
            assert np.abs(answer - np.array(pattern[name])).max() <= 5e-6
