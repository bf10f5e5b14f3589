import json
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from tests.unit.models.dlib_file import Network

from stash_sense.errors import ConversionFailed
from stash_sense.models.catalogue import bundled_file
from stash_sense.models.dlib_resnet import dlib_resnet_to_onnx
from stash_sense.models.onnx_graph import OnnxGraph
from stash_sense.models.quantised import quantised

SIDE = 16


@pytest.fixture(scope="module")
def model() -> bytes:
    """Two convolutions, the first with a channel of zeros, a pool and a sum."""
    random = np.random.default_rng(2)
    graph = OnnxGraph()
    weights = random.normal(size=(8, 3, 3, 3)).astype(np.float32)
    weights[3] = 0
    biases = random.normal(size=8).astype(np.float32)
    first = [graph.constant("w1", weights), graph.constant("b1", biases)]
    value = graph.relu(graph.node("Conv", ["input", *first], "first", pads=[1] * 4), "first")
    pooled = graph.node("AveragePool", [value], "pool", kernel_shape=[2, 2], strides=[2, 2])
    second = [graph.constant("w2", random.normal(size=(8, 8, 3, 3)).astype(np.float32)), graph.constant("b2", biases)]
    value = graph.node("Conv", [pooled, *second], "second", pads=[1] * 4)
    total = graph.node("Add", [value, pooled], "sum")
    graph.node("Flatten", [graph.node("GlobalAveragePool", [total], "mean")], "embedding")
    return graph.serialised("small", SIDE, 8)


def pictures(count: int) -> Any:
    return np.random.default_rng(3).normal(size=(count, 3, SIDE, SIDE)).astype(np.float32)


def document(model: bytes, names: tuple[str, ...] = ("input", "first.relu", "second")) -> dict[str, Any]:
    """Measure the ranges of a model's values on random pictures."""
    shown = onnx.load_from_string(model)
    for name in names[1:]:
        shown.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    values = {"input": pictures(20)}
    session = ort.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    values |= dict(zip(names[1:], session.run(list(names[1:]), values), strict=True))
    ranges = {name: [float(value.min()), float(value.max())] for name, value in values.items()}
    return {"schema": 1, "measured_on": "random pictures", "ranges": ranges}


def made(model: bytes, ranges: Any) -> bytes:
    return quantised(model, json.dumps(ranges).encode(), file="small-int8.onnx", pack="lite")


def test_the_8_bit_form_answers_nearly_the_same(model: bytes) -> None:
    form = made(model, document(model))
    floats, rounded = (
        ort.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"input": pictures(10)})[0]
        for content in (model, form)
    )
    cosines = (floats * rounded).sum(axis=1) / np.linalg.norm(floats, axis=1) / np.linalg.norm(rounded, axis=1)
    assert cosines.min() > 0.99
    assert made(model, document(model)) == form
    weights = {tensor.name: tensor.data_type for tensor in onnx.load_from_string(form).graph.initializer}
    assert (weights["w1.8"], weights["b1.8"]) == (onnx.TensorProto.INT8, onnx.TensorProto.INT32)
    assert "w1" not in weights


def test_ranges_of_another_network_are_refused(model: bytes) -> None:
    whole = document(model)
    for change, match in (
        ({"ranges": {"input": [0, 1]}}, "range of pool"),
        ({"ranges": whole["ranges"] | {"absent": [0, 1]}}, "range of absent"),
        ({"schema": 2}, "cannot be read"),
        ({"ranges": {"input": [0]}}, "cannot be read"),
        ({"ranges": whole["ranges"] | {"second": [float("nan"), 1]}}, "cannot be read"),
        ({"ranges": whole["ranges"] | {"second": [2, 1]}}, "cannot be read"),
    ):
        with pytest.raises(ConversionFailed, match=match):
            made(model, whole | change)


def test_the_shipped_ranges_are_those_of_the_dlib_network() -> None:
    converted = dlib_resnet_to_onnx(Network().file(), file="weights.dat", pack="lite")
    form = quantised(converted, bundled_file("dlib128.ranges"), file="dlib128-int8.onnx", pack="lite")
    graph = onnx.load_from_string(form).graph
    rounded = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    for node in graph.node:
        if node.op_type in ("Conv", "Add"):
            assert rounded.issuperset(node.input), node.name
