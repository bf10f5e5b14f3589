import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.integration.images.pictures import assert_is_the_scene, encoded, png, read, refusal_of, scene

from stash_sense.errors import (
    PictureTooLarge,
)
from stash_sense.kernel.limits import Limits


def bomb_png(tmp_path: Path) -> Path:
    header = struct.pack(">2I5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(png((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000_000), 1)), (b"IEND", b"")))
    return path


def bomb_gif(tmp_path: Path) -> Path:
    path = tmp_path / "bomb.gif"
    path.write_bytes(b"GIF89a" + struct.pack("<2H", 60_000, 60_000) + b"\x80\0\0" + bytes(6) + b",")
    return path


def bomb_gif_by_its_frame(tmp_path: Path) -> Path:
    path = tmp_path / "bomb.gif"
    extension = b"!\xf9\x04" + bytes(5)
    frame = b"," + struct.pack("<4H", 5, 5, 10_000, 10_000) + b"\0\x02\0;"
    path.write_bytes(b"GIF89a" + struct.pack("<2H", 10, 10) + b"\x80\0\0" + bytes(6) + extension + frame)
    return path


def bomb_webp(tmp_path: Path) -> Path:
    content = bytearray(encoded(scene(), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"))
    content[24:30] = (15_999).to_bytes(3, "little") * 2
    path = tmp_path / "bomb.webp"
    path.write_bytes(content)
    return path


def bomb_jpeg(tmp_path: Path) -> Path:
    content = bytearray(encoded(scene(), "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">2H", 60_000, 60_000)
    path = tmp_path / "bomb.jpg"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("bomb", [bomb_png, bomb_gif, bomb_gif_by_its_frame, bomb_webp, bomb_jpeg])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, bomb: Callable[[Path], Path]
) -> None:
    # Decoded, each would take gigabytes and end in another error.
    assert type(refusal_of(bomb(tmp_path))) is PictureTooLarge


GROWTH = """
import sys
from pathlib import Path
from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.kernel.limits import Limits

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024

before = peak()
PillowReader(Limits(picture_memory=int(sys.argv[2]), picture_side=1000)).read(Path(sys.argv[1]))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(
    ("mode", "extension", "million_pixels", "options"),
    [
        ("RGBA", "png", 20, {}),
        ("RGB", "png", 20, {}),
        ("LA", "png", 20, {}),
        ("P", "png", 40, {}),
        ("I;16", "png", 30, {}),
        ("P", "gif", 50, {}),
        ("RGB", "jpg", 100, {}),
        ("RGB", "jpg", 16, {"progressive": True, "subsampling": 0}),
        ("RGBA", "webp", 6, {}),
        ("RGB", "avif", 6, {"speed": 10, "subsampling": "4:4:4"}),
        ("RGBA", "avif", 6, {"speed": 10, "subsampling": "4:4:4"}),
    ],
)
def test_a_picture_takes_no_more_memory_than_the_limit(
    tmp_path: Path, mode: str, extension: str, million_pixels: int, options: dict[str, Any]
) -> None:
    limit = 160 * 2**20
    path = tmp_path / f"a.{extension}"
    fast: dict[str, Any] = (
        {"compress_level": 1} if extension == "png" else {"method": 0} if extension == "webp" else {}
    )
    picture = Image.new(mode, (million_pixels * 250, 4000), 90 if len(mode) == 1 or ";" in mode else None)
    picture.save(path, **fast, **options)
    child = subprocess.run(
        [sys.executable, "-c", GROWTH, str(path), str(limit)], capture_output=True, text=True, check=True
    )
    assert int(child.stdout) < limit


@pytest.mark.parametrize(
    ("mode", "extension", "million_pixels"), [("RGBA", "png", 40), ("RGB", "webp", 12), ("RGB", "avif", 12)]
)
def test_a_picture_that_would_take_more_memory_is_refused(
    tmp_path: Path, mode: str, extension: str, million_pixels: int
) -> None:
    Image.new(mode, (million_pixels * 250, 4000)).save(tmp_path / f"a.{extension}")
    refusal = refusal_of(tmp_path / f"a.{extension}", Limits(picture_memory=160 * 2**20, picture_side=1000))
    assert type(refusal) is PictureTooLarge


def test_a_jpeg_that_comes_in_passes_counts_with_its_coefficients(tmp_path: Path) -> None:
    """Decoded to an eighth, 16 million pixels take 1 MB, and their coefficients 96 MB."""
    picture = Image.new("RGB", (4000, 4000))
    picture.save(tmp_path / "plain.jpg", subsampling=0)
    picture.save(tmp_path / "passes.jpg", subsampling=0, progressive=True)
    partial = encoded(picture, "JPEG", subsampling=0).replace(
        b"\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0", b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
    )
    (tmp_path / "partial.jpg").write_bytes(partial)
    limits = Limits(picture_memory=100 * 2**20, picture_side=500)
    read(tmp_path / "plain.jpg", limits)
    assert type(refusal_of(tmp_path / "passes.jpg", limits)) is PictureTooLarge
    assert type(refusal_of(tmp_path / "partial.jpg", limits)) is PictureTooLarge


def test_bands_of_a_large_picture_meet_without_a_seam(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (3000, 2000, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    picture.save(tmp_path / "a.png", compress_level=1)
    assert (read(tmp_path / "a.png") == noise).all()
    scaled = read(tmp_path / "a.png", Limits(picture_side=1100))
    whole = np.asarray(picture.resize((733, 1100), Image.Resampling.BICUBIC))
    assert np.abs(scaled.astype(int) - whole).max() <= 1


def test_a_picture_just_within_the_limit_is_read_without_a_warning(tmp_path: Path) -> None:
    """Pillow itself warns from 89 million pixels on, and the tests make errors of warnings."""
    path = tmp_path / "a.jpg"
    Image.new("L", (12_000, 9_000)).save(path)
    assert read(path, Limits(picture_side=1500)).shape == (1125, 1500, 3)


def test_a_file_with_too_many_bytes_is_refused(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.png")
    assert "larger than" in str(refusal_of(tmp_path / "a.png", Limits(picture_bytes=100)))


def test_text_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    whole = encoded(scene(), "PNG")
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
    chunk = png((b"zTXt", text))[8:]
    (tmp_path / "a.png").write_bytes(whole[:33] + chunk * 20 + whole[33:])
    tracemalloc.start()
    assert_is_the_scene(read(tmp_path / "a.png"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25_000_000  # half of what one of the twenty texts takes


def test_long_text_does_not_keep_a_picture_from_being_read(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_text("parameters", "x" * 3_000_000, zip=True)
    scene().save(tmp_path / "a.png", pnginfo=text)
    assert_is_the_scene(read(tmp_path / "a.png"))
