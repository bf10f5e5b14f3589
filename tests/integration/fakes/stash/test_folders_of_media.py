import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.integration.fakes.stash.conftest import Visitor
from tests.media_files import HEIGHT, WIDTH, number_in, write_video

from stash_sense.fakes.stash.server import simulated_stash

FRAMES = 243
"""Three for every cell of a sheet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("media")
    (place / "films").mkdir()
    write_video(place / "films" / "numbers.mp4", frames=FRAMES, gop=9)
    (place / "films" / "broken.mp4").write_bytes(b"no video")
    (place / "notes.txt").write_text("nothing to see")
    Image.new("RGB", (30, 20), "red").save(place / "red.png")
    Image.new("RGB", (30, 20), "red").save(place / "films" / "red again.png")
    (place / "performers" / "Mara Quill").mkdir(parents=True)
    (place / "performers" / "Otto Fenn").mkdir()
    Image.new("RGB", (10, 10), "blue").save(place / "performers" / "Mara Quill" / "1.jpg")
    return place


@pytest.fixture
def visitor(folder: Path) -> Iterator[Visitor]:
    with simulated_stash(media=folder) as stash:
        visiting = Visitor(stash)
        yield visiting
        visiting.http.close()


def test_videos_are_scenes_with_what_is_in_their_files(visitor: Visitor, folder: Path) -> None:
    found = visitor.ask(
        "{findScenes{scenes{title files{"
        "path size width height frame_rate duration video_codec format fingerprints{type}}}}}"
    )["findScenes"]["scenes"]
    path = folder / "films" / "numbers.mp4"
    assert found == [
        {
            "title": "",
            "files": [
                {
                    "path": str(path),
                    "size": path.stat().st_size,
                    "width": WIDTH,
                    "height": HEIGHT,
                    "frame_rate": 30,
                    "duration": 8.1,
                    "video_codec": "h264",
                    "format": "mp4",
                    "fingerprints": [{"type": "oshash"}],
                }
            ],
        }
    ]
    assert visitor.get("/scene/1/stream").content == path.read_bytes()


def test_equal_pictures_are_one_image_with_two_files(visitor: Visitor, folder: Path) -> None:
    images = visitor.ask("{findImages{images{visual_files{... on ImageFile{path width height}}}}}")["findImages"][
        "images"
    ]
    files = [[file["path"] for file in image["visual_files"]] for image in images]
    assert files == [[str(folder / "films" / "red again.png"), str(folder / "red.png")]]
    assert visitor.get("/image/1/thumbnail").content == (folder / "red.png").read_bytes()


def test_folders_of_performers_are_performers_with_their_picture_and_nothing_else(visitor: Visitor) -> None:
    people = visitor.ask('{findPerformers(filter:{sort:"name"}){performers{name image_path}}}')["findPerformers"]
    assert [person["name"] for person in people["performers"]] == ["Mara Quill", "Otto Fenn"]
    shown, missing = (person["image_path"] for person in people["performers"])
    assert visitor.get(shown).headers["content-type"] == "image/jpeg"
    assert "default=true" in missing
    assert visitor.ask("{stats{scene_count image_count performer_count}}")["stats"] == {
        "scene_count": 1,
        "image_count": 1,
        "performer_count": 2,
    }


def test_the_cells_of_a_sheet_are_81_moments_of_the_video(visitor: Visitor) -> None:
    sheet = np.asarray(Image.open(io.BytesIO(visitor.get("/scene/1/vtt/sprite").content)))
    height = HEIGHT // 2
    assert sheet.shape[:2] == (9 * height, 9 * 160)
    numbers = []
    for index in range(81):
        top, left = index // 9 * height, index % 9 * 160
        cell = Image.fromarray(sheet[top : top + height, left : left + 160]).resize((WIDTH, HEIGHT))
        numbers.append(number_in(np.asarray(cell)))
    assert numbers == pytest.approx([index * FRAMES / 81 for index in range(81)], abs=1.01)


def test_a_scan_finds_what_came_since(tmp_path: Path) -> None:
    with simulated_stash(media=tmp_path) as stash:
        visitor = Visitor(stash)
        assert visitor.ask("{findImages{count}}") == {"findImages": {"count": 0}}
        Image.new("RGB", (8, 8)).save(tmp_path / "new.png")
        visitor.ask("mutation{metadataScan(input:{})}")
        while visitor.ask("{jobQueue{id}}")["jobQueue"]:
            pass
        assert visitor.ask("{findImages{count}}") == {"findImages": {"count": 1}}
        visitor.http.close()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder of what cannot be decoded: a video without its keyframe, a picture that ends too soon."""
    write_video(tmp_path / "whole.mkv", frames=30, gop=1000)
    with av.open(str(tmp_path / "whole.mkv")) as whole, av.open(str(tmp_path / "a ünï #?%.mkv"), "w") as film:
        copied = film.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(whole.streams.video[0]):
            if packet.dts is not None and not packet.is_keyframe:
                packet.stream = copied
                film.mux(packet)
    (tmp_path / "whole.mkv").unlink()
    noise = np.random.default_rng(3).integers(0, 255, (900, 1200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "torn.jpg")
    content = (tmp_path / "torn.jpg").read_bytes()
    (tmp_path / "torn.jpg").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "tiny.mp4").write_bytes(b"\0" * 8)
    (tmp_path / "nowhere.png").symlink_to("gone")
    return tmp_path


def test_what_cannot_be_decoded_has_the_default_picture_and_no_sprites(broken: Path) -> None:
    with simulated_stash(media=broken) as stash:
        visitor = Visitor(stash)
        scenes = visitor.ask("{findScenes{scenes{files{basename} paths{screenshot sprite vtt stream}}}}")
        (scene,) = scenes["findScenes"]["scenes"]
        assert scene["files"] == [{"basename": "a ünï #?%.mkv"}]
        paths = scene["paths"]
        assert visitor.get(paths["screenshot"]).headers["content-type"] == "image/svg+xml"
        assert [visitor.get(paths[kind]).status_code for kind in ("sprite", "vtt", "stream")] == [404, 404, 200]
        visitor.http.close()


def test_a_picture_that_ends_too_soon_is_its_own_thumbnail(broken: Path) -> None:
    with simulated_stash(media=broken) as stash:
        visitor = Visitor(stash)
        (image,) = visitor.ask("{findImages{images{paths{image thumbnail}}}}")["findImages"]["images"]
        content = (broken / "torn.jpg").read_bytes()
        assert {visitor.get(path).content for path in image["paths"].values()} == {content}
        visitor.http.close()


def test_what_cannot_be_hashed_does_not_stop_a_generation(broken: Path) -> None:
    write_video(broken / "zz.mp4", frames=30)
    with simulated_stash(media=broken) as stash:
        visitor = Visitor(stash)
        visitor.ask("mutation{metadataGenerate(input:{phashes:true})}")
        while visitor.ask("{jobQueue{id}}")["jobQueue"]:
            pass
        assert visitor.ask('{findJob(input:{id:"1"}){status}}') == {"findJob": {"status": "FINISHED"}}
        files = visitor.ask('{findScenes{scenes{files{fingerprint(type:"phash")}}}}')["findScenes"]["scenes"]
        assert [bool(scene["files"][0]["fingerprint"]) for scene in files] == [False, True]
        visitor.http.close()


def test_what_has_vanished_from_the_disk_is_not_found(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with simulated_stash(media=tmp_path) as stash:
        visitor = Visitor(stash)
        (tmp_path / "a.png").unlink()
        assert visitor.get("/image/1/image").status_code == 404
        visitor.http.close()


def test_a_scan_looks_below_its_paths_and_makes_what_it_is_asked_for(tmp_path: Path) -> None:
    with simulated_stash(media=tmp_path) as stash:
        visitor = Visitor(stash)
        for name in ("here", "here too"):
            (tmp_path / name).mkdir()
            write_video(tmp_path / name / "film.mp4", frames=30)
        scan = "mutation($i:ScanMetadataInput!){metadataScan(input:$i)}"
        visitor.ask(scan, i={"paths": [str(tmp_path / "here")], "scanGeneratePhashes": True})
        while visitor.ask("{jobQueue{id}}")["jobQueue"]:
            pass
        (scene,) = visitor.ask('{findScenes{scenes{files{path fingerprint(type:"phash")}}}}')["findScenes"]["scenes"]
        assert scene["files"][0]["path"] == str(tmp_path / "here" / "film.mp4")
        assert scene["files"][0]["fingerprint"]
        visitor.http.close()


def test_a_hash_of_the_picture_is_made_when_it_is_asked_for(visitor: Visitor) -> None:
    visitor.ask("mutation{metadataGenerate(input:{phashes:true})}")
    while visitor.ask("{jobQueue{id}}")["jobQueue"]:
        pass
    found = visitor.ask('{findScene(id:1){files{fingerprint(type:"phash")}}}')["findScene"]["files"][0]["fingerprint"]
    assert 0 < int(found, 16) < 1 << 64
