"""A face network as its authors exported it to ONNX into one that runs fast and takes any number of faces.

Only convolutions, PReLU, sums and a last reshaping are known, and anything else ends the conversion. The answers
differ from the export's by less than 1e-5 of their length. An export may hold what costs time and says nothing:
weights that are denormals, PReLU in a layout of its own, a fixed batch of one face.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from stash_sense.errors import ConversionFailed
from stash_sense.kernel.arrays import AnyArray, Floats
from stash_sense.models.onnx_graph import OPSET, OnnxGraph

MODEL_BYTES = 64 * 1024 * 1024
"""Largest export that is read; the one in the catalogue has 5 MB."""
_OLDEST_OPSET = 7
"""Since this one Add and PRelu stretch the smaller shape as they do today."""
_SIDES = range(32, 1025)
_LONGEST_STRIDE = 8
_LARGEST = 1e9
"""No weight is so large: the product of two is still a number."""


class OnnxUnknown(Exception):
    """The content is not a network of the known kind."""


def rewritten_onnx(content: bytes, *, title: str, file: str, pack: str) -> bytes:
    """Rewrite the network; equal content gives equal bytes (with one version of onnx).

    Args:
        content: the .onnx file.
        title: name of the graph.
        file: its name, for errors.
        pack: the pack it is for, for errors.

    Returns:
        A model with `input` (N, 3, side, side) float32 and `embedding` (N, dim) float32, not of unit length.

    Raises:
        ConversionFailed: the content is not such a network.
    """
    try:
        return _Writer(_graph(content)).written(title)
    except OnnxUnknown as error:
        raise ConversionFailed(file=file, pack=pack, reason=str(error)) from error


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that was written.

    Attributes:
        name: of the ONNX value.
        shape: channels, height and width.
    """

    name: str
    shape: tuple[int, int, int]


class _Writer:
    """Writes one network anew, operation by operation, under names of its own."""

    def __init__(self, graph: Any) -> None:
        self._nodes = list(graph.node)
        self._constants = _constants(graph)
        self._graph = OnnxGraph()
        inputs = [value for value in graph.input if value.name not in self._constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise OnnxUnknown("it has more than one input or output")
        self._side = _picture_side(inputs[0])
        self._values = {inputs[0].name: _Value("input", (3, self._side, self._side))}
        self._output = graph.output[0].name
        self._readers: dict[str, list[Any]] = defaultdict(list)
        for node in self._nodes:
            for name in node.input:
                self._readers[name].append(node)
        self._bent: set[str] = set()  # outputs of PReLUs that were written with the convolution before

    def written(self, title: str) -> bytes:
        for number, node in enumerate(self._nodes):
            if len(node.output) != 1 or node.output[0] in self._values or node.output[0] in self._constants:
                raise _unlike(node, "it does not have one output of its own")
            self._values[node.output[0]] = self._result(node, f"v{number}")
        output = self._values.get(self._output)
        if output is None or output.name == "input" or output.shape[1:] != (1, 1):
            raise OnnxUnknown("its output is no vector")
        self._graph.node("Flatten", [output.name], "embedding")
        return self._graph.serialised(title, self._side, output.shape[0])

    def _result(self, node: Any, name: str) -> _Value:
        match node.op_type if node.domain in ("", "ai.onnx") else "":
            case "Conv":
                return self._convolution(node, name)
            case "PRelu":
                return self._prelu(node, name)
            case "Add":
                return self._sum(node, name)
            case "Reshape" | "Flatten":
                return self._flat(node)
            case _:
                raise _unlike(node, "no such operation is known")

    def _convolution(self, node: Any, name: str) -> _Value:
        x, weights = self._value(node, 0), self._constant(node, 1, 4)
        biases = self._constant(node, 2, 1) if len(node.input) > 2 else np.zeros(len(weights), np.float32)
        window = _Window.of(node, weights)
        outputs, inputs = weights.shape[:2]
        if inputs * window.group != x.shape[0] or outputs % window.group or len(biases) != outputs:
            raise _unlike(node, "its weights do not fit its input")
        shape = (outputs, *window.sides(node, x.shape[1:]))
        options = window.attributes()
        bend = self._bend_of(node) if window.group == outputs else None
        if bend is not None:
            slopes = self._slopes(bend, outputs)
            self._bent.add(bend.output[0])
            return _Value(self._graph.convolution_prelu(x.name, weights, biases, slopes, name, **options), shape)
        constants = [self._graph.constant(f"{name}.weights", weights), self._graph.constant(f"{name}.biases", biases)]
        return _Value(self._graph.node("Conv", [x.name, *constants], name, **options), shape)

    def _bend_of(self, node: Any) -> Any:
        """Return the PReLU that a convolution's output goes to; None where it goes elsewhere too."""
        readers = self._readers[node.output[0]]
        alone = len(readers) == 1 and readers[0].op_type == "PRelu" and node.output[0] != self._output
        return readers[0] if alone else None

    def _prelu(self, node: Any, name: str) -> _Value:
        x = self._value(node, 0)
        if node.output[0] in self._bent:
            return x
        return _Value(self._graph.prelu(x.name, self._slopes(node, x.shape[0]), name), x.shape)

    def _slopes(self, node: Any, channels: int) -> Floats:
        slopes = self._constant(node, 1, 3)
        if slopes.shape != (channels, 1, 1):
            raise _unlike(node, "it does not have a slope for each channel")
        return slopes

    def _sum(self, node: Any, name: str) -> _Value:
        first, second = self._value(node, 0), self._value(node, 1)
        if first.shape != second.shape:
            raise _unlike(node, "it adds values of two shapes")
        return _Value(self._graph.node("Add", [first.name, second.name], name), first.shape)

    def _flat(self, node: Any) -> _Value:
        """Leave out what makes a list of a picture of one pixel: the last operation written does that."""
        x = self._value(node, 0)
        if x.shape[1:] != (1, 1):
            raise _unlike(node, "it reshapes more than one pixel")
        if node.op_type == "Reshape":
            shape = self._constants.get(node.input[1]) if len(node.input) > 1 else None
            if shape is None or shape.tolist() not in ([1, -1], [0, -1], [-1, x.shape[0]], [1, x.shape[0]]):
                raise _unlike(node, "it makes something else than one vector of a face")
        return x

    def _value(self, node: Any, place: int) -> _Value:
        value = self._values.get(node.input[place]) if place < len(node.input) else None
        if value is None:
            raise _unlike(node, "it reads what is not known yet")
        return value

    def _constant(self, node: Any, place: int, dimensions: int) -> Floats:
        values = self._constants.get(node.input[place]) if place < len(node.input) else None
        if values is None or values.dtype != np.float32 or values.ndim != dimensions or not values.size:
            raise _unlike(node, f"it has no constants of {dimensions} dimensions")
        if not (np.abs(values) < _LARGEST).all():
            raise _unlike(node, "its constants are not a network's")
        return values


@dataclass(frozen=True, slots=True)
class _Window:
    """How a convolution's window moves: (rows, columns), but `pads` before both and then behind both."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    group: int

    @classmethod
    def of(cls, node: Any, weights: Floats) -> "_Window":
        rows, columns = weights.shape[2:]
        given = _integers(node)
        group = given.pop("group", (1,))
        strides, pads = given.pop("strides", (1, 1)), given.pop("pads", (0, 0, 0, 0))
        whole = (
            given.pop("kernel_shape", (rows, columns)) == (rows, columns)
            and given.pop("dilations", (1, 1)) == (1, 1)
            and not given
            and [len(group), len(strides), len(pads)] == [1, 2, 4]
            and min(group) >= 1
            and all(1 <= stride <= _LONGEST_STRIDE for stride in strides)
            and all(0 <= pad < size for pad, size in zip(pads, (rows, columns) * 2, strict=True))
        )
        if not whole:
            raise _unlike(node, "its window is not of a known kind")
        return cls((rows, columns), strides, pads, group[0])

    def attributes(self) -> dict[str, Any]:
        return {
            "kernel_shape": list(self.size),
            "strides": list(self.strides),
            "pads": list(self.pads),
            "group": self.group,
        }

    def sides(self, node: Any, sides: tuple[int, ...]) -> tuple[int, int]:
        """Return the height and width of what comes out."""
        height, width = (
            (side + self.pads[way] + self.pads[way + 2] - self.size[way]) // self.strides[way] + 1
            for way, side in enumerate(sides)
        )
        if min(height, width) < 1:
            raise _unlike(node, "its window is larger than its input")
        return height, width


def _graph(content: bytes) -> Any:
    """Read the file without anything that it might refer to."""
    import onnx  # only an install needs it, and it takes 0.2 s
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if len(content) > MODEL_BYTES:
        raise OnnxUnknown(f"it has {len(content)} bytes, more than {MODEL_BYTES}")
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise OnnxUnknown("it is damaged") from error
    opsets = [(opset.domain, opset.version) for opset in model.opset_import]
    if len(opsets) != 1 or opsets[0][0] not in ("", "ai.onnx") or not _OLDEST_OPSET <= opsets[0][1] <= OPSET:
        raise OnnxUnknown(f"it is of the operator sets {opsets}")
    if model.functions or model.graph.sparse_initializer or not model.graph.node:
        raise OnnxUnknown("it holds more, or less, than a graph of operations")
    return model.graph


def _constants(graph: Any) -> dict[str, AnyArray]:
    from onnx import TensorProto, numpy_helper

    constants = {}
    for tensor in graph.initializer:
        if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
            raise OnnxUnknown(f"constant {tensor.name} is in another file")
        if tensor.data_type not in (TensorProto.FLOAT, TensorProto.INT64) or tensor.name in constants:
            raise OnnxUnknown(f"constant {tensor.name} is of an unknown kind")
        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise OnnxUnknown(f"constant {tensor.name} is damaged") from error
        if values.shape != tuple(tensor.dims):
            raise OnnxUnknown(f"constant {tensor.name} is of another shape than it says")
        constants[tensor.name] = values
    return constants


def _picture_side(value: Any) -> int:
    """Return the side of the square picture of three channels that the network takes."""
    sizes = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    if len(sizes) != 4 or sizes[1] != 3 or sizes[2] != sizes[3] or sizes[2] not in _SIDES:
        raise OnnxUnknown(f"its input is {sizes}, no square picture")
    return int(sizes[2])


def _integers(node: Any) -> dict[str, tuple[int, ...]]:
    """Return a node's attributes, which are integers or lists of them; that there is no other padding is nothing."""
    integers = {}
    for attribute in node.attribute:
        if attribute.type == attribute.INTS:
            integers[attribute.name] = tuple(attribute.ints)
        elif attribute.type == attribute.INT:
            integers[attribute.name] = (attribute.i,)
        elif (attribute.name, attribute.s) != ("auto_pad", b"NOTSET"):
            raise _unlike(node, f"its {attribute.name} is of an unknown kind")
    return integers


def _unlike(node: Any, reason: str) -> OnnxUnknown:
    return OnnxUnknown(f"the {node.op_type or 'operation'} to {', '.join(node.output)}: {reason}")
