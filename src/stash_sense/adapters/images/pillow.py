"""Picture files to upright RGB arrays through Pillow, within limits that are checked before anything is decoded.

Pillow's format classes are used themselves: `Image.open` would try every format, and would warn on the user's
terminal of pictures that our own limits allow. What makes the classes warn (animation, text and metadata of no use
here) is not handed to them; changing the filters for warnings would change them for all threads.
"""

import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator
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
_AS_STORED: dict[int, Callable[[Image], Image]] = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""Views of an upright picture the way each orientation of EXIF 2.32, 4.6.4 stores it; 1 is upright."""
_BYTES_OF_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 2}
"""Bytes that Pillow holds for a pixel; 4 in all other modes, RGB and LA too."""
_BYTES_OF_CODECS = {"WEBP": 12, "AVIF": 12}
"""Bytes a pixel that decoders hold besides Pillow's picture; the others hold rows. WebP always 11 to 12 as measured;
AVIF 5 for RGB and 7 for RGBA, both of 8 bits and halved colours, and up to 5 more for more bits and whole colours."""
_BAND_PIXELS = 1_000_000
"""Pixels of the decoded picture that are converted and scaled together, if that is a row or more."""
_BAND_MEMORY = 48 * 1024 * 1024
"""Bytes for a band: its copies in several modes, and the pixels above and below that scaling looks at."""
_LONGEST_SIDE = 65_535
"""Pixels; in longer pictures, which only PNG can hold, a band can be the whole picture."""
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
        limits: `picture_bytes`, `picture_pixels` and `picture_memory` bound what is read, `picture_side` the result.
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
                width, height = _webp_size(head)
                self._check_pixels(path, (width, height))
                self._check_memory(path, (width, height), width * height * (_BYTES_OF_CODECS["WEBP"] + 4))
            if format_name == "GIF":  # Pillow warns of frames larger than this, if they are larger than the canvas
                self._check_pixels(path, _gif_size(file), Pillow.MAX_IMAGE_PIXELS)
            try:
                with _opened(file, format_name) as picture:
                    size = picture.size
                    self._check_pixels(path, size)
                    target = self._target(size)
                    picture.draft(picture.mode, target)
                    self._check_memory(path, size, _memory(picture, size))
                    return Frame(_decoded(picture, target), None)
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

    def _check_memory(self, path: Path, size: tuple[int, int], need: float) -> None:
        """Refuse a picture whose decoding needs more bytes than there are besides its file, a band and the result."""
        held = 5 * path.stat().st_size // 4 + _BAND_MEMORY + 3 * self._limits.picture_side**2
        room = max(0, self._limits.picture_memory - held)
        if need > room:
            width, height = size
            limit = int(width * height * room / need)
            raise PictureTooLarge(path=path, width=width, height=height, limit=limit)

    def _target(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = min(1.0, self._limits.picture_side / max(size))
        width, height = size
        return max(1, round(width * scale)), max(1, round(height * scale))


def _memory(picture: ImageFile, size: tuple[int, int]) -> float:
    """Bytes that decoding takes at its peak, for a picture of that size, which a JPEG's draft has made smaller."""
    pixel = _BYTES_OF_MODES.get(picture.mode, 4)
    if max(picture.size) > _LONGEST_SIDE:
        pixel += 16
    pixel += _BYTES_OF_CODECS.get(picture.format or "", 0)
    whole = float(picture.size[0] * picture.size[1] * pixel)
    if isinstance(picture, JpegImageFile):
        whole += size[0] * size[1] * _coefficients(picture) * 2  # each of two bytes, and not made smaller
    return whole


def _coefficients(picture: JpegImageFile) -> float:
    """Coefficients a pixel that the decoder of a JPEG must hold: none if its only scan has all the components."""
    layers = [(across, down) for _, across, down, _ in picture.layer]
    several = "progressive" in picture.info or _first_scan_is_partial(picture.fp, len(layers))
    most = max((across for across, _ in layers), default=1) * max((down for _, down in layers), default=1)
    return sum(across * down for across, down in layers) / max(1, most) if several else 0.0


def _first_scan_is_partial(file: IO[bytes] | None, components: int) -> bool:
    """Whether the header of a scan with fewer components (ITU T.81, B.2.3) is what has just been read."""
    if file is None:
        return False
    end = file.tell()
    file.seek(max(0, end - 2 * components - 8))
    before = file.read(end - file.tell())
    return any(
        before[-2 * count - 8 :][:5] == bytes((0xFF, 0xDA, 0, 2 * count + 6, count)) for count in range(1, components)
    )


def _decoded(picture: ImageFile, target: tuple[int, int]) -> Image:
    """Decode; then convert, compose, scale and turn band by band, so that only one large copy is held."""
    picture.load()
    width, height = target
    orientation = _orientation(picture.info.get("exif"))
    upright = np.empty((width, height, 3) if orientation in range(5, 9) else (height, width, 3), np.uint8)
    stored = _AS_STORED[orientation](upright) if orientation in _AS_STORED else upright
    for top, bottom, band in _bands(picture, target):
        stored[top:bottom] = np.asarray(band)
    return upright


def _bands(picture: ImageFile, target: tuple[int, int]) -> Iterator[tuple[int, int, Pillow.Image]]:
    """Yield the scaled picture in bands: first row, row past the last, RGB."""
    width, height = target
    scale = picture.height / height
    step = max(1, int(_BAND_PIXELS / (picture.width * scale)))
    margin = math.ceil(2 * max(1.0, scale)) + 1  # bicubic looks at two pixels of the result to each side
    for top in range(0, height, step):
        bottom = min(top + step, height)
        first, last = max(0, int(top * scale) - margin), min(picture.height, math.ceil(bottom * scale) + margin)
        band = _rgb(picture.crop((0, first, picture.width, last)))
        if picture.size == target:
            yield top, bottom, band.crop((0, top - first, width, bottom - first))
        else:
            box = (0.0, top * scale - first, float(picture.width), min(bottom * scale - first, float(band.height)))
            yield top, bottom, band.resize((width, bottom - top), Pillow.Resampling.BICUBIC, box)


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
    copy = BytesIO(file.read())
    with copy.getbuffer() as content:  # changed in place: the file is held in memory once
        for item in [match.end() for match in _AVIF_EXIF_ITEM.finditer(content)]:
            content[item - 4 : item] = b"skip"
    return copy


def _rgb(still: Pillow.Image) -> Pillow.Image:
    """Eight bits of RGB, grey behind what is transparent."""
    if still.mode.startswith("I;16"):
        grey = np.asarray(still) >> 8
        return Pillow.fromarray(grey.astype(np.uint8)).convert("RGB")
    if still.has_transparency_data:
        still = still.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", still.size, _BACKGROUND), still).convert("RGB")
    return still.convert("RGB")


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
