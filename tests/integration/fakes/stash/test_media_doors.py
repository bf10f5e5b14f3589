import io
from collections.abc import Callable

import av
import pytest
from PIL import Image
from tests.integration.fakes.stash.conftest import Visitor

from stash_sense.fakes.stash.state import Picture

Visit = Callable[..., Visitor]


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


def test_a_screenshot_has_the_size_of_its_video_and_a_tag_by_which_it_is_kept(visit: Visit) -> None:
    visitor = visit()
    first = visitor.get("/scene/2/screenshot?t=1")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg")
    assert size_of(first.content) == (180, 320)
    assert "immutable" in first.headers["cache-control"]
    again = visitor.get("/scene/2/screenshot", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("sides", [{}, {"width": 0, "height": 0}, {"width": 640}])
def test_a_video_whose_size_is_not_told_is_drawn_in_a_usual_one(visit: Visit, sides: dict[str, int]) -> None:
    file = {"path": "/data/a.mp4", "basename": "a.mp4", "size": 100_000, **sides}
    visitor = visit(library={"scenes": [{"id": 1, "files": [file]}]})
    assert size_of(visitor.get("/scene/1/screenshot").content) == (1280, 720)
    assert len(visitor.get("/scene/1/stream").content) == 100_000


def test_a_drawn_video_is_as_long_as_it_was_told_and_can_be_played(visit: Visit) -> None:
    visitor = visit()
    answer = visitor.get("/scene/1/stream")
    assert len(answer.content) == 900_000
    with av.open(io.BytesIO(answer.content), "r") as container:
        frames = list(container.decode(video=0))
        assert container.duration == pytest.approx(20_000_000, rel=0.05)
    assert (frames[0].width, frames[0].height) == (320, 180)


def test_the_parts_of_a_video_make_up_the_whole(visit: Visit) -> None:
    visitor = visit()
    whole = visitor.get("/scene/1/stream").content
    spans = ("0-99999", "100000-899899", "-100")
    parts = [visitor.get("/scene/1/stream", Range=f"bytes={span}") for span in spans]
    assert {part.status_code for part in parts} == {206}
    assert b"".join(part.content for part in parts) == whole


def test_a_part_of_what_has_changed_is_sent_whole(visit: Visit) -> None:
    visitor = visit()
    whole = visitor.get("/scene/1/stream")
    held = visitor.get("/scene/1/stream", Range="bytes=0-9", **{"If-Range": whole.headers["last-modified"]})
    assert held.status_code == 206
    changed = visitor.get("/scene/1/stream", Range="bytes=0-9", **{"If-Range": "Mon, 01 Jan 2024 00:00:00 GMT"})
    assert changed.status_code == 200


@pytest.mark.parametrize("asked", ["bytes=abc", "items=0-1", "bytes=5-2", "bytes=-"])
def test_what_is_no_range_is_refused(visit: Visit, asked: str) -> None:
    refused = visit().get("/scene/1/stream", Range=asked)
    assert (refused.status_code, refused.text, refused.headers.get("content-range")) == (416, "invalid range\n", None)


def test_a_range_beyond_the_end_is_told_the_size(visit: Visit) -> None:
    refused = visit().get("/scene/1/stream", Range="bytes=900000-")
    assert (refused.status_code, refused.headers["content-range"]) == (416, "bytes */900000")


def test_several_ranges_at_once_are_not_answered_with_something_else(visit: Visit) -> None:
    answer = visit().get("/scene/1/stream", Range="bytes=0-1,5-6")
    assert (answer.status_code, answer.text) == (500, "not simulated: several ranges at once\n")


def test_what_has_not_changed_since_is_not_sent_again(visit: Visit) -> None:
    visitor = visit()
    first = visitor.get("/scene/1/stream")
    since = {"If-Modified-Since": first.headers["last-modified"]}
    again = visitor.get("/scene/1/stream", **since)
    assert (again.status_code, again.content) == (304, b"")
    assert visitor.get("/scene/1/stream", **{"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}).status_code == 200
    assert visitor.get("/scene/1/stream", **{"If-Modified-Since": "yesterday"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/scene/1/stream", "/scene/1/screenshot", "/scene/00000000000000a1_sprite.jpg", "/image/1/image"]
)
def test_no_media_have_a_head(visit: Visit, path: str) -> None:
    assert visit().http.head(path).status_code == 405


def test_sprites_are_81_cells_of_160_pixels_and_their_cues_name_them(visit: Visit) -> None:
    visitor = visit()
    paths = visitor.ask('{findScene(id:"2"){paths{sprite vtt}}}')["findScene"]["paths"]
    assert size_of(visitor.get(paths["sprite"]).content) == (160 * 9, 284 * 9)
    cues = visitor.get(paths["vtt"])
    assert cues.headers["content-type"].startswith("text/vtt")
    lines = cues.text.splitlines()
    assert lines[:4] == [
        "WEBVTT",
        "",
        "00:00:00.000 --> 00:00:00.240",
        "00000000000000b2_sprite.jpg#xywh=0,0,160,284",
    ]
    assert sum("xywh" in line for line in lines) == 81


def test_version_0_31_counts_and_sizes_sprites_as_it_is_configured(visit: Visit) -> None:
    visitor = visit(profile="0.31")
    visitor.ask(
        "mutation($i:ConfigGeneralInput!){configureGeneral(input:$i){useCustomSpriteInterval}}",
        i={"useCustomSpriteInterval": True, "spriteInterval": 2.0, "minimumSprites": 5, "spriteScreenshotSize": 80},
    )
    sprite = visitor.get("/scene/2/vtt/sprite")
    assert size_of(sprite.content) == (4 * 44, 4 * 80)


def test_what_was_not_generated_is_not_there_though_its_address_is(visit: Visit) -> None:
    library = {
        "scenes": [
            {
                "id": 1,
                "files": [
                    {
                        "path": "/a.mp4",
                        "duration": 9.0,
                        "width": 64,
                        "height": 48,
                        "fingerprints": [{"type": "oshash", "value": "00ab"}],
                    }
                ],
            }
        ]
    }
    visitor = visit(library=library)
    paths = visitor.ask('{findScene(id:"1"){paths{sprite vtt preview webp}}}')["findScene"]["paths"]
    assert {visitor.get(path).status_code for path in paths.values()} == {404}
    assert visitor.ask("{findScenes{scenes{paths{sprite}}}}")


def test_identical_requests_are_answered_with_identical_bytes_by_another_server(visit: Visit) -> None:
    first, second = visit(), visit()
    for path in ("/scene/1/screenshot", "/scene/1/stream", "/scene/1/vtt/sprite", "/image/1/image"):
        assert first.get(path).content == second.get(path).content


@pytest.mark.parametrize("path", ["/image/77/image", "/performer/77/image", "/tag/77/image", "/gallery/77/cover"])
def test_pictures_of_nobody_are_not_there(visit: Visit, path: str) -> None:
    assert visit().get(path).text == "Not Found\n"


def test_images_and_their_thumbnails_are_pictures(visit: Visit) -> None:
    visitor = visit()
    image = visitor.get("/image/1/image")
    assert (image.headers["content-type"], len(image.content), size_of(image.content)) == (
        "image/png",
        5000,
        (64, 48),
    )
    for path in ("/image/1/thumbnail", "/gallery/1/cover", "/gallery/1/preview/0"):
        assert visitor.get(path).headers["content-type"] == "image/jpeg"
    assert visitor.get("/gallery/1/preview/1").status_code == 404


def test_a_performer_without_a_picture_has_the_default_one(visit: Visit) -> None:
    visitor = visit()
    address = visitor.ask('{findPerformer(id:"1"){image_path}}')["findPerformer"]["image_path"]
    assert "default=true" in address
    assert size_of(visitor.get(address).content) == (850, 1250)
    with visitor.stash.state.transaction():
        visitor.stash.state.change("performers", 1)["picture"] = Picture(b"picture", "image/webp")
    address = visitor.ask('{findPerformer(id:"1"){image_path}}')["findPerformer"]["image_path"]
    assert "default" not in address
    assert visitor.get(address).content == b"picture"


def test_addresses_are_those_by_which_the_client_knows_the_server(visit: Visit) -> None:
    visitor = visit(prefix="/stash")
    assert visitor.stash.url.endswith("/stash")
    paths = visitor.ask('{findScene(id:"1"){paths{screenshot}}}')["findScene"]["paths"]
    assert paths["screenshot"].startswith(f"{visitor.stash.url}/scene/1/screenshot")
    assert visitor.http.get(f"{visitor.stash.url}box/scene/1/screenshot").status_code == 404
    assert visitor.get(paths["screenshot"]).status_code == 200
