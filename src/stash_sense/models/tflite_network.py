"""A face network in TensorFlow Lite (MobileFaceNet) into ONNX.

Only the operations of this network are known, and anything else ends the conversion. Its answers differ from those of
the TensorFlow Lite runtime by less than 3e-5, of values up to 10.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stash_sense.errors import ConversionFailed
from stash_sense.kernel.arrays import Floats
from stash_sense.models.onnx_graph import OnnxGraph
from stash_sense.models.tflite_file import Operation, TfliteNetwork, TfliteUnknown, read_tflite


def tflite_to_onnx(content: bytes, *, title: str, file: str, pack: str) -> bytes:
    """Convert the network; equal content gives equal bytes (with one version of onnx).

    Args:
        content: the .tflite file.
        title: name of the graph.
        file: its name, for errors.
        pack: the pack it is for, for errors.

    Returns:
        A model with `input` (N, 3, side, side) float32 and `embedding` (N, dim) float32, not of unit length.

    Raises:
        ConversionFailed: the content is not such a network.
    """
    try:
        return _Writer(read_tflite(content)).written(title)
    except TfliteUnknown as error:
        raise ConversionFailed(file=file, pack=pack, reason=str(error)) from error


@dataclass(frozen=True, slots=True, eq=False)
class _Value:
    """What is known of a tensor that is computed.

    The format has no PReLU of its own here: relu(x) + c * (x - |x|) takes five operations, and nothing is written
    before the last of them tells what they mean together.

    Attributes:
        name: of the ONNX value; of a part of a PReLU: of the x that it is made of.
        shape: channels, height and width, pixels.
        part: which part of a PReLU it is; "whole" for a value that was written.
        slope: of "scaled", c: (channels,).
    """

    name: str
    shape: tuple[int, int, int]
    part: Literal["whole", "relu", "abs", "minus abs", "scaled"] = "whole"
    slope: Floats | None = None


class _Writer:
    """Writes one network, operation by operation."""

    def __init__(self, network: TfliteNetwork) -> None:
        self._network = network
        self._graph = OnnxGraph()
        if len(network.input_shape) != 4:
            raise TfliteUnknown("its input is no picture")
        _, height, width, channels = network.input_shape
        if channels != 3 or height != width or not 32 <= height <= 1024:
            raise TfliteUnknown(f"its input has {height} x {width} pixels of {channels} channels")
        self._side = height
        self._values = {network.input: _Value("input", (channels, height, width))}

    def written(self, title: str) -> bytes:
        for operation in self._network.operations:
            if operation.output in self._values or operation.output in self._network.weights:
                raise TfliteUnknown(f"tensor {operation.output} is written twice")
            self._values[operation.output] = self._result(operation)
        output = self._whole(self._network.output)
        if output.shape[1:] != (1, 1) or output.name == "input":
            raise TfliteUnknown(f"its output is {output.shape}, no vector")
        self._graph.node("Flatten", [output.name], "embedding")
        return self._graph.serialised(title, self._side, output.shape[0])

    def _result(self, operation: Operation) -> _Value:
        match operation.kind:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                return self._convolution(operation)
            case "RELU" | "ABS" | "RESHAPE":
                return self._changed(operation)
            case "SUB":
                return self._less_its_size(operation)
            case "MUL":
                return self._scaled(operation)
            case _:
                return self._sum(operation)

    def _convolution(self, operation: Operation) -> _Value:
        if len(operation.inputs) != 3:
            raise _unlike(operation)
        x = self._whole(operation.inputs[0])
        weights, biases = (self._network.weights.get(number) for number in operation.inputs[1:])
        if weights is None or weights.ndim != 4 or biases is None or biases.ndim != 1:
            raise _unlike(operation)
        # The format has (outputs, height, width, inputs), and for depthwise (1, height, width, channels).
        depthwise = operation.kind == "DEPTHWISE_CONV_2D"
        weights = weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        groups = x.shape[0] if depthwise else 1
        outputs, inputs, *window = weights.shape
        if inputs * groups != x.shape[0] or len(biases) != outputs or (depthwise and outputs != groups):
            raise _unlike(operation)
        rows, columns = (
            _laid(size, side, stride, operation.same)
            for size, side, stride in zip(x.shape[1:], window, operation.strides, strict=True)
        )
        if min(rows.output, columns.output) < 1:
            raise _unlike(operation)
        name = f"v{operation.output}"
        constants = [self._graph.constant(f"{name}.weights", weights), self._graph.constant(f"{name}.biases", biases)]
        pads = [rows.before, columns.before, rows.behind, columns.behind]
        options = {"kernel_shape": window, "strides": list(operation.strides), "pads": pads, "group": groups}
        written = self._graph.node("Conv", [x.name, *constants], name, **options)
        if operation.relu:
            written = self._graph.relu(written, name)
        return _Value(written, (outputs, rows.output, columns.output))

    def _changed(self, operation: Operation) -> _Value:
        x = self._whole(operation.inputs[0]) if operation.inputs else None
        if x is None:
            raise _unlike(operation)
        if operation.kind != "RESHAPE":
            return _Value(x.name, x.shape, "relu" if operation.kind == "RELU" else "abs")
        if x.shape[1:] != (1, 1):
            raise _unlike(operation)
        return x

    def _less_its_size(self, operation: Operation) -> _Value:
        """Take x - |x|."""
        x, size = self._two(operation)
        if (x.part, size.part, x.name) != ("whole", "abs", size.name):
            raise _unlike(operation)
        return _Value(x.name, x.shape, "minus abs")

    def _scaled(self, operation: Operation) -> _Value:
        """Take c * (x - |x|)."""
        weights = [self._network.weights[number] for number in operation.inputs if number in self._network.weights]
        values = [self._values[number] for number in operation.inputs if number in self._values]
        if operation.relu or len(operation.inputs) != 2 or [len(weights), len(values)] != [1, 1]:
            raise _unlike(operation)
        if values[0].part != "minus abs" or weights[0].size != values[0].shape[0] or weights[0].ndim != 1:
            raise _unlike(operation)
        return _Value(values[0].name, values[0].shape, "scaled", weights[0])

    def _sum(self, operation: Operation) -> _Value:
        first, second = self._two(operation)
        parts = {value.part: value for value in (first, second)}
        name = f"v{operation.output}"
        if parts.keys() == {"relu", "scaled"} and first.name == second.name:
            return self._prelu(parts["scaled"], name)
        first, second = (self._whole(number) for number in operation.inputs)
        if first.shape != second.shape:
            raise _unlike(operation)
        return _Value(self._graph.node("Add", [first.name, second.name], name), first.shape)

    def _prelu(self, scaled: _Value, name: str) -> _Value:
        """Write relu(x) + c * (x - |x|) as what it is: PReLU with the slopes 2c."""
        slopes = 2 * np.asarray(scaled.slope, np.float32)
        return _Value(self._graph.prelu(scaled.name, slopes, name), scaled.shape)

    def _two(self, operation: Operation) -> tuple[_Value, _Value]:
        values = [self._values[number] for number in operation.inputs if number in self._values]
        if operation.relu or len(operation.inputs) != 2 or len(values) != 2:
            raise _unlike(operation)
        return values[0], values[1]

    def _whole(self, number: int) -> _Value:
        """Return a tensor that can be computed with; a relu that is part of no PReLU is written now."""
        value = self._values.get(number)
        if value is None or value.part not in ("whole", "relu"):
            raise TfliteUnknown(f"tensor {number} is used before it is known")
        if value.part == "relu":
            value = _Value(self._graph.relu(value.name, f"v{number}"), value.shape)
            self._values[number] = value
        return value


@dataclass(frozen=True, slots=True)
class _Laid:
    """How a window lies along one side: zeros before and behind, and how many places it takes."""

    before: int
    behind: int
    output: int


def _laid(size: int, window: int, stride: int, same: bool) -> _Laid:
    """Place a window as TensorFlow does: of an odd number of zeros, one more stands behind."""
    if not same:
        return _Laid(0, 0, (size - window) // stride + 1)
    output = -(-size // stride)
    zeros = max((output - 1) * stride + window - size, 0)
    return _Laid(zeros // 2, zeros - zeros // 2, output)


def _unlike(operation: Operation) -> TfliteUnknown:
    return TfliteUnknown(f"the {operation.kind} to tensor {operation.output} is not one of its network")
