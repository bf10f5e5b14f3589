"""Scenes and images of a library in which faces are squares and people are colours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ArrayFilms, Colour, decision, finder, picture, save_film

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import Cancelled, InputNotMedia, NotOnServer, SpritesUnusable
from stash_sense.identification.frame_places import FramePlaces
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.library_reading import ReadScene
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Identification
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.library.media import Scene, ScenePaths, VideoFile
from stash_sense.library.paths import PathMap
from stash_sense.library.server import MediaRequest, Picture
from stash_sense.media.address import Address
from stash_sense.media.frame import Frame
from stash_sense.media.ports import FrameSource
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.space import unit

AT = datetime(2026, 11, 20, tzinfo=UTC)
STASH = "http://stash.example:9999"
REDDISH = (250, 134, 40)
"""Cosine of 0.78 to red: too little for a name, but with the boost of who is tagged."""
PATHS = ScenePaths("/scene/1/screenshot", "/scene/x_sprite.jpg", "/scene/x_thumbs.vtt")


class FakeMedia:
    """The media of a library; sends nothing itself."""

    def request(self, url: str) -> MediaRequest:
        return MediaRequest(STASH + url, {"ApiKey": "secret"})

    def stream(self, scene_id: str) -> MediaRequest:
        return self.request(f"/scene/{scene_id}/stream")

    async def picture(self, url: str, most_bytes: int = 0) -> Picture:
        raise NotImplementedError


class FakeRemote:
    """A `RemoteMedia` with frames, or films on the disk, by the path of their address."""

    def __init__(self, there: Mapping[str, Frame | Path | Exception]) -> None:
        self.asked: list[Address] = []
        self._there = there

    @contextmanager
    def open(self, address: Address, cancel: CancelToken) -> Iterator[Frame | FrameSource]:
        found = self._of(address)
        if isinstance(found, Frame):
            yield found
        else:
            with ArrayFilms().open(found) as film:
                yield film

    def sprites(
        self, address: Address, duration: float | None, cancel: CancelToken, sheet: Address | None = None
    ) -> FrameSource:
        found = self._of(address)
        assert isinstance(found, Path)
        assert sheet is not None
        assert sheet.url.endswith("_sprite.jpg")
        return ArrayFilms().open(found).__enter__()

    def _of(self, address: Address) -> Frame | Path:
        self.asked.append(address)
        found = self._there.get(address.url.removeprefix(STASH), NotOnServer(address=address))
        if isinstance(found, Exception):
            raise found
        return found


def identifier(remote: FakeRemote, folder: Path, **request: object) -> LibraryIdentifier:
    references = [
        (KnownPerson(f"id-{name}", name), unit(np.array([colour], np.float32) - 128))
        for name, colour in (("Red", RED), ("Blue", BLUE))
    ]
    recognizer = Recognizer("colours", finder(), decision(), ArrayFilms(), PillowReader(Limits()), remote)
    places = FramePlaces(PathMap.parse(f"/library={folder}"), size_of, FakeMedia(), STASH)
    return LibraryIdentifier(recognizer, Gallery.of("colours", references, 3), places, Request(**request))  # type: ignore[arg-type]


def size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def scene(*files: VideoFile, paths: ScenePaths = PATHS) -> ReadScene:
    return ReadScene(
        Scene("1", "", "", "", "", "", (), None, False, AT, AT, files, paths, None, (), (), (), ()),
        (),
    )


def file(size: int, path: str = "/library/film.mp4") -> VideoFile:
    return VideoFile("1", path, size, 6.0, 320, 200, 1.0, "h264", "", ())


def film(path: Path, colour: Colour = RED, seconds: int = 6) -> Path:
    return save_film(path, [picture((colour, 10 + second, 40, 60)) for second in range(seconds)])


def names(result: Identification) -> list[str]:
    return [person.name for person in result.persons]


def tried(result: Identification) -> list[tuple[str, str]]:
    assert result.library is not None
    return [(one.frames_from.value, one.failure.code) for one in result.library.attempts]


def test_the_file_is_taken_where_it_is_ours_and_only_the_cover_is_asked_for(tmp_path: Path) -> None:
    ours = film(tmp_path / "film.mp4")
    remote = FakeRemote({PATHS.screenshot: Frame(picture((BLUE, 10, 40, 60)), None)})
    result = identifier(remote, tmp_path).scene(scene(file(ours.stat().st_size))).result
    assert (result.source, names(result), result.frames_analyzed, result.duration) == ("scene 1", ["Red"], 7, 6.0)
    assert [address.url for address in remote.asked] == [STASH + PATHS.screenshot]
    assert (remote.asked[0].headers, remote.asked[0].named) == ({"ApiKey": "secret"}, STASH)


def test_who_is_on_the_cover_and_in_one_frame_is_seen_in_two(tmp_path: Path) -> None:
    frames = [picture((RED, 10, 40, 60))] * 5
    frames[3] = picture((RED, 10, 40, 60), (BLUE, 200, 50, 80))
    ours = save_film(tmp_path / "film.mp4", frames)
    read = scene(file(ours.stat().st_size))
    assert names(identifier(FakeRemote({}), tmp_path).scene(read).result) == ["Red"]
    covered = FakeRemote({PATHS.screenshot: Frame(picture((BLUE, 30, 60, 90), size=(200, 200)), None)})
    found = identifier(covered, tmp_path).scene(read)
    blue = next(person for person in found.result.persons if person.name == "Blue")
    assert [sighting.t for sighting in blue.sightings] == [3.0, None]
    assert (found.result.width, found.result.height) == (320, 200)
    assert found.found is not None
    assert len(found.found.faces.vectors) >= 3


@pytest.mark.parametrize("cover", [InputNotMedia(path="cover"), "film"])
def test_a_cover_that_is_no_picture_is_passed_over(tmp_path: Path, cover: Exception | str) -> None:
    ours = film(tmp_path / "film.mp4")
    remote = FakeRemote({PATHS.screenshot: ours if isinstance(cover, str) else cover})
    result = identifier(remote, tmp_path).scene(scene(file(ours.stat().st_size))).result
    assert (names(result), result.frames_analyzed) == (["Red"], 6)
    assert result.library is not None
    assert not result.library.with_cover


def test_the_next_place_is_taken_where_one_fails_and_nothing_of_that_one_counts(tmp_path: Path) -> None:
    broken = tmp_path / "film.mp4"
    broken.write_bytes(b"no film at all")
    sprites = film(tmp_path / "sprites", BLUE)
    remote = FakeRemote({"/scene/1/stream": InputNotMedia(path="stream"), PATHS.vtt: sprites})
    result = identifier(remote, tmp_path).scene(scene(file(broken.stat().st_size))).result
    assert names(result) == ["Blue"]
    assert result.library is not None
    assert result.library.frames_from is FramesFrom.SPRITES
    assert [kind for kind, _ in tried(result)] == ["file", "stream"]


def test_where_all_places_fail_the_first_says_why(tmp_path: Path) -> None:
    remote = FakeRemote({PATHS.vtt: SpritesUnusable(path="x", reason="none")})
    result = identifier(remote, tmp_path).scene(scene(file(100))).result
    assert result.failure is not None
    assert result.failure.code == "not_on_server"
    assert tried(result) == [("stream", "not_on_server"), ("sprites", "sprites_unusable")]
    assert "secret" not in result.failure.message


def test_every_file_of_a_scene_is_looked_for(tmp_path: Path) -> None:
    ours = film(tmp_path / "second.mp4", GREEN)
    read = scene(file(5, "/library/gone.mp4"), file(ours.stat().st_size, "/library/second.mp4"))
    found = identifier(FakeRemote({}), tmp_path).scene(read)
    assert found.result.failure is None
    assert len(found.result.unknown) == 1


def test_who_is_tagged_is_found_a_little_more_easily(tmp_path: Path) -> None:
    ours = film(tmp_path / "film.mp4", REDDISH)
    read = scene(file(ours.stat().st_size))
    plain = identifier(FakeRemote({}), tmp_path).scene(read).result
    tagged = identifier(FakeRemote({}), tmp_path, tagged=frozenset({"Red"})).scene(read).result
    other = identifier(FakeRemote({}), tmp_path, tagged=frozenset({"Blue"})).scene(read).result
    assert (names(plain), names(tagged), names(other)) == ([], ["Red"], [])
    assert tagged.persons[0].tagged


def test_whoever_leaves_is_not_answered(tmp_path: Path) -> None:
    ours = film(tmp_path / "film.mp4")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        identifier(FakeRemote({}), tmp_path).scene(scene(file(ours.stat().st_size)), cancel=cancel)
