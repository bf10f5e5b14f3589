"""A TensorFlow Lite file to its operations and weights, as far as the face network of the pack `duo` uses the format.

The numbers of fields and codes are those of the format's own schema.fbs (version 3).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.models.flatbuffer import FlatbufferDamaged, Table

_VERSION = 3
_KINDS: Mapping[int, str] = {
    0: "ADD",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    41: "SUB",
    101: "ABS",
}
_WINDOW_OPTIONS: Mapping[str, tuple[int, int, int]] = {"CONV_2D": (3, 4, 5), "DEPTHWISE_CONV_2D": (4, 5, 6)}
"""The fields of the activation and of the two dilations; padding and strides are the fields 0 to 2 of both."""
_FLOAT32 = 0
_LARGEST_WEIGHT = 1e6
"""Far above the network's own, and far below where a product of two is no number any more."""
_MOST_PARTS = 5000
"""Of operations, tensors and buffers each; the network has 230, 369 and 370."""


class TfliteUnknown(Exception):
    """The file is none, or uses more of the format than the one known network; the message says what."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of the network.

    Attributes:
        kind: as the format calls it.
        inputs: numbers of tensors.
        output: number of a tensor.
        strides: down and right, pixels.
        same: of a convolution: padded so that its output has the input's size divided by the stride, rounded up.
        relu: max(x, 0) is applied to the output.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    strides: tuple[int, int] = (1, 1)
    same: bool = False
    relu: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TfliteNetwork:
    """What a file holds.

    Attributes:
        operations: in the order in which they are computed.
        weights: the float32 tensors with content, by number, in their own shapes.
        input, output: numbers of tensors.
        input_shape: (pictures, height, width, channels).
    """

    operations: tuple[Operation, ...]
    weights: Mapping[int, Floats]
    input: int
    output: int
    input_shape: tuple[int, ...]


def read_tflite(content: bytes) -> TfliteNetwork:
    """Read a file.

    Raises:
        TfliteUnknown: it is damaged, or uses what is not known here.
    """
    try:
        return _read_model(Table.root(content, b"TFL3", "a TensorFlow Lite model"))
    except FlatbufferDamaged as error:
        raise TfliteUnknown(str(error)) from error


def _read_model(model: Table) -> TfliteNetwork:
    if model.scalar(0, "I") != _VERSION:
        raise TfliteUnknown(f"it has version {model.scalar(0, 'I')} of the format instead of {_VERSION}")
    graphs = _few(model, 2, "graph")
    if len(graphs) != 1:
        raise TfliteUnknown(f"it has {len(graphs)} graphs instead of one")
    graph = graphs[0]
    tensors = _few(graph, 0, "tensor")
    ends = [graph.integers(field).tolist() for field in (1, 2)]
    if [len(end) for end in ends] != [1, 1] or not all(0 <= end[0] < len(tensors) for end in ends):
        raise TfliteUnknown("it does not have one input and one output")
    codes = [_code(code) for code in _few(model, 1, "operator code")]
    operations = tuple(_operation(part, codes, len(tensors)) for part in _few(graph, 3, "operation"))
    return TfliteNetwork(
        operations=operations,
        weights=_weights(tensors, _few(model, 4, "buffer")),
        input=ends[0][0],
        output=ends[1][0],
        input_shape=tuple(tensors[ends[0][0]].integers(0).tolist()),
    )


def _few(table: Table, field: int, what: str) -> list[Table]:
    parts: list[Table] = []
    for part in table.tables(field, what):
        if len(parts) == _MOST_PARTS:
            raise TfliteUnknown(f"it has more than {_MOST_PARTS} parts of the kind {what}")
        parts.append(part)
    return parts


def _code(table: Table) -> int:
    # Codes above 127 only fit into the newer field; files of before it have 0 there.
    return max(table.scalar(0, "b"), table.scalar(3, "i"))


def _operation(table: Table, codes: list[int], tensors: int) -> Operation:
    index = table.scalar(0, "I")
    if index >= len(codes):
        raise TfliteUnknown(f"{table.what} has no operator code")
    kind = _KINDS.get(codes[index])
    if kind is None:
        raise TfliteUnknown(f"{table.what} has the code {codes[index]}, which its network does not use")
    inputs, outputs = table.integers(1).tolist(), table.integers(2).tolist()
    if len(outputs) != 1 or not all(0 <= number < tensors for number in (*inputs, *outputs)):
        raise TfliteUnknown(f"{table.what} ({kind}) names tensors that do not exist")
    if kind in _WINDOW_OPTIONS:
        return _convolution(table.table(4, f"the options of {table.what}"), kind, tuple(inputs), outputs[0])
    # ADD, SUB and MUL have their activation in the field 0 of their options, which may be left out; RESHAPE's only
    # option, the shape, is not looked at.
    relu = kind in ("ADD", "SUB", "MUL") and bool(table.scalar(3, "B")) and _relu(table.table(4, "its options"), 0)
    return Operation(kind, tuple(inputs), outputs[0], relu=relu)


def _convolution(options: Table, kind: str, inputs: tuple[int, ...], output: int) -> Operation:
    activation, *dilations = _WINDOW_OPTIONS[kind]
    strides = options.scalar(2, "i"), options.scalar(1, "i")
    padding = options.scalar(0, "b")
    if padding not in (0, 1) or not all(1 <= stride <= 8 for stride in strides):
        raise TfliteUnknown(f"{options.what} have the padding {padding} and the strides {strides}")
    if any(options.scalar(field, "i", 1) != 1 for field in dilations):
        raise TfliteUnknown(f"{options.what} have a dilation")
    if kind == "DEPTHWISE_CONV_2D" and options.scalar(3, "i") != 1:
        raise TfliteUnknown(f"{options.what} have more than one output for each channel")
    return Operation(kind, inputs, output, strides, same=padding == 0, relu=_relu(options, activation))


def _relu(options: Table, field: int) -> bool:
    activation = options.scalar(field, "b")
    if activation not in (0, 1):
        raise TfliteUnknown(f"{options.what} have the activation {activation}")
    return activation == 1


def _weights(tensors: list[Table], buffers: list[Table]) -> dict[int, Floats]:
    """Read the tensors that have content; each takes its own part of the file, or a small file could fill memory."""
    found: dict[int, Floats] = {}
    used: set[int] = set()
    for number, tensor in enumerate(tensors):
        index = tensor.scalar(2, "I")
        if index >= len(buffers):
            raise TfliteUnknown(f"{tensor.what} has no buffer")
        content = buffers[index].data(0)
        if not content or tensor.scalar(1, "b") != _FLOAT32:
            continue
        shape = tensor.integers(0).tolist()
        if index in used or min(shape, default=0) < 1 or len(shape) > 4 or 4 * math.prod(shape) != len(content):
            raise TfliteUnknown(f"{tensor.what} has the shape {shape[:5]} and {len(content)} bytes")
        used.add(index)
        values = np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)
        if not (np.abs(values) < _LARGEST_WEIGHT).all():
            raise TfliteUnknown(f"{tensor.what} holds values that are no weights")
        found[number] = values
    return found
