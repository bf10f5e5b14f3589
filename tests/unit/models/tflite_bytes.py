"""TensorFlow Lite files for tests: a FlatBuffers writer of a few lines, and a small network of all operations."""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CODES = {"ADD": 0, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "MUL": 18, "RELU": 19, "RESHAPE": 22, "SUB": 41, "ABS": 101}
SIDE = 32
Fields = dict[int, Any]


def flatbuffer(root: Fields, identifier: bytes = b"TFL3") -> bytes:
    """Write tables, given as {field: number, bytes, list of int, table or list of tables}; numbers take 4 bytes."""
    out = bytearray(8)
    out[4:8] = identifier
    struct.pack_into("<I", out, 0, _table(out, root))
    return bytes(out)


def _table(out: bytearray, fields: Fields) -> int:
    numbers = sorted(fields)
    _align(out)
    directory = len(out)
    size = 4 + 2 * (numbers[-1] + 1 if numbers else 0)
    out += struct.pack("<HH", size, 4 + 4 * len(numbers)) + bytes(size - 4)
    _align(out)
    start = len(out)
    out += struct.pack("<i", start - directory) + bytes(4 * len(numbers))
    for place, number in enumerate(numbers, 1):
        struct.pack_into("<H", out, directory + 4 + 2 * number, 4 * place)
        value, slot = fields[number], start + 4 * place
        struct.pack_into("<i", out, slot, value if isinstance(value, int) else _value(out, value) - slot)
    return start


def _value(out: bytearray, value: Any) -> int:
    if isinstance(value, dict):
        return _table(out, value)
    _align(out)
    start = len(out)
    out += struct.pack("<I", len(value))
    if isinstance(value, bytes):
        out += value
    elif value and isinstance(value[0], dict):
        out += bytes(4 * len(value))
        for place, table in enumerate(value):
            slot = start + 4 + 4 * place
            struct.pack_into("<I", out, slot, _table(out, table) - slot)
    else:
        out += struct.pack(f"<{len(value)}i", *value)
    return start


def _align(out: bytearray) -> None:
    out += bytes(-len(out) % 4)


@dataclass(eq=False)
class Network:
    """Collects a network and computes it as TensorFlow does; methods return the number of the tensor they made."""

    tensors: list[Fields] = field(default_factory=list)
    buffers: list[Fields] = field(default_factory=lambda: [{}])
    operations: list[Fields] = field(default_factory=list)
    computed: list[Any] = field(default_factory=list)

    def tensor(self, shape: list[int], values: Any = None, kind: int = 0) -> int:
        self.tensors.append({0: shape, 1: kind, 2: 0 if values is None else len(self.buffers)})
        if values is not None:
            self.buffers.append({0: np.ascontiguousarray(values).tobytes()})
        self.computed.append(values)
        return len(self.tensors) - 1

    def operation(self, kind: str, inputs: list[int], answer: Any, options: Fields | None = None) -> int:
        output = self.tensor(list(answer.shape))
        self.computed[output] = answer
        fields: Fields = {0: list(CODES).index(kind), 1: inputs, 2: [output]}
        self.operations.append(fields | ({3: 1, 4: options} if options is not None else {}))
        return output

    def convolution(
        self,
        x: int,
        weights: Any,
        biases: Any,
        *,
        stride: int = 1,
        same: bool = True,
        relu: bool = False,
        depthwise: bool = False,
    ) -> int:
        inputs = [x, self.tensor(list(weights.shape), weights), self.tensor([len(biases)], biases)]
        answer = convolved(self.computed[x], weights, biases, stride, same, depthwise)
        options = {0: 0 if same else 1, 1: stride, 2: stride} | (
            {3: 1, 4: int(relu)} if depthwise else {3: int(relu)}
        )
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        return self.operation(kind, inputs, np.maximum(answer, 0) if relu else answer, options)

    def prelu(self, x: int, half_slopes: Any) -> int:
        values = self.computed[x]
        above = self.operation("RELU", [x], np.maximum(values, 0))
        size = self.operation("ABS", [x], np.abs(values))
        below = self.operation("SUB", [x, size], values - np.abs(values), {0: 0})
        slopes = self.tensor([len(half_slopes)], half_slopes)
        scaled = self.operation("MUL", [slopes, below], half_slopes * self.computed[below], {0: 0})
        return self.operation("ADD", [above, scaled], self.computed[above] + self.computed[scaled], {0: 0})

    def file(self, output: int, **changes: Any) -> bytes:
        graph = {0: self.tensors, 1: [0], 2: [output], 3: self.operations}
        codes = [{0: min(code, 127), 3: code} for code in CODES.values()]
        model: Fields = {0: 3, 1: codes, 2: [graph], 4: self.buffers}
        return flatbuffer(model | {int(name[1:]): value for name, value in changes.items()})


def convolved(x: Any, weights: Any, biases: Any, stride: int, same: bool, depthwise: bool) -> Any:
    """Convolve (1, height, width, channels) place by place."""
    _, side, _, _ = x.shape
    window = weights.shape[1]
    places = -(-side // stride) if same else (side - window) // stride + 1
    zeros = max((places - 1) * stride + window - side, 0) if same else 0
    padded = np.pad(x[0], ((zeros // 2, zeros - zeros // 2), (zeros // 2, zeros - zeros // 2), (0, 0)))
    answer = np.empty((1, places, places, len(biases)), np.float32)
    for row in range(places):
        for column in range(places):
            part = padded[row * stride : row * stride + window, column * stride : column * stride + window]
            if depthwise:
                answer[0, row, column] = (part * weights[0]).sum(axis=(0, 1)) + biases
            else:
                answer[0, row, column] = np.tensordot(weights, part, 3) + biases
    return answer


def small_network(picture: Any) -> tuple[Network, int]:
    """Make a network of every known operation on a (1, 32, 32, 3) picture; also returns its output's number."""
    random = np.random.default_rng(7)

    def numbers(*shape: int) -> Any:
        return random.normal(size=shape).astype(np.float32) / np.float32(np.sqrt(np.prod(shape[1:]) or 1))

    network = Network()
    x = network.tensor([2, SIDE, SIDE, 3])
    network.computed[x] = picture
    x = network.prelu(network.convolution(x, numbers(8, 3, 3, 3), numbers(8), stride=2), numbers(8))
    x = network.prelu(network.convolution(x, numbers(1, 3, 3, 8), numbers(8), depthwise=True), numbers(8))
    shortcut = network.convolution(x, numbers(6, 1, 1, 8), numbers(6))
    y = network.convolution(shortcut, numbers(6, 3, 3, 6), numbers(6), relu=True)
    x = network.operation("ADD", [shortcut, y], network.computed[shortcut] + network.computed[y], {0: 0})
    x = network.operation("RELU", [x], np.maximum(network.computed[x], 0))
    x = network.convolution(x, numbers(1, 5, 5, 6), numbers(6), stride=3, depthwise=True)
    x = network.convolution(x, numbers(1, 6, 6, 6), numbers(6), same=False, depthwise=True)
    x = network.convolution(x, numbers(16, 1, 1, 6), numbers(16), same=False)
    shape = network.tensor([2], np.array([-1, 16], np.int32), kind=2)
    return network, network.operation("RESHAPE", [x, shape], network.computed[x].reshape(1, 16), {})
