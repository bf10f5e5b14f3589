"""Where the frames of a scene or image may be had, the best first."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stash_sense.errors import LibraryFileNotHere, LibraryItemWithoutFile
from stash_sense.identification.frame_places import FramePlaces, Offer
from stash_sense.identification.subject import FramesFrom, SpriteSheet
from stash_sense.library.media import Image, ImageFile, Scene, ScenePaths, VideoFile
from stash_sense.library.paths import PathMap
from stash_sense.library.server import MediaRequest, Picture
from stash_sense.media.address import Address

AT = datetime(2026, 11, 20, tzinfo=UTC)
STASH = "http://stash.example"
PATHS = ScenePaths("/cover", "/sprite.jpg", "/thumbs.vtt")


class Asking:
    """Says how to ask for the media of a library."""

    def request(self, url: str) -> MediaRequest:
        return MediaRequest(STASH + url, {"ApiKey": "secret"})

    def stream(self, scene_id: str) -> MediaRequest:
        return self.request(f"/scene/{scene_id}/stream")

    async def picture(self, url: str, most_bytes: int = 0) -> Picture:
        raise NotImplementedError


def places(sizes: Mapping[str, int]) -> FramePlaces:
    return FramePlaces(
        PathMap.parse("/theirs=/ours"), {Path(path): size for path, size in sizes.items()}.get, Asking(), STASH
    )


def scene(*files: VideoFile, paths: ScenePaths = PATHS) -> Scene:
    return Scene("12", "", "", "", "", "", (), None, False, AT, AT, files, paths, None, (), (), (), ())


def video(path: str, size: int = 100, duration: float = 60.0) -> VideoFile:
    return VideoFile("1", path, size, duration, 0, 0, 0.0, "", "", ())


def image(*files: ImageFile) -> Image:
    return Image("7", "", "", "", "", "", (), None, False, AT, AT, files, "/image/7/image", "", None, (), (), ())


def kinds(offers: tuple[Offer, ...]) -> list[str]:
    return [offer.kind.value for offer in offers]


def test_the_file_comes_before_the_stream_and_the_stream_before_the_sprites() -> None:
    offers = places({"/ours/a.mp4": 100}).of_scene(scene(video("/theirs/a.mp4")))
    assert kinds(offers) == ["file", "stream", "sprites"]
    assert offers[0].place == Path("/ours/a.mp4")
    stream, sprites = offers[1].place, offers[2].place
    assert isinstance(stream, Address)
    assert (stream.url, stream.headers, stream.named) == (f"{STASH}/scene/12/stream", {"ApiKey": "secret"}, STASH)
    assert isinstance(sprites, SpriteSheet)
    assert (sprites.cues.url, sprites.sheet.url, sprites.duration) == (
        f"{STASH}/thumbs.vtt",
        f"{STASH}/sprite.jpg",
        60,
    )


@pytest.mark.parametrize(
    ("path", "sizes"),
    [
        ("/theirs/a.mp4", {}),
        ("/theirs/a.mp4", {"/ours/a.mp4": 99}),
        ("/theirs/a.mp4", {"/theirs/a.mp4": 100}),
        ("C:\\a.mp4", {"/ours/a.mp4": 100}),
    ],
)
def test_a_file_that_is_not_here_or_of_another_size_is_not_taken(path: str, sizes: dict[str, int]) -> None:
    assert kinds(places(sizes).of_scene(scene(video(path)))) == ["stream", "sprites"]
    with pytest.raises(LibraryFileNotHere, match="scene 12"):
        places(sizes).of_scene(scene(video(path)), FramesFrom.FILE)


def test_only_one_kind_of_place_may_be_wanted() -> None:
    here = places({"/ours/a.mp4": 100, "/ours/b.mp4": 5})
    files = scene(video("/theirs/a.mp4"), video("/theirs/b.mp4", 5))
    assert kinds(here.of_scene(files, FramesFrom.FILE)) == ["file", "file"]
    assert kinds(here.of_scene(files, FramesFrom.SPRITES)) == ["sprites"]


def test_a_duration_that_is_not_known_is_not_told() -> None:
    (sprites,) = places({}).of_scene(scene(video("/x", duration=0.0)), FramesFrom.SPRITES)
    assert isinstance(sprites.place, SpriteSheet)
    assert sprites.place.duration is None


def test_what_has_no_file_has_no_place() -> None:
    with pytest.raises(LibraryItemWithoutFile, match="scene 12"):
        places({}).of_scene(scene())
    with pytest.raises(LibraryItemWithoutFile, match="image 7"):
        places({}).of_image(image())


def test_an_image_is_its_file_or_what_stash_sends() -> None:
    one = image(ImageFile("1", "/theirs/a.jpg", 10, 0, 0, False, ()))
    assert kinds(places({"/ours/a.jpg": 10}).of_image(one)) == ["file", "stream"]
    packed = image(ImageFile("1", "/theirs/a.zip/b.jpg", 10, 0, 0, False, ()))
    assert kinds(places({"/ours/a.zip": 10}).of_image(packed)) == ["stream"]
