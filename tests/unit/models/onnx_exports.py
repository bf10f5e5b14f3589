"""A small face network as its authors might have exported it, and the plain computation of its answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stash_sense.kernel.arrays import Floats

SIDE = 32
DIM = 24
OPSET = 9

Change = Callable[[Any], None]
"""Something done to the model before it is written."""


def export(change: Change | None = None, *, side: int = SIDE, dim: int = DIM) -> bytes:
    """Return a stem, a bottleneck with its sum and the last layers, all PReLU, for a batch of one face.

    Many weights are denormals, two slopes are above 1 and some are negative.
    """
    constants = _constants(side, dim)
    prelu = [helper.make_node("PRelu", [f"c{number}", f"a{number}"], [f"p{number}"]) for number in range(4)]
    nodes = [
        _convolution("input", 0, kernel=3, strides=[2, 2], pads=[1, 1, 1, 1]),
        prelu[0],
        _convolution("p0", 1, kernel=3, group=8, pads=[1, 1, 1, 1]),
        prelu[1],
        _convolution("p1", 2, kernel=1),
        prelu[2],
        helper.make_node("Add", ["p0", "p2"], ["sum"]),
        _convolution("sum", 3, kernel=side // 2, group=8),
        prelu[3],
        _convolution("p3", 4, kernel=1),
        helper.make_node("Reshape", ["c4", "shape"], ["answer"], doc_string="where it was exported"),
    ]
    graph = helper.make_graph(
        nodes,
        "exported",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, dim])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=6)
    if change is not None:
        change(model)
    return bytes(model.SerializeToString(deterministic=True))


def constant(model: Any, name: str) -> Any:
    """Return a constant of a model, to change it."""
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def constants(content: bytes) -> dict[str, Floats]:
    """Return all constants of a written model."""
    tensors = onnx.load_from_string(content).graph.initializer
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}


def _constants(side: int, dim: int) -> dict[str, Any]:
    random = np.random.default_rng(5)
    shapes = [(8, 3, 3, 3), (8, 1, 3, 3), (8, 8, 1, 1), (8, 1, side // 2, side // 2), (dim, 8, 1, 1)]
    made: dict[str, Any] = {"shape": np.array([1, -1], np.int64)}
    for number, shape in enumerate(shapes):
        weights = random.normal(size=shape, scale=(1 / np.prod(shape[1:])) ** 0.5).astype(np.float32)
        weights[random.random(shape) < 0.1] = 1e-39
        made |= {f"w{number}": weights, f"b{number}": random.normal(size=shape[0]).astype(np.float32)}
        if number < 4:
            made[f"a{number}"] = random.uniform(-0.8, 0.9, (8, 1, 1)).astype(np.float32)
    for number in (0, 3):
        made[f"a{number}"][2] = 1.25
    return made


def _convolution(
    value: str,
    number: int,
    *,
    kernel: int,
    strides: tuple[int, ...] | list[int] = (1, 1),
    pads: tuple[int, ...] | list[int] = (0, 0, 0, 0),
    group: int = 1,
) -> Any:
    attributes = {"kernel_shape": [kernel] * 2, "strides": strides, "pads": pads, "group": group, "dilations": [1, 1]}
    return helper.make_node("Conv", [value, f"w{number}", f"b{number}"], [f"c{number}"], **attributes)
