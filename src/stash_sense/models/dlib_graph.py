"""The folded dlib network as an ONNX graph: convolutions, shortcuts and the last projection become nodes."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.models.onnx_graph import OnnxGraph

_TITLE = "dlib_face_recognition_resnet_v1"
_STEM_POOL = (3, 2)
_SHORTCUT_POOL = (2, 2)
"""Window and stride."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldedConvolution:
    """A convolution with its affine layer folded in.

    Attributes:
        weights: (outputs, inputs, side, side) float32.
        biases: (outputs,) float32.
        stride, padding: pixels, the same in both directions.
    """

    weights: Floats
    biases: Floats
    stride: int
    padding: int

    def output_side(self, side: int) -> int:
        """Return the side of its output for an input of the given side."""
        return (side + 2 * self.padding - int(self.weights.shape[2])) // self.stride + 1


@dataclass(frozen=True, slots=True, eq=False)
class FoldedNetwork:
    """The network's numbers from the input to the output.

    Attributes:
        stem: the first convolution.
        residuals: the two convolutions of every residual block; the block halves when its first one does.
        projection: (channels, dim) float32, from the pooled channels to the vector.
    """

    stem: FoldedConvolution
    residuals: tuple[tuple[FoldedConvolution, FoldedConvolution], ...]
    projection: Floats


def write_onnx(network: FoldedNetwork, input_side: int) -> bytes:
    """Write the network as a checked ONNX model: `input` (N, 3, side, side) -> `embedding` (N, dim)."""
    graph = _Graph()
    value = graph.relu(graph.convolution("input", "stem", network.stem), "stem")
    value = graph.node("MaxPool", [value], "pool", kernel_shape=[_STEM_POOL[0]] * 2, strides=[_STEM_POOL[1]] * 2)
    side = (network.stem.output_side(input_side) - _STEM_POOL[0]) // _STEM_POOL[1] + 1
    for index, (first, second) in enumerate(network.residuals):
        value, side = graph.residual(value, side, f"block{index}", first, second)
    value = graph.node("Flatten", [graph.node("GlobalAveragePool", [value], "mean")], "flat")
    graph.node("MatMul", [value, graph.constant("projection", network.projection)], "embedding")
    return graph.serialised(_TITLE, input_side, network.projection.shape[1])


class _Graph(OnnxGraph):
    """Adds the parts of this network."""

    def convolution(self, value: str, name: str, layer: FoldedConvolution) -> str:
        inputs = [
            value,
            self.constant(f"{name}.weights", layer.weights),
            self.constant(f"{name}.biases", layer.biases),
        ]
        return self.node("Conv", inputs, name, strides=[layer.stride] * 2, pads=[layer.padding] * 4)

    def residual(
        self, value: str, side: int, name: str, first: FoldedConvolution, second: FoldedConvolution
    ) -> tuple[str, int]:
        """Add a block; where it and its shortcut differ in size dlib fills up with zeros: behind, below, right."""
        block_side = first.output_side(side)
        block = self.relu(self.convolution(value, f"{name}.first", first), f"{name}.first")
        block = self.convolution(block, f"{name}.second", second)
        shortcut = value
        if first.stride != 1:
            window, stride = _SHORTCUT_POOL
            shortcut = self.node(
                "AveragePool", [value], f"{name}.pool", kernel_shape=[window] * 2, strides=[stride] * 2
            )
            pooled_side = (side - window) // stride + 1
            shortcut = self._padded(shortcut, f"{name}.wider", second.weights.shape[0] - first.weights.shape[1], 0)
            block = self._padded(block, f"{name}.larger", 0, pooled_side - block_side)
            block_side = pooled_side
        return self.relu(self.node("Add", [block, shortcut], f"{name}.sum"), name), block_side

    def _padded(self, value: str, name: str, channels: int, pixels: int) -> str:
        if channels <= 0 and pixels <= 0:
            return value
        amounts = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self.node("Pad", [value, self.constant(f"{name}.amounts", amounts)], name)
