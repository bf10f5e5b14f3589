"""Tiny real ONNX models whose answers a test can work out in its head.

The detectors see a face wherever a cell of their finest level is red: one box and five points around each such
cell, by the constants below, in the shapes of the real models. The embedder answers the mean colour of 16 tiles.
"""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

STRIDES = (8, 16, 32)
RETINAFACE_SIZES = ((16, 32), (64, 128), (256, 512))
BOX_BIAS = (1.0, 2.0, 0.5, -0.5)
POINT_BIAS = tuple(float(value) for value in range(-5, 5))
EMBEDDER_DIM = 48


def _finished(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], constants: dict[str, Any]) -> bytes:
    def slot(name: str, shape: Any) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "tiny",
        [slot(*item) for item in inputs.items()],
        [slot(*item) for item in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def _head(width: int, level: int, *, logits: int) -> tuple[Any, Any]:
    """Weights and biases of a 1x1 convolution on mean colours 0 to 1, for two anchors or points per cell.

    Only the first of them, on the finest level, scores: 20 x red - 10.
    """
    weights = np.zeros((2 * width, 3, 1, 1), np.float32)
    if width == logits:
        biases = np.zeros((2, width), np.float32)
        biases[:, -1] = -20.0
        if level == 0:
            weights[width - 1, 0], biases[0, -1] = 20.0, -10.0
    else:
        biases = np.tile(np.array(BOX_BIAS if width == 4 else POINT_BIAS, np.float32), (2, 1))
    return weights, biases.reshape(-1)


def _levels(widths: tuple[int, ...], constants: dict[str, Any], *, batched: bool) -> list[Any]:
    """Nodes from `x` to `{width}-{level}`, each (N, cells x 2, width), or without N."""
    nodes = []
    for level, stride in enumerate(STRIDES):
        pool = {"kernel_shape": [stride, stride], "strides": [stride, stride], "ceil_mode": 1}
        nodes.append(helper.make_node("AveragePool", ["x"], [f"mean-{level}"], **pool))
        for width in widths:
            name = f"{width}-{level}"
            constants[f"w{name}"], constants[f"b{name}"] = _head(width, level, logits=min(widths))
            constants[f"s{name}"] = np.array([0, -1, width] if batched else [-1, width], np.int64)
            nodes += [
                helper.make_node("Conv", [f"mean-{level}", f"w{name}", f"b{name}"], [f"c{name}"]),
                helper.make_node("Transpose", [f"c{name}"], [f"t{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t{name}", f"s{name}"], [name]),
            ]
    return nodes


def retinaface(*, batch: int | str = "N", side: int | None = None) -> bytes:
    """Answers boxes, scores and landmarks of all levels, as the RetinaFace of the default pack does."""
    constants: dict[str, Any] = {}
    nodes = _levels((4, 2, 10), constants, batched=True)
    for width, name in ((4, "loc"), (2, "logits"), (10, "landmarks")):
        nodes.append(helper.make_node("Concat", [f"{width}-{level}" for level in range(3)], [name], axis=1))
    nodes.append(helper.make_node("Softmax", ["logits"], ["conf"], axis=2))
    outputs = {"loc": [batch, "n", 4], "conf": [batch, "n", 2], "landmarks": [batch, "n", 10]}
    return _finished(nodes, {"x": [batch, 3, side or "h", side or "w"]}, outputs, constants)


def scrfd(*, batch: int | str = 1, side: int | None = None, batched: bool = False) -> bytes:
    """Answers 3 levels of scores, then of boxes, then of landmarks, as insightface's det_10g does."""
    constants: dict[str, Any] = {}
    nodes = _levels((1, 4, 10), constants, batched=batched)
    nodes += [helper.make_node("Sigmoid", [f"1-{level}"], [f"score-{level}"]) for level in range(3)]
    names = [(f"{kind}-{level}", width) for kind, width in (("score", 1), ("4", 4), ("10", 10)) for level in range(3)]
    outputs = {name: [batch, "n", width] if batched else ["n", width] for name, width in names}
    return _finished(nodes, {"x": [batch, 3, side or "h", side or "w"]}, outputs, constants)


def embedder(*, side: int = 112, batch: int | str = "N", channels_last: bool = False, lying: bool = False) -> bytes:
    """Answers the mean of each channel in 4 x 4 tiles, (N, 48); `lying` has a batch of one inside."""
    tile = side // 4
    shape = [batch, side, side, 3] if channels_last else [batch, 3, side, side]
    nodes = [helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])] if channels_last else []
    source = "first" if channels_last else "x"
    nodes += [
        helper.make_node("AveragePool", [source], ["tiles"], kernel_shape=[tile, tile], strides=[tile, tile]),
        helper.make_node("Reshape", ["tiles", "shape"], ["y"]),
    ]
    constants = {"shape": np.array([1, EMBEDDER_DIM] if lying else [-1, EMBEDDER_DIM], np.int64)}
    return _finished(nodes, {"x": shape}, {"y": [batch, EMBEDDER_DIM]}, constants)


def constant_embedder(value: float, side: int = 112) -> bytes:
    """Answers the same 48 values to every face."""
    nodes = [
        helper.make_node("AveragePool", ["x"], ["mean"], kernel_shape=[side, side]),
        helper.make_node("Mul", ["mean", "zero"], ["zeros"]),
        helper.make_node("Reshape", ["zeros", "flat"], ["three"]),
        helper.make_node("MatMul", ["three", "spread"], ["wide"]),
        helper.make_node("Add", ["wide", "value"], ["y"]),
    ]
    constants = {
        "zero": np.float32(0),
        "flat": np.array([-1, 3], np.int64),
        "spread": np.zeros((3, EMBEDDER_DIM), np.float32),
        "value": np.float32(value),
    }
    return _finished(nodes, {"x": ["N", 3, side, side]}, {"y": ["N", EMBEDDER_DIM]}, constants)


def two_inputs() -> bytes:
    """A model that is not one on pictures."""
    nodes = [helper.make_node("Add", ["a", "b"], ["y"])]
    return _finished(nodes, {"a": [1, 3, 8, 8], "b": [1, 3, 8, 8]}, {"y": [1, 3, 8, 8]}, {})
