"""Pictures for tests, and reading them."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import (
    InputError,
)
from stash_sense.kernel.limits import Limits

WIDTH, HEIGHT = 96, 64


EXTENSIONS = ["jpg", "png", "webp", "avif", "gif"]


def scene() -> Image.Image:
    """Red, green / blue, white quarters: each corner says which one it is."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2, : WIDTH // 2, 0] = 255
    picture[: HEIGHT // 2, WIDTH // 2 :, 1] = 255
    picture[HEIGHT // 2 :, : WIDTH // 2, 2] = 255
    picture[HEIGHT // 2 :, WIDTH // 2 :] = 255
    return Image.fromarray(picture)


def read(path: Path, limits: Limits | None = None) -> NDArray[np.uint8]:
    frame = PillowReader(limits or Limits()).read(path)
    assert frame.t is None
    assert frame.image.dtype == np.uint8
    assert frame.image.flags["C_CONTIGUOUS"]
    assert frame.image.shape[2] == 3
    return frame.image


def refusal_of(path: Path, limits: Limits | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path, limits)
    assert str(path) in str(caught.value)
    return caught.value


def assert_is_the_scene(image: NDArray[np.uint8]) -> None:
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(image[8:-8:48, 8:-8:80].astype(int) - np.asarray(scene())[8:-8:48, 8:-8:80]).max() < 30


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def encoded(picture: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()
