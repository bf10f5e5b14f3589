import io
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import (
    InputEmpty,
    InputError,
    InputMissing,
    InputNotMedia,
    InputUnreadable,
    PictureDamaged,
    PictureTooLarge,
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


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_supported_format_is_read(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    scene().save(path)
    assert_is_the_scene(read(path))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_content_says_the_format_and_not_the_name(tmp_path: Path, extension: str) -> None:
    scene().save(tmp_path / f"a.{extension}")
    assert_is_the_scene(read((tmp_path / f"a.{extension}").rename(tmp_path / "photo.dat")))


def test_of_a_multi_picture_jpeg_the_first_is_read(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (10, 10))])
    assert_is_the_scene(read(tmp_path / "a.jpg"))


@pytest.mark.parametrize("extension", ["gif", "webp", "png", "avif"])
def test_of_a_moving_picture_the_first_frame_is_read(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    scene().save(path, save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))], duration=100)
    assert_is_the_scene(read(path))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "avif"])
def test_exif_turns_a_picture_upright(tmp_path: Path, extension: str, orientation: int) -> None:
    undone_by = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # stored a quarter turn to the left, shown a quarter turn to the right
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = scene() if undone_by is None else scene().transpose(undone_by)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{extension}", exif=exif)
    assert_is_the_scene(read(tmp_path / f"a.{extension}"))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01", b"nonsense"]
)
def test_damaged_exif_does_not_damage_the_picture(tmp_path: Path, exif: bytes) -> None:
    scene().save(tmp_path / "a.jpg", exif=exif)
    assert_is_the_scene(read(tmp_path / "a.jpg"))


def test_damaged_exif_does_not_damage_an_avif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    exif[0x010E] = "a description"
    stored = encoded(scene().transpose(Image.Transpose.ROTATE_180), "AVIF", exif=exif)
    directory = stored.index(b"MM\0*") + 8
    (tmp_path / "a.avif").write_bytes(stored[:directory] + b"\xff\xff" + stored[directory + 2 :])
    assert_is_the_scene(read(tmp_path / "a.avif"))


@pytest.mark.parametrize("extension", ["png", "webp", "avif"])
def test_transparent_parts_show_grey(tmp_path: Path, extension: str) -> None:
    picture = scene().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    picture.save(tmp_path / f"a.{extension}")
    image = read(tmp_path / f"a.{extension}")
    assert image[HEIGHT // 4, WIDTH // 4].tolist() == pytest.approx([128] * 3, abs=4)
    assert image[HEIGHT // 4, WIDTH * 3 // 4].tolist() == pytest.approx([0, 255, 0], abs=10)


def test_a_transparent_colour_of_a_palette_shows_grey(tmp_path: Path) -> None:
    picture = scene().convert("P", palette=Image.Palette.ADAPTIVE)
    red = picture.getpixel((2, 2))
    for name, transparency in (("a.gif", red), ("a.png", red), ("b.png", bytes(256))):
        picture.save(tmp_path / name, transparency=transparency)
        assert read(tmp_path / name)[2, 2].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("mode", "extension"),
    [("L", "jpg"), ("L", "png"), ("1", "png"), ("LA", "png"), ("P", "png"), ("CMYK", "jpg"), ("I;16", "png")],
)
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str, extension: str) -> None:
    ramp = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    picture = Image.fromarray(ramp)
    if mode == "I;16":
        picture = Image.fromarray(ramp.astype(np.uint16) * 257)
    elif mode == "CMYK":
        picture = picture.convert("RGB").convert("CMYK")
    else:
        picture = picture.convert(mode)
    picture.save(tmp_path / f"a.{extension}")
    image = read(tmp_path / f"a.{extension}")
    assert np.abs(image.mean(axis=(0, 2)) - ramp[0]).max() < (130 if mode == "1" else 12)
    assert (image[..., 0] == image[..., 1]).all()


def test_sixteen_bits_of_colour_become_eight(tmp_path: Path) -> None:
    pixel = struct.pack(">3H", 0xC800, 0x2800, 0x5A00)
    rows = (b"\0" + pixel * 4) * 4
    path = tmp_path / "a.png"
    header = struct.pack(">2I5B", 4, 4, 16, 2, 0, 0, 0)
    path.write_bytes(png((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))
    assert read(path)[0, 0].tolist() == [0xC8, 0x28, 0x5A]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_large_picture_is_scaled_to_the_longest_side_that_is_asked_for(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    scene().resize((960, 640)).save(path)
    image = read(path, Limits(picture_side=300))
    assert image.shape == (200, 300, 3)
    assert image[50, 225].tolist() == pytest.approx([0, 255, 0], abs=10)


def test_a_very_thin_picture_keeps_a_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1)).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png", Limits(picture_side=100)).shape == (1, 100, 3)


def test_a_huge_jpeg_is_decoded_small(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (5000, 4000), (200, 40, 90)).save(path)
    started = time.process_time()
    small = read(path, Limits(picture_side=1000))
    spent_small, started = time.process_time() - started, time.process_time()
    whole = read(path, Limits(picture_side=5000))
    spent_whole = time.process_time() - started
    assert small.shape == (800, 1000, 3)
    assert whole.shape == (4000, 5000, 3)
    assert spent_small < spent_whole / 2


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


def encoded(picture: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()


@pytest.mark.parametrize("bomb", [bomb_png, bomb_gif, bomb_gif_by_its_frame, bomb_webp, bomb_jpeg])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, bomb: Callable[[Path], Path]
) -> None:
    path = bomb(tmp_path)
    started = time.process_time()
    assert type(refusal_of(path)) is PictureTooLarge
    assert time.process_time() - started < 0.5


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
    started = time.process_time()
    assert_is_the_scene(read(tmp_path / "a.png"))
    assert time.process_time() - started < 0.5


def test_long_text_does_not_keep_a_picture_from_being_read(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_text("parameters", "x" * 3_000_000, zip=True)
    scene().save(tmp_path / "a.png", pnginfo=text)
    assert_is_the_scene(read(tmp_path / "a.png"))


def test_a_damaged_animation_header_does_not_damage_the_picture(tmp_path: Path) -> None:
    whole = encoded(scene(), "PNG")
    (tmp_path / "a.png").write_bytes(whole[:33] + png((b"acTL", bytes(8)))[8:] + whole[33:])
    assert_is_the_scene(read(tmp_path / "a.png"))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_truncated_picture_is_damaged(tmp_path: Path, extension: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    path = tmp_path / f"a.{extension}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert type(refusal_of(path)) is PictureDamaged


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_damage_of_any_kind_ends_in_a_picture_or_in_our_own_words(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    scene().save(path)
    whole = path.read_bytes()
    chance = np.random.default_rng(3)
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(int(chance.choice([1, 3, 30]))):
            content[chance.integers(len(content))] = chance.integers(256)
        path.write_bytes(content)
        try:
            read(path)
        except InputError:
            continue


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (5, 5)).save(tmp_path / "a.bmp")
    assert type(refusal_of(tmp_path / "missing.png")) is InputMissing
    assert type(refusal_of(tmp_path / "empty.png")) is InputEmpty
    assert type(refusal_of(tmp_path)) is InputUnreadable
    assert type(refusal_of(tmp_path / "text.png")) is InputNotMedia
    assert type(refusal_of(tmp_path / "a.bmp")) is InputNotMedia


def test_one_reader_serves_many_threads(tmp_path: Path) -> None:
    paths = [tmp_path / f"a.{extension}" for extension in EXTENSIONS]
    for path in paths:
        scene().save(path)
    reader = PillowReader(Limits())
    with ThreadPoolExecutor(4) as threads:
        for frame in threads.map(reader.read, paths * 10):
            assert_is_the_scene(frame.image)


def test_fifty_pictures_leave_no_file_open(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg")
    (tmp_path / "damaged.png").write_bytes(encoded(scene(), "PNG")[:100])
    read(tmp_path / "a.jpg")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        read(tmp_path / "a.jpg")
        refusal_of(tmp_path / "damaged.png")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
