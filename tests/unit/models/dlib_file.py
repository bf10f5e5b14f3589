"""dlib's serialisation, written anew for the tests: a network of random numbers, and its answers by hand."""

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

BLOCKS = (
    [(32, 1)] * 3 + [(64, 2)] + [(64, 1)] * 3 + [(128, 2)] + [(128, 1)] * 2 + [(256, 2)] + [(256, 1)] * 2 + [(256, 2)]
)


def integer(value: int) -> bytes:
    digits = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(digits) | (0x80 if value < 0 else 0)]) + digits


def integers(*values: int) -> bytes:
    return b"".join(map(integer, values))


def text(value: str) -> bytes:
    return integer(len(value)) + value.encode()


def real(value: float) -> bytes:
    mantissa, exponent = math.frexp(value)
    return integers(int(mantissa * 2**24), exponent - 24)


def tensor(values: Any, *shape: int) -> bytes:
    return integers(2, *shape) + np.asarray(values, "<f4").tobytes()


STATE = b"110" + integers(2, 0, 0, 0, 0) * 3
RATES = real(1.0) * 3 + real(0.0)


class Network:
    """Random numbers in the shape of the one network."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self.convolutions = [self._convolution(32, 3, 7, 2)]
        inputs = 32
        for channels, stride in BLOCKS:
            self.convolutions += [self._convolution(channels, inputs, 3, stride)]
            self.convolutions += [self._convolution(channels, channels, 3, 1)]
            inputs = channels
        self.projection = self._random.normal(size=(256, 128)).astype(np.float32) / 16

    def _convolution(self, outputs: int, inputs: int, side: int, stride: int) -> dict[str, Any]:
        draw = self._random.normal
        weights = draw(size=(outputs, inputs, side, side)) * math.sqrt(1 / (inputs * side * side))
        weights[0, 0, 0, 0] = 1e-39
        return {
            "weights": weights.astype(np.float32),
            "biases": draw(size=outputs).astype(np.float32) / 10,
            "scale": draw(1.0, 0.1, outputs).astype(np.float32),
            "shift": draw(size=outputs).astype(np.float32) / 10,
            "stride": stride,
        }

    def file(self) -> bytes:
        versions = [2, 2]
        for _, stride in reversed(BLOCKS):
            versions += [2, 2, *([2, 1, 1] if stride == 2 else []), 2, 2, 2, 2, 2, 1]
        parts = [integer(1), text("loss_metric_2"), real(0.04), real(0.6), integers(*versions, 2, 2, 2, 3)]
        parts += [text("input_rgb_image_sized"), real(122.782), real(117.001), real(104.298), integers(150, 150)]
        convolutions = iter(self.convolutions)
        parts += [_layer(next(convolutions), innermost=True), text("relu_"), STATE]
        parts += [text("max_pool_2"), integers(3, 3, 2, 2, 0, 0), STATE]
        for _, stride in BLOCKS:
            parts += [_layer(next(convolutions)), text("relu_"), STATE, _layer(next(convolutions))]
            if stride == 2:
                parts += [text("avg_pool_2"), integers(2, 2, 2, 2, 0, 0), STATE]
            parts += [text("add_prev_"), STATE, text("relu_"), STATE]
        parts += [text("avg_pool_2"), integers(0, 0, 1, 1, 0, 0), STATE]
        parts += [text("fc_2"), integers(128, 256), tensor(self.projection, 256, 128, 1, 1)]
        parts += [integers(1, 256, 128, 1, 1), integers(1, 0, 0, 0, 0), integer(1), RATES, STATE]
        return b"".join(parts)

    def answer(self, image: Any) -> Any:
        """Work out the vector of one normalised (3, 150, 150) picture the way dlib does."""
        convolutions = iter(self.convolutions)
        x = np.maximum(_convolved(image, next(convolutions)), 0)
        x = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))
        for _, stride in BLOCKS:
            y = _convolved(np.maximum(_convolved(x, next(convolutions)), 0), next(convolutions))
            if stride == 2:
                x = sliding_window_view(x, (2, 2), axis=(1, 2))[:, ::2, ::2].mean(axis=(3, 4))
            total = np.zeros(np.maximum(x.shape, y.shape))
            for part in (x, y):
                total[: part.shape[0], : part.shape[1], : part.shape[2]] += part
            x = np.maximum(total, 0)
        return x.mean(axis=(1, 2)) @ self.projection


def _layer(layer: dict[str, Any], *, innermost: bool = False) -> bytes:
    outputs, inputs, side, _ = layer["weights"].shape
    stride = layer["stride"]
    padding = 0 if stride == 2 else side // 2
    parameters = np.concatenate([layer["weights"].ravel(), layer["biases"]])
    parts = [text("con_4"), tensor(parameters, parameters.size, 1, 1, 1)]
    parts += [integers(outputs, side, side, stride, stride, padding, padding)]
    parts += [integers(1, outputs, inputs, side, side), integers(1, 1, outputs, 1, 1), RATES, STATE]
    parts += [integer(1)] if innermost else []
    parts += [text("affine_"), tensor(np.concatenate([layer["scale"], layer["shift"]]), 2 * outputs, 1, 1, 1)]
    parts += [integers(1, 1, outputs, 1, 1) * 2, integer(0), STATE]
    return b"".join(parts)


def _convolved(x: Any, layer: dict[str, Any]) -> Any:
    side, stride = layer["weights"].shape[2], layer["stride"]
    padding = 0 if stride == 2 else side // 2
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    summed = np.tensordot(layer["weights"], windows, axes=((1, 2, 3), (0, 3, 4)))
    summed += layer["biases"][:, None, None]
    return summed * layer["scale"][:, None, None] + layer["shift"][:, None, None]
