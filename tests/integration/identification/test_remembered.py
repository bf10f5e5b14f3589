"""What a request finds is kept as a scan keeps it; faces of it are shown by links, and cut out as portraits."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image
from tests.integration.identification.library_media import BIDEN, COLLINS, OBAMA, change
from tests.running_service import RunningService, running

from stash_sense.api.crop_links import CropLinks
from stash_sense.bootstrap import Services
from stash_sense.errors import PortraitMissing, StashIdUnknown
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.identification.library_result import IdentifiedItem
from stash_sense.identification.requesting import request_of
from stash_sense.identification.result import Identification
from stash_sense.kernel.cancel import CancelToken
from stash_sense.recommendations.store import PageQuery
from stash_sense.recommendations.unidentified import UNIDENTIFIED_SCENE, SuggestedPerson, UnidentifiedDetails

SCENE = Item("scene", "1")


@pytest.fixture
def service(knowing: Services) -> Iterator[RunningService]:
    with running(knowing) as service:
        yield service


def identify(service: RunningService, kind: str = "scene", id_: str = "1", **more: Any) -> dict[str, Any]:
    with service.client() as client:
        answer = client.post(f"/identify/{kind}", json={f"{kind}_id": id_, **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def kept(services: Services, item: Item = SCENE) -> Fingerprint:
    found = services.fingerprints.get(item)
    assert found is not None
    return found


def test_what_is_found_in_a_scene_is_kept_and_said_to_be(service: RunningService, knowing: Services) -> None:
    answer = identify(service)
    assert (answer["fingerprint_saved"], answer["fingerprint_error"]) == (True, None)
    fingerprint = kept(knowing)
    assert (fingerprint.outcome, fingerprint.frames) == (Outcome.FACES, answer["frames_analyzed"])
    assert fingerprint.database == knowing.performers.require().version
    assert {one.name for one in fingerprint.persons} == {OBAMA, COLLINS, BIDEN}
    assert knowing.fingerprints.faces("scene", ["1"])
    assert "expires" not in str(answer)


def test_an_image_is_kept_likewise(service: RunningService, knowing: Services, gallery: str) -> None:
    answer = identify(service, "image", "1")
    assert answer["fingerprint_saved"] is True
    assert kept(knowing, Item("image", "1")).galleries == (gallery,)


OTHERWISE: tuple[dict[str, Any], ...] = (
    {"num_frames": 10},
    {"mode": "clustered_frequency"},
    {"strict": True},
    {"top_k": 5},
    {"frames_from": "sprites"},
)


def test_what_was_looked_at_otherwise_than_by_a_scan_is_not_kept(service: RunningService, knowing: Services) -> None:
    for more in OTHERWISE:
        answer = identify(service, **more)
        assert answer["fingerprint_saved"] is False
        assert "otherwise" in answer["fingerprint_error"]
        assert knowing.fingerprints.get(SCENE) is None


def test_nothing_is_kept_where_nobody_wants_it(service: RunningService, knowing: Services) -> None:
    answer = identify(service, save=False)
    assert (answer["fingerprint_saved"], answer["fingerprint_error"]) == (False, None)
    assert knowing.fingerprints.get(SCENE) is None


def test_what_is_kept_stays_where_a_later_look_fails(
    service: RunningService, knowing: Services, stash: SimulatedStash
) -> None:
    identify(service)
    change(stash, "scenes", 1, files=[])
    with service.client() as client:
        assert client.post("/identify/scene", json={"scene_id": "1"}).status_code == 422
    assert kept(knowing).outcome is Outcome.FACES


def test_where_nobody_is_found_what_is_recommended_is_taken_back(knowing: Services) -> None:
    somebody = SuggestedPerson(person_id="folder:a", name="A", probability=0.9, distance=0.3, count=1)
    details = UnidentifiedDetails(title="A scene", pack="lite", database="2026.1.1", people=(somebody,))
    knowing.recommendations.submit([UNIDENTIFIED_SCENE.new("1", details, 0.9)])
    scene = knowing.read_scene("1", CancelToken()).scene
    request = request_of(knowing.configuration)
    with knowing.naming(None, CancelToken()) as (recognizer, people):
        identifier = knowing.library_identifier(recognizer, people, request)
        nobody = IdentifiedItem("1", Identification("scene 1", "lite", request.mode))
        knowing.remember(scene, nobody, identifier, people)
    assert kept(knowing).outcome is Outcome.NO_FACE
    (told,) = knowing.recommendations.page(PageQuery())
    assert told.is_outdated


def test_evidence_is_part_of_the_answers(service: RunningService) -> None:
    answer = identify(service, crops=True)
    for person in answer["persons"]:
        nearest = person["references"][0]
        assert nearest["distance"] == pytest.approx(person["distance"], abs=1e-4)
        assert (nearest["source"], len(nearest["sha256"])) == ("folder", 64)
        assert person["runner_up"]["words"].startswith(person["runner_up"]["name"])
        assert {(crop["t"], *crop["box"]) for crop in person["crops"]} <= {
            (frame["t"], *frame["box"]) for frame in person["frames"]
        }
    assert identify(service)["persons"][0]["crops"] is None


def picture(answer: httpx2.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(answer.content))


def test_a_face_that_is_kept_is_shown_with_the_token_or_by_a_link(service: RunningService, knowing: Services) -> None:
    identify(service)
    mark = kept(knowing).persons[0].marks[0]
    link = CropLinks(service.token).of("scene", "1", mark.face)
    assert link is not None
    with service.client() as client, service.stranger() as stranger:
        answer = client.get(f"/crops/scene/1/{mark.face}")
        assert picture(answer).size == (96, 96)
        assert answer.headers["cache-control"] == "private, max-age=300"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert picture(stranger.get(link)).size == (96, 96)
        again = stranger.get(link, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert stranger.get(f"/crops/scene/1/{mark.face}").status_code == 401
        for other in (link.replace("/scene/1/", "/scene/2/"), link.replace("/scene/", "/image/"), f"{link}0"):
            refused = stranger.get(other)
            assert (refused.status_code, refused.headers["cache-control"]) == (401, "no-store")


def test_a_face_that_is_not_kept_says_so(service: RunningService) -> None:
    with service.client() as client:
        for path, status, code in (
            ("/crops/scene/1/0", 404, "crop_missing"),
            ("/crops/image/99/3", 404, "crop_missing"),
            ("/crops/gallery/1/0", 422, "request_invalid"),
            ("/crops/scene/x/0", 422, "request_invalid"),
            ("/crops/scene/1/-1", 422, "request_invalid"),
        ):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
            assert answer.headers["cache-control"] == "no-store"


def test_links_are_the_same_for_some_minutes_and_good_for_more() -> None:
    links = [CropLinks("t" * 43, now).of("scene", "1", 7) for now in (1200.0, 1499.9, 1500.0)]
    assert links[0] == links[1] != links[2]
    assert links[0] is not None
    assert "expires=2100&" in links[0]
    assert CropLinks("t" * 43, time.time()).of("scene", "1", None) is None
    assert CropLinks(None).of("scene", "1", 7) is None


def test_a_portrait_is_cut_out_of_where_a_scan_has_seen_somebody(service: RunningService, knowing: Services) -> None:
    identify(service)
    persons = kept(knowing).persons
    assert persons
    for person in persons:
        mark = person.marks[0]
        portrait = Image.open(io.BytesIO(knowing.portrait_of("scene", "1", mark.t, mark.box)))
        assert portrait.format == "JPEG"
        assert portrait.width == pytest.approx(portrait.height * 2 / 3, abs=1)
        assert mark.box[3] < portrait.height <= 450


def test_a_portrait_of_an_image_and_of_nothing(knowing: Services, gallery: str) -> None:
    assert gallery
    image = Image.open(io.BytesIO(knowing.portrait_of("image", "1", None, (100.0, 100.0, 150.0, 200.0))))
    assert image.height > 200
    with pytest.raises(PortraitMissing):
        knowing.portrait_of("image", "1", None, (9_000.0, 1.0, 50.0, 50.0))
    with pytest.raises(StashIdUnknown):
        knowing.portrait_of("scene", "77", 0.0, (1.0, 1.0, 50.0, 50.0))
