"""Galleries and scenes with what is in real libraries besides good files: each says what is wrong with it, alone."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.integration.identification.library_media import BIDEN, COLLINS, OBAMA, change
from tests.media_files import write_video

from stash_sense.bootstrap import Services
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.library_result import IdentifiedItem
from stash_sense.identification.result import Identification
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.arrays import Image as Pixels
from stash_sense.samples import PEOPLE, STRANGER

_TWELVE_HOURS = 12 * 3600.0


def portrait(name: str) -> Path:
    return PEOPLE / name / "portrait.jpg"


def filed(stash: SimulatedStash, path: Path, content: bytes | None = None) -> dict[str, Any]:
    """The row of a file; with other content, as if Stash had found that."""
    row = next(row for row in stash.state.tables["files"].values() if row["path"] == str(path))
    if content is not None:
        path.write_bytes(content)
        change(stash, "files", row["id"], size=len(content))
    return dict(row)


def image_of(stash: SimulatedStash, path: Path) -> str:
    file = filed(stash, path)["id"]
    return str(next(row["id"] for row in stash.state.tables["images"].values() if file in row["files"]))


def code(item: IdentifiedItem | Identification) -> str | None:
    result = item.result if isinstance(item, IdentifiedItem) else item
    return None if result.failure is None else result.failure.code


def names(result: Identification) -> set[str]:
    return {person.name for person in result.persons}


def placed_in(result: Identification) -> FramesFrom | None:
    assert result.library is not None
    return result.library.frames_from


class Folder:
    """A folder of pictures that the Stash of a test finds as a gallery.

    Args:
        media: the library.
        stash: to find it.
        name: of the folder.
    """

    def __init__(self, media: Path, stash: SimulatedStash, name: str) -> None:
        self._stash = stash
        self.path = media / name
        self.path.mkdir()

    def add(self, name: str, person: Path = STRANGER, side: int = 0) -> Path:
        """Put a picture into it, of a size of its own, so that no two are the same."""
        path = self.path / name
        with Image.open(person) as picture:
            (picture.resize((side, side)) if side else picture).save(path)
        return path

    def found(self) -> str:
        """Have it found; gives the id of the gallery."""
        self._stash.work.find(())
        tables = self._stash.state.tables
        own = next(row["id"] for row in tables["folders"].values() if row["path"] == str(self.path))
        return str(next(row["id"] for row in tables["galleries"].values() if row["folder"] == own))


def looked_at(services: Services, identifier: LibraryIdentifier, gallery: str) -> tuple[dict[str, Any], Any]:
    read = services.read_gallery(gallery)
    count = identifier.count_of(read)
    items = {item.id: item for item in identifier.images(read, count)}
    return items, identifier.gallery(read, count)


def huge() -> bytes:
    """A picture of 200 megapixels, 25 kB."""
    content = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(content, "PNG", optimize=False, compress_level=9)
    return content.getvalue()


def test_every_image_of_a_gallery_is_told_on_its_own(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    folder = Folder(media, stash, "mixed")
    good = folder.add("good.jpg", portrait(OBAMA))
    moving = folder.add("moving.gif", portrait(BIDEN), 300)
    broken, large, packed, gone = (folder.add(f"{place}.png", side=90 + place) for place in range(4))
    gallery = folder.found()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(good, "good.jpg")
    filed(stash, broken, broken.read_bytes()[:900])
    filed(stash, large, huge())
    filed(stash, packed, archive.getvalue())
    gone_id = image_of(stash, gone)
    gone.unlink()
    with Image.open(portrait(BIDEN)) as face:
        frames = [face.resize((300, 300)), Image.new("RGB", (300, 300))]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=100)
    filed(stash, moving, content.getvalue())
    items, found = looked_at(services, identifier, gallery)
    told = {path.name: code(items[image_of(stash, path)]) for path in (good, moving, broken, large, packed)}
    assert told == {
        "good.jpg": None,
        "moving.gif": None,
        "0.png": "picture_damaged",
        "1.png": "picture_too_large",
        "2.png": "input_not_media",
    }
    assert code(items[gone_id]) == "not_on_server"
    assert (found.total_images, found.images_processed) == (6, 2)
    assert {person.name for person in found.persons} == {OBAMA, BIDEN}


def test_images_in_a_zip_come_from_stash(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    folder = Folder(media, stash, "zipped")
    inside = folder.add("inside.jpg", portrait(COLLINS))
    gallery = folder.found()
    with zipfile.ZipFile(media / "set.zip", "w") as archive:
        archive.write(inside, "inside.jpg")
    file = filed(stash, inside)
    # As Stash names what is in an archive: below the archive, as if that were a folder.
    change(stash, "files", file["id"], path=str(media / "set.zip" / "inside.jpg"))
    items, found = looked_at(services, identifier, gallery)
    (item,) = items.values()
    assert (names(item.result), placed_in(item.result)) == ({COLLINS}, FramesFrom.STREAM)
    assert found.images_processed == 1


def test_one_file_in_two_galleries_is_one_image_of_each(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    galleries = []
    for name in ("first", "second"):
        folder = Folder(media, stash, name)
        shutil.copy(portrait(OBAMA), folder.path / "same.jpg")
        galleries.append(folder.found())
    told = [looked_at(services, identifier, gallery) for gallery in galleries]
    assert told[0][0].keys() == told[1][0].keys()
    for _, found in told:
        assert {person.name: len(person.image_ids) for person in found.persons} == {OBAMA: 1}
    change(stash, "files", filed(stash, media / "first" / "same.jpg")["id"], path="/gone/same.jpg")
    (item,) = looked_at(services, identifier, galleries[0])[0].values()
    assert placed_in(item.result) is FramesFrom.FILE  # the other copy


def scene(services: Services, identifier: LibraryIdentifier, wanted: FramesFrom | None = None) -> Identification:
    return identifier.scene(services.read_scene("1"), wanted).result


def tried(result: Identification) -> dict[str, str]:
    assert result.library is not None
    return {one.frames_from.value: one.failure.code for one in result.library.attempts}


def test_a_scene_that_is_deleted_after_it_was_read_says_so(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    read = services.read_scene("1")
    with stash.state.transaction():
        stash.state.remove("scenes", 1)
    (media / "film.mp4").unlink()
    result = identifier.scene(read).result
    assert code(result) == "not_on_server"
    assert set(tried(result).values()) == {"not_on_server"}
    assert result.persons == ()


def test_a_codec_that_nobody_knows_is_said_to_be_none_and_sprites_are_taken(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    scene(services, identifier, FramesFrom.SPRITES)  # Stash has made them
    film = media / "film.mp4"
    content = film.read_bytes()
    assert content.count(b"avc1") >= 1
    filed(stash, film, content.replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    stash.media._is_there = lambda *_: True  # type: ignore[method-assign]
    result = scene(services, identifier)
    assert (names(result), placed_in(result)) == ({OBAMA, COLLINS, BIDEN}, FramesFrom.SPRITES)
    assert tried(result).keys() == {"file", "stream"}
    assert set(tried(result).values()) <= {"input_not_media", "video_damaged"}


def test_where_stash_has_made_no_sprites_there_are_none(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash
) -> None:
    stash.media._is_there = lambda *_: False  # type: ignore[method-assign]
    result = scene(services, identifier, FramesFrom.SPRITES)
    assert code(result) == "not_on_server"
    assert tried(result) == {"sprites": "not_on_server"}


@pytest.fixture
def faces() -> list[Pixels]:
    """Two people, each on a picture of 360 x 360."""
    pictures = []
    for name in (OBAMA, BIDEN):
        with Image.open(portrait(name)) as picture:
            square = picture.convert("RGB").crop((0, 0, min(picture.size), min(picture.size)))
            pictures.append(np.asarray(square.resize((360, 360))))
    return pictures


def shown(faces: list[Pixels], size: tuple[int, int], count: int) -> list[Pixels]:
    """So many frames: the first half shows the one, the second the other."""
    frames = []
    for number in range(count):
        frame = np.full((size[1], size[0], 3), 90, np.uint8)
        top, left = (size[1] - 360) // 2, (size[0] - 360) // 2
        frame[top : top + 360, left : left + 360] = faces[number * 2 // count]
        frames.append(frame)
    return frames


@pytest.mark.parametrize("wanted", [FramesFrom.FILE, FramesFrom.STREAM])
def test_a_video_of_twelve_hours_is_looked_at_from_one_end_to_the_other(
    services: Services,
    identifier: LibraryIdentifier,
    stash: SimulatedStash,
    media: Path,
    faces: list[Pixels],
    wanted: FramesFrom,
) -> None:
    times = np.linspace(0.0, _TWELVE_HOURS, 73).tolist()
    film = write_video(media / "long.mp4", gop=1, times=times, pictures=shown(faces, (640, 368), 73), size=(640, 368))
    filed(stash, media / "film.mp4", film.read_bytes())
    result = scene(services, identifier, wanted)
    assert names(result) == {OBAMA, BIDEN}
    assert result.duration == pytest.approx(_TWELVE_HOURS, rel=0.02)
    when = {person.name: [one.t or 0.0 for one in person.sightings if one.t is not None] for person in result.persons}
    assert max(when[OBAMA]) < _TWELVE_HOURS / 2 + 1 < min(when[BIDEN]) + 700
    assert max(when[BIDEN]) > 0.9 * _TWELVE_HOURS
    assert result.frames_analyzed <= 61


@pytest.mark.parametrize("flags", ["", "faststart"], ids=["index at the end", "index in front"])
def test_an_upright_video_is_looked_at_upright_wherever_its_index_is(
    services: Services,
    identifier: LibraryIdentifier,
    stash: SimulatedStash,
    media: Path,
    faces: list[Pixels],
    flags: str,
) -> None:
    lying = [np.rot90(frame, -1).copy() for frame in shown(faces, (368, 640), 40)]
    film = write_video(
        media / "upright.mp4",
        gop=2,
        rotation=90,
        pictures=lying,
        size=(640, 368),
        container_options={"movflags": flags} if flags else None,
    )
    content = film.read_bytes()
    assert (content.index(b"moov") < content.index(b"mdat")) is bool(flags)
    filed(stash, media / "film.mp4", content)
    result = scene(services, identifier, FramesFrom.STREAM)
    assert (result.width, result.height) == (368, 640)
    assert names(result) == {OBAMA, BIDEN}
