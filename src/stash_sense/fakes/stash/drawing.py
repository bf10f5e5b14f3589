"""Pictures and videos that stand for those whose files are not at hand: of their size and type, always the same."""

import io
import struct
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from stash_sense.fakes.stash.rows import Row

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3) RGB."""

_ENDINGS = {"png": "PNG", "gif": "GIF", "webp": "WEBP"}
_USUAL = (1280, 720)
_LONGEST = 600
"""Frames of a drawn video; a longer one shows each for longer."""


def sides_of(file: Row) -> tuple[int, int]:
    """Return the width and height in which a file is drawn: its own, or usual ones where it has none."""
    if file["width"] and file["height"] and file["width"] > 0 and file["height"] > 0:
        return file["width"], file["height"]
    return _USUAL


def frame(seed: int, width: int, height: int, moment: float) -> Pixels:
    """Return a picture that tells things and moments apart.

    Args:
        seed: what is shown.
        width: in pixels.
        height: in pixels.
        moment: from 0 to 1.
    """
    columns = np.linspace(0, 255, width, dtype=np.float32)[None, :]
    rows = np.linspace(0, 255, height, dtype=np.float32)[:, None]
    turn = seed * 53 + moment * 256
    layers = ((columns + turn) % 256, (rows + 2 * turn) % 256, np.broadcast_to(np.float32(seed * 97 % 256), (1, 1)))
    shown = np.stack([np.broadcast_to(layer, (height, width)) for layer in layers], axis=-1).astype(np.uint8)
    side = max(2, min(width, height) // 5)
    left = int(moment * (width - side))
    top = (seed * 37) % max(1, height - side)
    shown[top : top + side, left : left + side] = 255 - shown[top : top + side, left : left + side]
    return shown


def jpeg(pixels: Pixels) -> bytes:
    """Return a picture as JPEG."""
    return encoded(Image.fromarray(pixels), "jpeg")


def encoded(image: Image.Image, kind: str) -> bytes:
    """Return a picture in a format as Stash names it: png, gif, webp, else JPEG."""
    out = io.BytesIO()
    image.save(out, _ENDINGS.get(kind, "JPEG"), quality=80)
    return out.getvalue()


def picture(seed: int, width: int, height: int, kind: str, size: int) -> bytes:
    """Return a drawn picture of a format, with what decoders pass over behind it up to a number of bytes."""
    return encoded(Image.fromarray(frame(seed, width, height, 0.5)), kind).ljust(size, b"\0")


def silhouette() -> bytes:
    """Return the PNG that is served for a performer without a picture."""
    image = Image.new("L", (850, 1250), 60)
    draw = ImageDraw.Draw(image)
    draw.ellipse((275, 220, 575, 600), fill=110)
    draw.ellipse((125, 640, 725, 1700), fill=110)
    return encoded(image, "png")


def video(seed: int, width: int, height: int, seconds: float, kind: str, size: int) -> bytes:
    """Return a drawn video; in as many bytes as it needs, or `size` where it needs more.

    Args:
        seed: what is shown.
        width: in pixels.
        height: in pixels.
        seconds: that it lasts.
        kind: matroska, else mp4, its index at the beginning.
        size: bytes that it should have; `padded` makes up for those that are left.
    """
    found = b""
    for count in (min(_LONGEST, max(2, int(seconds * 4))), min(_LONGEST, max(2, int(seconds))), 2, 1):
        found = _encoded(seed, width - width % 2, height - height % 2, seconds, kind, count)
        if len(found) + 16 <= size:
            return found
    return found[:size]


def padding(kind: str, length: int) -> bytes:
    """Return the head of a box that is passed over and reaches to the end of the file.

    Args:
        kind: of container.
        length: of the box, head and all.
    """
    if kind == "matroska":
        return (
            (b"\xec\x01" + (length - 9).to_bytes(7, "big"))[:length] if length >= 9 else b"\xec\x80" * (length // 2)
        )
    if length < 16:
        return b"\0" * length
    return struct.pack(">I4sQ", 1, b"free", length)


def _encoded(seed: int, width: int, height: int, seconds: float, kind: str, count: int) -> bytes:
    options = {} if kind == "matroska" else {"movflags": "faststart"}
    with tempfile.TemporaryDirectory() as folder:  # a file: the index is moved to its beginning at the end
        path = Path(folder) / "video"
        with av.open(
            str(path), "w", format="matroska" if kind == "matroska" else "mp4", options=options
        ) as container:
            rate = Fraction(count / max(seconds, 0.001)).limit_denominator(1000)
            stream = container.add_stream(
                "libx264", rate=rate, options={"preset": "ultrafast", "crf": "40", "g": "10"}
            )
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.thread_count = 1  # the same bytes wherever it runs
            for shown in _frames(seed, width, height, count):
                container.mux(stream.encode(shown))
            container.mux(stream.encode())
        return path.read_bytes()


def _frames(seed: int, width: int, height: int, count: int) -> Iterator[av.VideoFrame]:
    for index in range(count):
        shown = av.VideoFrame.from_ndarray(frame(seed, width, height, index / max(1, count - 1)), format="rgb24")
        shown.pts = index
        yield shown
