import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.integration.images.pictures import (
    EXTENSIONS,
    HEIGHT,
    WIDTH,
    assert_is_the_scene,
    encoded,
    png,
    read,
    refusal_of,
    scene,
)

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
    """Whole, it would take 60 MB and as much again to turn and keep."""
    path = tmp_path / "a.jpg"
    Image.new("RGB", (5000, 4000), (200, 40, 90)).save(path)
    assert read(path, Limits(picture_side=1000, picture_memory=64_000_000)).shape == (800, 1000, 3)
    assert type(refusal_of(path, Limits(picture_side=5000, picture_memory=64_000_000))) is PictureTooLarge


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
