"""Sprites and pictures on servers, as a Stash has them and as somebody else may."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.integration.video.network import PLAN, address, frames_at, opener
from tests.running_service import png

from stash_sense.errors import (
    InputEmpty,
    InputIsPage,
    InputNotMedia,
    NotOnServer,
    PictureDamaged,
    PictureTooLarge,
    SpritesUnusable,
    StashSenseError,
    StreamTooLarge,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan

VTT, SHEET = "abc_thumbs.vtt", "abc_sprite.jpg"
DURATION = 61.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReleaseServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    with ReleaseServer(folder) as running:
        yield running


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"


def write_sprites(
    folder: Path, width: int = 160, height: int = 90, side: int = 9, name: str = SHEET, step: float = 0.75
) -> None:
    """Write a sheet whose every sprite is as bright as its number, and its WebVTT, as Stash does."""
    count = side * side
    bright = np.arange(count, dtype=np.uint8).reshape(side, side) * (240 // count)
    sheet = np.repeat(np.repeat(bright, height, 0), width, 1)[:, :, None].repeat(3, 2)
    Pillow.fromarray(sheet).save(folder / SHEET, quality=95)
    cues = (
        f"{clock(place * step)} --> {clock((place + 1) * step)}\n"
        f"{name}#xywh={place % side * width},{place // side * height},{width},{height}\n\n"
        for place in range(count)
    )
    (folder / VTT).write_text("WEBVTT\n\n" + "".join(cues))


def failure_at(place: Address, limits: Limits | None = None) -> StashSenseError:
    with pytest.raises(StashSenseError) as caught:
        frames_at(place, limits)
    assert "http://127.0.0.1" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(("width", "height"), [(160, 90), (160, 284)])
@pytest.mark.parametrize("side", [9, 3, 10])
def test_sprites_come_with_the_times_they_were_taken_at(
    server: ReleaseServer, width: int, height: int, side: int
) -> None:
    write_sprites(server.folder, width, height, side)
    video = opener().sprites(address(server, VTT), DURATION, CancelToken())
    frames = list(video.frames(PLAN, CancelToken()))
    assert video.info.duration == DURATION
    assert len(frames) == min(20, len(frames))
    for frame in frames:
        number = round(float(frame.image[height // 2, width // 2, 0]) / (240 // (side * side)))
        assert frame.image.shape == (height, width, 3)
        assert frame.t == pytest.approx(number * DURATION / (side * side))
    assert list(dict.fromkeys(request.path for request in server.requests)) == [VTT, SHEET]


def test_a_first_cue_that_leads_elsewhere_is_passed_over(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    path = server.folder / VTT
    bad = "00:00.000 --> 00:00.100\nhttp://127.0.0.1:1/logo.png#xywh=0,0,160,90\n\n"
    path.write_text(path.read_text().replace("WEBVTT\n\n", f"WEBVTT\n\n{bad}"))
    assert len(frames_at(address(server, VTT))) == 20
    assert {request.path for request in server.requests} == {VTT, SHEET}


def test_the_address_of_a_webvtt_gives_frames_as_that_of_a_video_does(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    frames = frames_at(address(server, VTT))
    assert len(frames) == 20
    assert all(frame.t is not None and frame.t % 0.75 == pytest.approx(0) for frame in frames)


def test_the_sheet_gets_the_key_that_its_webvtt_has(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    frames_at(address(server, f"{VTT}?apikey=secret", {"ApiKey": "other"}))
    assert {(request.path, request.query, request.headers["apikey"]) for request in server.requests} == {
        (VTT, "apikey=secret", "other"),
        (SHEET, "apikey=secret", "other"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1:1/a.jpg",
        "//example.com/a.jpg",
        "https://127.0.0.1/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "http://[/",
        "",
    ],
)
def test_a_sheet_on_another_server_is_not_asked_for(server: ReleaseServer, name: str) -> None:
    write_sprites(server.folder, name=name)
    assert isinstance(failure_at(address(server, VTT)), SpritesUnusable)
    assert [request.path for request in server.requests] == [VTT]


def test_a_sheet_may_be_named_in_full_or_from_the_root(server: ReleaseServer) -> None:
    for name in (f"{server.url}/{SHEET}", f"/{SHEET}", f"./{SHEET}", f"//127.0.0.1:{server.port}/{SHEET}"):
        write_sprites(server.folder, name=name)
        assert len(frames_at(address(server, VTT))) == 20


def test_a_missing_sheet_is_said_to_be_missing(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    (server.folder / SHEET).unlink()
    assert isinstance(failure_at(address(server, VTT)), NotOnServer)
    assert isinstance(failure_at(address(server, "no.vtt")), NotOnServer)


def test_a_webvtt_without_its_first_line_is_told_by_its_name(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    text = (server.folder / VTT).read_text()
    (server.folder / VTT).write_text(text.removeprefix("WEBVTT\n\n"))
    assert len(frames_at(address(server, VTT))) == 20


def test_bad_cues_are_left_out_and_the_others_are_used(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    text = (server.folder / VTT).read_text()
    bad = f"00:00:30.000 --> 00:00:31.000\n{SHEET}#xywh=-10,0,160,90\n\n00:00:30.000 -> x\n\n"
    (server.folder / VTT).write_text(
        text.replace("WEBVTT\n\n", f"WEBVTT\n\n{bad}").replace("xywh=0,0,", "xywh=9999,0,")
    )
    assert len(frames_at(address(server, VTT))) == 20


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("WEBVTT\n", Limits()),
        (f"WEBVTT\n\n00:00 --> 00:01\n{SHEET}#xywh=9000,9000,160,90\n", Limits()),
        (f"WEBVTT\n\n00:00 --> 00:01\n{SHEET}#xywh=0,0,5,5\n", Limits()),
        ("WEBVTT\n\n" + f"00:00 --> 00:01\n{SHEET}#xywh=0,0,160,90\n\n" * 20, Limits(sprites=19)),
    ],
)
def test_a_webvtt_without_sprites_that_can_be_used_is_refused(
    server: ReleaseServer, text: str, limits: Limits
) -> None:
    write_sprites(server.folder)
    (server.folder / VTT).write_text(text)
    assert isinstance(failure_at(address(server, VTT), limits), SpritesUnusable)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(list_bytes=1000), StreamTooLarge),
        (Limits(picture_bytes=1000), StreamTooLarge),
        (Limits(picture_pixels=1_000_000), PictureTooLarge),
    ],
)
def test_sprites_are_read_within_limits(server: ReleaseServer, limits: Limits, error: type[StashSenseError]) -> None:
    write_sprites(server.folder)
    assert isinstance(failure_at(address(server, VTT), limits), error)


def test_a_sheet_that_would_be_made_smaller_is_refused(server: ReleaseServer) -> None:
    write_sprites(server.folder)
    Pillow.new("RGB", (9000, 100)).save(server.folder / SHEET)
    assert isinstance(failure_at(address(server, VTT)), SpritesUnusable)


@pytest.mark.parametrize("fault", [Fault(), Fault(ignore_range=True), Fault(ignore_range=True, without_length=True)])
def test_a_picture_is_read_whole_with_and_without_parts(server: ReleaseServer, fault: Fault) -> None:
    (server.folder / "image").write_bytes(png(600, 400))
    server.faults["image"] = [fault]
    (frame,) = frames_at(address(server, "image"))
    assert frame.t is None
    assert frame.image.shape == (400, 600, 3)
    assert isinstance(opener().picture(address(server, "image"), CancelToken()), Frame)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", InputEmpty),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", InputNotMedia),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, PictureDamaged),
        (png()[:40], PictureDamaged),
    ],
)
def test_what_is_no_picture_is_refused_by_its_address(
    server: ReleaseServer, content: bytes, error: type[StashSenseError]
) -> None:
    (server.folder / "a.png").write_bytes(content)
    failure = failure_at(address(server, "a.png"))
    assert type(failure) is error
    assert f"{server.url}/a.png" in str(failure)


def test_a_picture_has_bounds_on_bytes_and_pixels(server: ReleaseServer) -> None:
    large = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)).save(large, "PNG")
    (server.folder / "a.png").write_bytes(large.getvalue())
    assert isinstance(failure_at(address(server, "a.png"), Limits(picture_bytes=100_000)), StreamTooLarge)
    assert isinstance(failure_at(address(server, "a.png"), Limits(picture_pixels=80_000)), PictureTooLarge)


def test_a_page_in_place_of_a_picture_is_told(server: ReleaseServer) -> None:
    (server.folder / "a.png").write_bytes(png())
    server.faults["a.png"] = [Fault(headers={"Content-Type": "text/html"})]
    assert isinstance(failure_at(address(server, "a.png")), InputIsPage)


RECORDED = Path(__file__).resolve().parents[4] / "shared/data/stash/media"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recording of real servers is not here")
@pytest.mark.parametrize(("name", "size"), [("sprite", (90, 160, 3)), ("sprite-vertical", (284, 160, 3))])
def test_the_sprites_of_a_real_stash_are_read(server: ReleaseServer, name: str, size: tuple[int, int, int]) -> None:
    text = (RECORDED / f"{name}.vtt").read_text()
    (server.folder / "a.vtt").write_text(text)
    sheet = text.partition("\n\n")[2].splitlines()[1].partition("#")[0]
    (server.folder / sheet).write_bytes((RECORDED / f"{name}.jpg").read_bytes())
    video = opener().sprites(address(server, "a.vtt"), 8.2, CancelToken())
    frames = list(video.frames(SamplingPlan(200, 0.0, 1.0), CancelToken()))
    assert len(frames) == 81
    assert {frame.image.shape for frame in frames} == {size}
    assert sorted(frame.t or 0.0 for frame in frames) == pytest.approx([place * 8.2 / 81 for place in range(81)])
