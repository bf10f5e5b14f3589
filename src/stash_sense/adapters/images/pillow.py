"""Picture files to upright RGB arrays through Pillow, within limits that are checked before anything is decoded.

Pillow's format classes are used themselves: `Image.open` would try every format, and would warn on the user's
terminal of pictures that our own limits allow. What makes the classes warn (animation, text and metadata of no use
here) is not handed to them; changing the filters for warnings would change them for all threads.
"""

import re
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image as Pillow
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from stash_sense.errors import InputNotMedia, InputUnreadable, PictureDamaged, PictureTooLarge
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.limits import Limits
from stash_sense.media.frame import Frame
from stash_sense.media.head import read_head, unreadable
from stash_sense.media.kinds import picture_format

_BACKGROUND = (128, 128, 128, 255)
"""Shown through transparent parts: the grey that is as far from a light face as from a dark one."""
_PNG_CHUNKS_OF_USE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})
_AVIF_EXIF_ITEM = re.compile(rb"(infe[\2\3].{7,9})Exif", re.DOTALL)
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""What undoes each orientation of EXIF 2.32, 4.6.4; 1 is upright."""
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
)
"""What Pillow's format classes raise about contents, as found by feeding them damaged files."""


class PillowReader:
    """A `PictureReader` for JPEG (with MPO), PNG, WebP, AVIF and GIF.

    Args:
        limits: `picture_bytes` and `picture_pixels` bound what is read, `picture_side` what is given.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def read(self, path: Path) -> Frame:
        """Decode one picture: upright, without alpha, its first frame if it moves, `t` None.

        Raises:
            InputError: it is missing, empty, unreadable, too large, damaged, or no supported picture.
        """
        head = read_head(path)
        format_name = picture_format(head)
        if format_name is None:
            raise InputNotMedia(path=path)
        try:
            file = path.open("rb")
        except OSError as error:
            raise unreadable(path, error) from error
        with file:
            self._check_bytes(path)
            if format_name == "WEBP":  # its decoder takes memory for all the pixels as soon as it is made
                self._check_pixels(path, _webp_size(head))
            if format_name == "GIF":  # Pillow warns of frames larger than this, if they are larger than the canvas
                self._check_pixels(path, _gif_size(file), Pillow.MAX_IMAGE_PIXELS)
            try:
                with _opened(file, format_name) as picture:
                    self._check_pixels(path, picture.size)
                    return Frame(self._decoded(picture), None)
            except _DAMAGE as error:
                reason = str(error) or type(error).__name__
                raise PictureDamaged(path=path, reason=reason) from error

    def _check_bytes(self, path: Path) -> None:
        limit = self._limits.picture_bytes
        if path.stat().st_size > limit:
            raise InputUnreadable(path=path, reason=f"it is larger than the {limit // 2**20:,} MiB that are read")

    def _check_pixels(self, path: Path, size: tuple[int, int], most: int | None = None) -> None:
        width, height = size
        limit = min(self._limits.picture_pixels, most or self._limits.picture_pixels)
        if width * height > limit:
            raise PictureTooLarge(path=path, width=width, height=height, limit=limit)

    def _decoded(self, picture: ImageFile) -> Image:
        """Scale as early as possible: JPEG while decoding, the rest before it is composed and turned."""
        side = max(picture.size)
        scale = min(1.0, self._limits.picture_side / side)
        width, height = (max(1, round(length * scale)) for length in picture.size)
        orientation = _orientation(picture.info.get("exif"))
        picture.draft(picture.mode, (width, height))
        still = _eight_bits(picture)
        if still.size != (width, height):
            still = still.resize((width, height), Pillow.Resampling.BICUBIC, reducing_gap=2.0)
        if still.mode == "RGBA":
            still = Pillow.alpha_composite(Pillow.new("RGBA", still.size, _BACKGROUND), still).convert("RGB")
        if orientation in _TURNS:
            still = still.transpose(_TURNS[orientation])
        return np.array(still, dtype=np.uint8)


class _Jpeg(JpegImageFile):
    """A JPEG whose resolution in dots per inch nobody asks for."""

    def _read_dpi_from_exif(self) -> None:
        """Leave EXIF alone: Pillow warns when it is damaged, which the picture then is not."""


def _opened(file: IO[bytes], format_name: str) -> ImageFile:
    if format_name == "PNG":
        return PngImageFile(_png_without_extras(file))
    if format_name == "AVIF":
        return AvifImageFile(_avif_without_exif(file))
    classes: dict[str, type[ImageFile]] = {
        "JPEG": _Jpeg,
        "WEBP": WebPImageFile,
        "GIF": GifImageFile,
    }
    return classes[format_name](file)


def _png_without_extras(file: IO[bytes]) -> BytesIO:
    """Copy the chunks that make the still picture: neither text, which can unpack to gigabytes, nor animation."""
    copy = BytesIO()
    copy.write(file.read(8))
    while len(header := file.read(8)) == 8:
        rest = int.from_bytes(header[:4], "big") + 4  # the contents and their check sum
        if header[4:] in _PNG_CHUNKS_OF_USE:
            copy.write(header)
            copy.write(file.read(rest))
        else:
            file.seek(rest, 1)
    copy.seek(0)
    return copy


def _avif_without_exif(file: IO[bytes]) -> BytesIO:
    """Copy with the item for EXIF (ISO 23008-12, A.2) under a name nobody reads.

    Pillow warns when it is damaged, and it says nothing: AVIF turns pictures by properties of its own.
    """
    return BytesIO(_AVIF_EXIF_ITEM.sub(rb"\1skip", file.read()))


def _eight_bits(picture: ImageFile) -> Pillow.Image:
    """RGB, or RGBA if anything is transparent; decodes the picture."""
    picture.load()
    if picture.mode.startswith("I;16"):
        grey = np.asarray(picture) >> 8
        return Pillow.fromarray(grey.astype(np.uint8)).convert("RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _orientation(exif: bytes | None) -> int:
    """The orientation that EXIF says, 1 to 8, or another number when it says none that makes sense."""
    tiff = (exif or b"").removeprefix(b"Exif\0\0")
    if tiff[:2] not in (b"II", b"MM"):
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if tiff[:2] == b"II" else "big")

    directory = number(4, 4)
    entries = range(directory + 2, directory + 2 + 12 * number(directory, 2), 12)
    return next((number(entry + 8, 2) for entry in entries if number(entry, 2) == _ORIENTATION_TAG), 1)


def _gif_size(file: IO[bytes]) -> tuple[int, int]:
    """Width and height of the canvas with the first frame, which may be larger (GIF89a, 18 and 20)."""
    width, height, flags = struct.unpack("<6x2HB2x", file.read(13).ljust(13, b"\0"))
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, 1)  # the palette
    while (block := file.read(1)) not in (b"", b","):
        if block == b"!":
            file.seek(1, 1)
            while size := int.from_bytes(file.read(1), "big"):
                file.seek(size, 1)
    left, top, frame_width, frame_height = struct.unpack("<4H", file.read(8).ljust(8, b"\0"))
    file.seek(0)
    return max(width, left + frame_width), max(height, top + frame_height)


def _webp_size(head: bytes) -> tuple[int, int]:
    """Width and height from the first chunk of a WebP (RFC 9649, 2.4 to 2.7)."""
    if head[12:16] == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
