"""dlib's face recognition network (`dlib_face_recognition_resnet_model_v1.dat`) into ONNX.

The file is read by its grammar, from the first byte to the last: dlib writes the versions of the nested layers from
the output inwards, then every layer's content from the input outwards. Whatever differs from the one network that
this module knows ends the reading. The folded network's answers differ from dlib's own by less than 1e-5.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stash_sense.errors import ConversionFailed
from stash_sense.kernel.arrays import Floats
from stash_sense.models.dlib_graph import FoldedConvolution, FoldedNetwork, write_onnx

INPUT_SIDE = 150
DIM = 128
STEM_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class Residual:
    """Two 3x3 convolutions and a shortcut; `halves` when it halves the picture's sides."""

    channels: int
    halves: bool


RESIDUALS: tuple[Residual, ...] = (
    *(Residual(32, halves=False),) * 3,
    Residual(64, halves=True),
    *(Residual(64, halves=False),) * 3,
    Residual(128, halves=True),
    *(Residual(128, halves=False),) * 2,
    Residual(256, halves=True),
    *(Residual(256, halves=False),) * 2,
    Residual(256, halves=True),
)
"""From the input to the output; dlib's own `anet_type` in dnn_face_recognition_ex.cpp."""

_PLAIN, _TAG_OR_SKIP, _INNERMOST = 2, 1, 3
"""The versions with which dlib wrote a layer, a tag or skip of a layer, and the layer that holds the input."""


class _Malformed(Exception):
    """The file is not the network this module knows."""


class _Reader:
    """Reads dlib's serialised values; every read is bounded by what the file holds."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def _take(self, count: int, what: str) -> bytes:
        if count > len(self._content) - self._at:
            raise _Malformed(f"it ends at byte {len(self._content)}, within {what}")
        taken = self._content[self._at : self._at + count]
        self._at += count
        return taken

    def integer(self, what: str) -> int:
        """Read a packed integer: a byte with its length and sign, then its value, least significant byte first."""
        control = self._take(1, what)[0]
        length = control & 0x0F
        if not 1 <= length <= 8 or control & 0x70:
            raise _Malformed(f"there is no number at byte {self._at - 1}, where {what} should stand")
        value = int.from_bytes(self._take(length, what), "little")
        return -value if control & 0x80 else value

    def expect(self, what: str, *wanted: int) -> None:
        """Read integers that the one known network fixes."""
        for number in wanted:
            found = self.integer(what)
            if found != number:
                raise _Malformed(f"{what} is {found} instead of {number} before byte {self._at}")

    def name(self, wanted: str) -> None:
        """Read the name that a layer's content begins with."""
        length = self.integer("a layer's name")
        if length != len(wanted) or self._take(length, "a layer's name") != wanted.encode():
            raise _Malformed(f"there is no layer {wanted} before byte {self._at}")

    def real(self, what: str) -> float:
        """Read a floating-point number, which dlib writes as mantissa and exponent of 2."""
        mantissa, exponent = self.integer(what), self.integer(what)
        if abs(mantissa) >= 2**53 or abs(exponent) > 1000:
            raise _Malformed(f"{what} is out of range before byte {self._at}")
        return math.ldexp(mantissa, exponent)

    def tensor(self, what: str, count: int) -> Floats:
        """Read a tensor that must hold `count` float32."""
        self.expect(f"the version of {what}", 2)
        shape = [self.integer(f"the shape of {what}") for _ in range(4)]
        if min(shape) < 0 or math.prod(shape) != count:
            raise _Malformed(f"{what} has the shape {shape} instead of {count} numbers in all")
        values = np.frombuffer(self._take(4 * count, what), "<f4")
        if not np.isfinite(values).all():
            raise _Malformed(f"{what} holds values that are no numbers")
        return values.astype(np.float32)

    def alias(self, what: str, *shape: int) -> None:
        """Read the shape in which dlib sees a part of a layer's parameters."""
        self.expect(f"the version of {what}", 1)
        self.expect(f"the shape of {what}", *shape)

    def layer_state(self, tensors: int) -> None:
        """Read over what dlib keeps of a layer for training: three flags and empty tensors."""
        if set(self._take(3, "a layer's state")) - set(b"01"):
            raise _Malformed(f"a layer's state has no flags before byte {self._at}")
        for _ in range(tensors):
            self.tensor("a layer's state", 0)

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self._at != len(self._content):
            raise _Malformed(f"{len(self._content) - self._at} bytes follow where it should end")


def dlib_resnet_to_onnx(content: bytes, *, file: str, pack: str) -> bytes:
    """Convert the network; equal content gives equal bytes (with one version of onnx).

    Args:
        content: the .dat file.
        file: its name, for errors.
        pack: the pack it is for, for errors.

    Returns:
        A model with `input` (N, 3, 150, 150) float32 and `embedding` (N, 128) float32, not of unit length.

    Raises:
        ConversionFailed: the content is not this network.
    """
    try:
        return write_onnx(_read_network(_Reader(content)), INPUT_SIDE)
    except _Malformed as error:
        raise ConversionFailed(file=file, pack=pack, reason=str(error)) from error


def _nested_versions() -> Iterator[int]:
    """Give the versions in the order of the file: from the output inwards."""
    yield from (_PLAIN, _PLAIN)  # fc, avg_pool
    for residual in reversed(RESIDUALS):
        yield from (_PLAIN, _PLAIN)  # relu, add_prev
        if residual.halves:
            yield from (_PLAIN, _TAG_OR_SKIP, _TAG_OR_SKIP)  # avg_pool, skip1, tag2
        yield from (_PLAIN,) * 5  # affine, con, relu, affine, con
        yield _TAG_OR_SKIP  # tag1
    yield from (_PLAIN, _PLAIN, _PLAIN, _INNERMOST)  # max_pool, relu, affine, con


def _read_network(reader: _Reader) -> FoldedNetwork:
    reader.expect("the version of the network", 1)
    reader.name("loss_metric_2")
    reader.real("the loss's margin")
    reader.real("the loss's threshold")
    reader.expect("the version of a layer", *_nested_versions())
    reader.name("input_rgb_image_sized")
    for channel in ("red", "green", "blue"):
        reader.real(f"the mean of {channel}")
    reader.expect("the input's side", INPUT_SIDE, INPUT_SIDE)

    stem = _read_convolution(reader, STEM_CHANNELS, 3, side=7, stride=2, innermost=True)
    _read_plain(reader, "relu_")
    _read_pool(reader, "max_pool_2", 3, 2)
    residuals = []
    channels = STEM_CHANNELS
    for residual in RESIDUALS:
        first = _read_convolution(reader, residual.channels, channels, side=3, stride=2 if residual.halves else 1)
        _read_plain(reader, "relu_")
        second = _read_convolution(reader, residual.channels, residual.channels, side=3, stride=1)
        if residual.halves:
            _read_pool(reader, "avg_pool_2", 2, 2)
        _read_plain(reader, "add_prev_")
        _read_plain(reader, "relu_")
        residuals.append((first, second))
        channels = residual.channels
    _read_pool(reader, "avg_pool_2", 0, 1)
    projection = _read_projection(reader, channels)
    reader.end()
    return FoldedNetwork(stem, tuple(residuals), projection)


def _read_plain(reader: _Reader, name: str) -> None:
    reader.name(name)
    reader.layer_state(3)


def _read_pool(reader: _Reader, name: str, side: int, stride: int) -> None:
    reader.name(name)
    reader.expect("a pool's window, stride and padding", side, side, stride, stride, 0, 0)
    reader.layer_state(3)


def _read_convolution(
    reader: _Reader, outputs: int, inputs: int, *, side: int, stride: int, innermost: bool = False
) -> FoldedConvolution:
    """Read a convolution and the affine layer after it, and fold the second into the first."""
    padding = 0 if stride != 1 else side // 2
    filters = outputs * inputs * side * side
    reader.name("con_4")
    parameters = reader.tensor("a convolution's parameters", filters + outputs)
    reader.expect("a convolution's form", outputs, side, side, stride, stride, padding, padding)
    reader.alias("a convolution's filters", outputs, inputs, side, side)
    reader.alias("a convolution's biases", 1, outputs, 1, 1)
    _read_learning_rates(reader)
    reader.layer_state(3)
    if innermost:
        reader.expect("the input's expansion", 1)

    reader.name("affine_")
    scale_and_shift = reader.tensor("an affine layer's parameters", 2 * outputs)
    reader.alias("an affine layer's scale", 1, outputs, 1, 1)
    reader.alias("an affine layer's shift", 1, outputs, 1, 1)
    reader.expect("an affine layer's mode", 0)
    reader.layer_state(3)

    scale, shift = scale_and_shift[:outputs], scale_and_shift[outputs:]
    weights = parameters[:filters].reshape(outputs, inputs, side, side)
    return FoldedConvolution(
        weights=_finite(weights * scale.reshape(-1, 1, 1, 1)),
        biases=_finite(parameters[filters:] * scale + shift),
        stride=stride,
        padding=padding,
    )


def _read_projection(reader: _Reader, inputs: int) -> Floats:
    reader.name("fc_2")
    reader.expect("the last layer's size", DIM, inputs)
    weights = reader.tensor("the last layer's weights", inputs * DIM)
    reader.alias("the last layer's weights", inputs, DIM, 1, 1)
    reader.alias("the last layer's missing biases", 0, 0, 0, 0)
    reader.expect("the last layer's mode", 1)
    _read_learning_rates(reader)
    reader.layer_state(3)
    return _finite(weights.reshape(inputs, DIM))


def _read_learning_rates(reader: _Reader) -> None:
    for _ in range(4):
        reader.real("a learning rate")


def _finite(values: Floats) -> Floats:
    if not np.isfinite(values).all():
        raise _Malformed("its numbers are too large")
    return values
