"""A float network and the ranges of its values to its 8-bit form, which takes less than half the time (see `forms`).

Weights become int8, with a scale for each output channel; values between layers become uint8, with the scale that the
range gives them. The ranges were measured once on faces and ship beside the catalogue, so that an install needs no
pictures and equal networks become equal bytes. The form is written as QuantizeLinear and DequantizeLinear around the
float operations; onnxruntime joins them to integer kernels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from stash_sense.errors import ConversionFailed
from stash_sense.kernel.arrays import AnyArray, Floats

_KEPT_SCALES = ("MaxPool", "AveragePool", "Pad")
"""Operations whose output has no values that their input has not, so that it keeps the input's scale."""


def _ascending(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError("the least is above the largest")
    return span


class ActivationRanges(BaseModel):
    """The least and the largest that the values of a network's layers take.

    Attributes:
        measured_on: what they were measured on.
        ranges: by the name of the value in the converted network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(alias="schema")
    measured_on: str
    ranges: dict[str, Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(_ascending)]]


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a value is written in 8 bits: scale * (number - zero), number 0 to 255."""

    scale: np.float32
    zero: np.uint8

    @classmethod
    def of(cls, low: float, high: float) -> "_Scale":
        low, high = min(low, 0.0), max(high, 0.0)  # 0 must have a number of its own: it is what padding adds
        scale = max((high - low) / 255, 1e-12)
        return cls(np.float32(scale), np.uint8(round(-low / scale)))


def quantised(model: bytes, ranges: bytes, *, file: str, pack: str) -> bytes:
    """Write the 8-bit form of a converted network; equal input gives equal bytes (with one version of onnx).

    Args:
        model: a float ONNX model as `onnx_graph` writes it.
        ranges: an `ActivationRanges` document that names at least the inputs of every convolution.
        file: the name of the file made, for errors.
        pack: the pack it is for, for errors.

    Returns:
        An ONNX model with the same input and output, both float32.

    Raises:
        ConversionFailed: the ranges are not those of this network.
    """
    try:
        known = ActivationRanges.model_validate_json(ranges)
    except ValidationError as error:
        raise ConversionFailed(file=file, pack=pack, reason="its ranges cannot be read") from error
    writer = _Writer(model, {name: _Scale.of(*span) for name, span in known.ranges.items()})
    missing = writer.missing()
    if missing:
        raise ConversionFailed(file=file, pack=pack, reason=f"the range of {missing} is not known")
    return writer.written()


class _Writer:
    """Rewrites one model, node by node."""

    def __init__(self, model: bytes, scales: Mapping[str, _Scale]) -> None:
        import onnx  # only an install needs it, and it takes 0.2 s

        self._onnx: Any = onnx
        self._model: Any = onnx.load_from_string(model)
        self._constants = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in self._model.graph.initializer
        }
        self._scales = dict(scales)
        for node in self._model.graph.node:
            if node.op_type in _KEPT_SCALES and node.input[0] in self._scales:
                self._scales[node.output[0]] = self._scales[node.input[0]]
        self._nodes: list[Any] = []
        self._written: dict[str, AnyArray] = {}
        self._names: dict[str, str] = {}

    def missing(self) -> str:
        """Return the first convolution's input that has no range, or the first range that no value has."""
        nodes = self._model.graph.node
        inputs = [node.input[0] for node in nodes if node.op_type == "Conv"]
        values = {"input", *(node.output[0] for node in nodes)}
        wrong = [name for name in inputs if name not in self._scales]
        return next(iter([*wrong, *(name for name in self._scales if name not in values)]), "")

    def written(self) -> bytes:
        self._rounded("input")
        for node in self._model.graph.node:
            if node.op_type == "Conv":
                self._convolution(node)
            else:
                self._copied(node, [self._value(name) for name in node.input])
            self._rounded(node.output[0])
        graph = self._model.graph
        del graph.node[:], graph.initializer[:]
        graph.node.extend(self._nodes)
        graph.initializer.extend(
            self._onnx.numpy_helper.from_array(values, name) for name, values in self._written.items()
        )
        self._onnx.checker.check_model(self._model, full_check=True)
        return bytes(self._model.SerializeToString(deterministic=True))

    def _value(self, name: str) -> str:
        """Return under which name an operation reads a value or constant of the float model."""
        if name in self._constants:
            return self._constant(name, self._constants[name])
        return self._names.get(name, name)

    def _constant(self, name: str, values: AnyArray) -> str:
        self._written[name] = np.asarray(values, order="C")  # ascontiguousarray would make a list of a number
        return name

    def _copied(self, node: Any, inputs: list[str]) -> None:
        copy = self._onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = inputs
        self._nodes.append(copy)

    def _rounded(self, name: str) -> None:
        """Round a value to 8 bits where its range is known; what follows reads the rounded one."""
        scale = self._scales.get(name)
        if scale is None:
            return
        with_scale = [
            self._constant(f"{name}.scale", np.array(scale.scale)),
            self._constant(f"{name}.zero", np.array(scale.zero)),
        ]
        make = self._onnx.helper.make_node
        self._nodes.append(make("QuantizeLinear", [name, *with_scale], [f"{name}.8"], name=f"{name}.8"))
        self._nodes.append(
            make("DequantizeLinear", [f"{name}.8", *with_scale], [f"{name}.rounded"], name=f"{name}.rounded")
        )
        self._names[name] = f"{name}.rounded"

    def _convolution(self, node: Any) -> None:
        x, weights, biases = node.input
        values: Floats = self._constants[weights]
        scales = np.abs(values).reshape(len(values), -1).max(axis=1) / np.float32(127)
        scales = np.where(scales > 0, scales, np.float32(1)).astype(np.float32)
        integers = np.rint(values / scales.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
        # Biases are added to sums of products, and so have the product of both scales.
        products = (scales * self._scales[x].scale).astype(np.float32)
        bounds = np.iinfo(np.int32)
        sums = np.rint(self._constants[biases].astype(np.float64) / products).clip(bounds.min, bounds.max)
        inputs = [
            self._per_channel(weights, integers, scales),
            self._per_channel(biases, sums.astype(np.int32), products),
        ]
        self._copied(node, [self._value(x), *inputs])

    def _per_channel(self, name: str, integers: AnyArray, scales: Floats) -> str:
        inputs = [
            self._constant(f"{name}.8", integers),
            self._constant(f"{name}.scale", scales),
            self._constant(f"{name}.zero", np.zeros(len(scales), integers.dtype)),
        ]
        self._nodes.append(self._onnx.helper.make_node("DequantizeLinear", inputs, [name], name=name, axis=0))
        return name
