"""Nodes and constants, collected one after the other, to a checked ONNX model."""

from typing import Any

import numpy as np

from stash_sense.kernel.arrays import AnyArray, Floats

OPSET = 17
IR_VERSION = 9
"""What every onnxruntime since 1.14 reads."""
_DENORMAL = 1e-30
"""Smaller weights are set to 0: they and their products are denormals, with which processors are 4 times slower."""


class OnnxGraph:
    """Collects nodes and constants; `constant` and `node` return the name of the value they made."""

    def __init__(self) -> None:
        import onnx  # only an install needs it, and it takes 0.2 s

        self._onnx: Any = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, name: str, values: AnyArray) -> str:
        """Add a constant; numbers so small that they only cost time become 0."""
        if values.dtype == np.float32:
            values = np.where(np.abs(values) < _DENORMAL, np.float32(0), values)
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        """Add an operation of one output, which has the operation's name."""
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def relu(self, value: str, name: str) -> str:
        """Add max(value, 0)."""
        return self.node("Relu", [value], f"{name}.relu")

    def prelu(self, value: str, slopes: Floats, name: str) -> str:
        """Add PReLU with the slopes a, one a channel: x where it is above 0, else a * x."""
        ones = np.ones((slopes.size, 1, 1, 1), np.float32)
        return self.convolution_prelu(value, ones, None, slopes, name, kernel_shape=[1, 1], group=slopes.size)

    def convolution_prelu(
        self, value: str, weights: Floats, biases: Floats | None, slopes: Floats, name: str, **options: object
    ) -> str:
        """Add PReLU of a convolution c as relu((1 - a) * c) + a * c, with the slopes in two convolutions' weights.

        onnxruntime's own PRelu leaves the layout in which its convolutions work, while it does a relu and a sum
        together with the convolution before: a network of 33 PReLUs takes 7.9 ms a face instead of 15.5 (one
        core), and 10.8 with a relu and two products of each value. The answers are the same to 1e-6.
        """
        terms = []
        factors = slopes.reshape(-1).astype(np.float32)
        for term, shares in (("above", np.abs(1 - factors)), ("all", factors)):
            inputs = [value, self.constant(f"{name}.{term}.weights", weights * shares.reshape(-1, 1, 1, 1))]
            if biases is not None:
                inputs.append(self.constant(f"{name}.{term}.biases", biases * shares))
            terms.append(self.node("Conv", inputs, f"{name}.{term}", **options))
        terms[0] = self.relu(terms[0], terms[0])
        if (factors > 1).any():  # what is above 0 is then too large, and relu cannot make it smaller
            signs = self.constant(f"{name}.signs", np.sign(1 - factors).reshape(-1, 1, 1, 1))
            terms[0] = self.node("Conv", [terms[0], signs], f"{name}.signed", kernel_shape=[1, 1], group=len(factors))
        return self.node("Add", terms, name)

    def serialised(self, title: str, input_side: int, dim: int) -> bytes:
        """Write the model, from `input` (N, 3, side, side) to `embedding` (N, dim), both float32.

        Equal calls give equal bytes with one version of onnx.
        """
        helper, float32 = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            title,
            [helper.make_tensor_value_info("input", float32, ["N", 3, input_side, input_side])],
            [helper.make_tensor_value_info("embedding", float32, ["N", dim])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="stash-sense",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        self._onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
