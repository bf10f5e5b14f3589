"""Scenes, images and galleries of a simulated Stash with real media, recognised with the real pack `lite`."""

from pathlib import Path

import pytest
from tests.integration.identification.library_media import BIDEN, COLLINS, OBAMA, change, performer
from tests.queue_files import until
from tests.running_service import running

from stash_sense.bootstrap import Services, build
from stash_sense.errors import StashIdUnknown
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Identification, LibraryFacts
from stash_sense.identification.subject import FramesFrom
from stash_sense.performers.building.enrolment import Enrolment
from stash_sense.settings import Settings


def names(result: Identification) -> set[str]:
    return {person.name for person in result.persons}


def facts(result: Identification) -> LibraryFacts:
    assert result.library is not None
    return result.library


def fetched(stash: SimulatedStash) -> str:
    return " ".join(path for _, path in stash.requests)


@pytest.mark.parametrize("wanted", [None, *FramesFrom])
def test_a_scene_names_its_people_wherever_its_frames_come_from(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, wanted: FramesFrom | None
) -> None:
    result = identifier.scene(services.read_scene("1"), wanted).result
    assert names(result) == {OBAMA, COLLINS, BIDEN}
    assert len(result.unknown) == 1
    assert facts(result).frames_from is (wanted or FramesFrom.FILE)
    assert facts(result).with_cover
    assert facts(result).attempts == ()
    assert ("/stream" in fetched(stash)) is (wanted is FramesFrom.STREAM)
    assert ("_sprite.jpg" in fetched(stash)) is (wanted is FramesFrom.SPRITES)
    assert result.duration == pytest.approx(25.5, abs=0.5)


def test_the_cover_is_one_more_frame(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash
) -> None:
    read = services.read_scene("1")
    with_cover = identifier.scene(read).result
    bare = read.scene._replace(paths=read.scene.paths._replace(screenshot=""))
    without = identifier.scene(type(read)(bare, read.performers)).result
    assert with_cover.frames_analyzed == without.frames_analyzed + 1
    assert not facts(without).with_cover
    assert (with_cover.width, with_cover.height) == (without.width, without.height)


def test_a_file_that_is_not_ours_is_left_alone_and_the_stream_is_taken(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash
) -> None:
    # Of another size than Stash says, so it is another file of that name.
    change(stash, "files", 1, size=stash.state.tables["files"][1]["size"] + 1)
    result = identifier.scene(services.read_scene("1")).result
    assert (names(result), facts(result).frames_from) == ({OBAMA, COLLINS, BIDEN}, FramesFrom.STREAM)
    refused = identifier.scene(services.read_scene("1"), FramesFrom.FILE).result
    assert refused.failure is not None
    assert refused.failure.code == "library_file_not_here"


def test_when_the_video_is_damaged_sprites_are_taken_and_what_was_tried_is_told(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, media: Path
) -> None:
    identifier.scene(services.read_scene("1"), FramesFrom.SPRITES)  # Stash has made them
    size = (media / "film.mp4").stat().st_size
    broken = media / "broken.mp4"
    broken.write_bytes(bytes(size))
    stash.media._is_there = lambda *_: True  # type: ignore[method-assign]
    change(stash, "files", 1, path=str(broken), source=broken)
    result = identifier.scene(services.read_scene("1")).result
    assert (names(result), facts(result).frames_from) == ({OBAMA, COLLINS, BIDEN}, FramesFrom.SPRITES)
    tried = [(one.frames_from, one.failure.code) for one in facts(result).attempts]
    assert [kind for kind, _ in tried] == [FramesFrom.FILE, FramesFrom.STREAM]
    assert {code for _, code in tried} == {"input_not_media"}


def test_a_scene_without_a_file_says_so_and_an_unknown_one_is_unknown(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash
) -> None:
    change(stash, "scenes", 1, files=[])
    result = identifier.scene(services.read_scene("1")).result
    assert result.failure is not None
    assert result.failure.code == "library_item_without_file"
    assert result.failure.message.startswith("scene 1 ")
    for read in (services.read_scene, services.read_image, services.read_gallery):
        with pytest.raises(StashIdUnknown):
            read("77")


def test_tagged_performers_are_marked_and_who_is_not_seen_or_not_known_is_told(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash
) -> None:
    with stash.state.transaction():
        stranger = stash.state.insert("performers", name="Nobody Here")["id"]
    change(stash, "scenes", 1, performers=[performer(stash, OBAMA), stranger])
    result = identifier.scene(services.read_scene("1")).result
    assert {person.name: person.tagged for person in result.persons} == {OBAMA: True, COLLINS: False, BIDEN: False}
    told = {one.name: (bool(one.person_ids), one.seen) for one in facts(result).performers}
    assert told == {OBAMA: (True, True), "Nobody Here": (False, False)}


@pytest.mark.parametrize("mode", ["template", "clustered_frequency"])
def test_a_gallery_groups_its_images_by_person_and_tells_each_that_failed(
    services: Services,
    recognizer: Recognizer,
    enrolment: Enrolment,
    stash: SimulatedStash,
    gallery: str,
    mode: str,
) -> None:
    identifier = services.library_identifier(recognizer, enrolment.gallery, Request(mode=mode))
    read = services.read_gallery(gallery)
    count = identifier.count_of(read)
    items = list(identifier.images(read, count))
    found = identifier.gallery(read, count)
    assert (found.total_images, found.images_processed, found.faces_detected) == (5, 3, 3)
    assert {person.name: (len(person.image_ids), person.tagged) for person in found.persons} == {
        OBAMA: (1, False),
        BIDEN: (1, True),
    }
    assert all(person.best_distance == person.mean_distance < 0.1 for person in found.persons)
    assert [item.result.failure.code for item in items if item.result.failure] == [
        "picture_damaged",
        "library_item_without_file",
    ]
    assert [(one.name, one.seen) for one in found.performers] == [(BIDEN, True)]


def test_an_image_that_we_do_not_see_comes_from_stash(
    services: Services, identifier: LibraryIdentifier, stash: SimulatedStash, gallery: str
) -> None:
    file = next(row for row in stash.state.tables["files"].values() if row["basename"] == "a.jpg")
    change(stash, "files", file["id"], path="/elsewhere/a.jpg")
    image = next(row["id"] for row in stash.state.tables["images"].values() if file["id"] in row["files"])
    result = identifier.image(services.read_image(str(image))).result
    assert (names(result), facts(result).frames_from) == ({OBAMA}, FramesFrom.STREAM)
    assert f"/image/{image}/image" in fetched(stash)


def test_the_routes_answer_as_the_command_prints(knowing: Services, gallery: str) -> None:
    with running(knowing) as running_service, running_service.client() as client:
        scene = client.post("/identify/scene", json={"scene_id": "1", "num_frames": 30}).json()
        assert (scene["scene_id"], scene["frames_requested"], scene["library"]["frames_from"]) == ("1", 30, "file")
        assert {person["name"] for person in scene["persons"]} == {OBAMA, COLLINS, BIDEN}
        image = client.post("/identify/image", json={"image_id": "1"}).json()
        assert (image["image_id"], image["library"]["performers"]) == ("1", [])
        told = client.post("/identify/gallery", json={"gallery_id": gallery}).json()
        assert (told["total_images"], len(told["images"]), len(told["persons"])) == (5, 5, 2)
        unknown = client.post("/identify/scene", json={"scene_id": "77"})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "stash_id_unknown")
        for wrong in ({"scene_id": "x"}, {"scene_id": "1", "num_frames": 5}, {"scene_id": "1", "top_k": 21}, {}):
            assert client.post("/identify/scene", json=wrong).status_code == 422
        empty = client.post("/identify/image", json={"image_id": "5"})
        assert (empty.status_code, empty.json()["error"]["code"]) == (422, "library_item_without_file")
        until(lambda: running_service.in_line() == [])


def test_without_a_stash_the_routes_say_so(tmp_path: Path) -> None:
    services = build(Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models", device="cpu"))
    with running(services) as running_service, running_service.client() as client:
        for kind in ("scene", "image", "gallery"):
            answer = client.post(f"/identify/{kind}", json={f"{kind}_id": "1"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "stash_not_set")
