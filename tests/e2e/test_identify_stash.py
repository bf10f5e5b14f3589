"""`stash-sense identify` of what is in a Stash."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Run

from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.samples import PEOPLE

KEY = "a-key-that-is-long-enough"
EVERYBODY = {"Barack Obama", "Joe Biden", "Eileen Collins"}


@pytest.fixture
def stash(tmp_path: Path, film: Path, environment: dict[str, str]) -> Iterator[SimulatedStash]:
    """A Stash with a film, a gallery of two portraits, and the sample people as its performers."""
    media = tmp_path / "media"
    shutil.copytree(PEOPLE, media / "performers")
    shutil.copy(film, media / "film.mp4")
    for name in ("Barack Obama", "Joe Biden"):
        shutil.copy(PEOPLE / name / "portrait.jpg", media / f"{name}.jpg")
    with simulated_stash(media=media, api_key=KEY) as stash:
        with stash.state.transaction():
            gallery = stash.state.insert("galleries", title="Portraits")["id"]
            for image in stash.state.tables["images"]:
                stash.state.change("images", image)["galleries"] = [gallery]
            stash.state.change("scenes", 1)["performers"] = [1]
        environment |= {"STASH_URL": stash.url, "STASH_API_KEY": KEY}
        yield stash


def test_a_scene_and_an_image_are_identified_beside_one_that_is_not_there(run: Run, stash: SimulatedStash) -> None:
    ran = run("identify", "--scene", "1", "--scene", "77", "--image", "1", "--gallery", PEOPLE, "--json")

    assert ran.code == 1
    scene, missing, image = ran.document["results"]
    assert {person["name"] for person in scene["persons"]} == EVERYBODY
    assert [person["name"] for person in scene["persons"] if person["tagged"]] == ["Barack Obama"]
    assert scene["library"] | {"performers": []} == {
        "kind": "scene",
        "id": "1",
        "frames_from": "file",
        "with_cover": True,
        "attempts": [],
        "performers": [],
    }
    assert missing["error"]["code"] == "stash_id_unknown"
    assert [person["name"] for person in image["persons"]] == ["Barack Obama"]
    assert KEY not in ran.out + ran.err


def test_a_scene_is_shown_with_where_its_frames_came_from(run: Run, stash: SimulatedStash) -> None:
    with stash.state.transaction():
        unseen = stash.state.insert("performers", name="Ada Unseen")["id"]
        stash.state.change("scenes", 1)["performers"] = [1, unseen]

    ran = run("identify", "--scene", "1", "--frames-from", "sprites", "--gallery", PEOPLE)

    assert ran.code == 0
    assert "scene 1\n" in ran.out
    assert "frames from the sprites and the cover" in ran.out
    assert "tagged, but not in the database: Ada Unseen" in ran.out
    assert "Barack Obama (tagged)" in ran.out


def test_a_gallery_is_shown_by_its_people(run: Run, stash: SimulatedStash) -> None:
    document = run("identify", "--gallery-id", "1", "--gallery", PEOPLE, "--json").document
    assert [len(document["results"]), document["complete"]] == [2, True]
    assert {person["name"] for person in document["gallery"]["persons"]} == {"Barack Obama", "Joe Biden"}

    ran = run("identify", "--gallery-id", "1", "--gallery", PEOPLE)
    assert ran.code == 0
    assert "gallery 1\n" in ran.out
    assert "2 images, 2 faces" in ran.out
    assert "Joe Biden" in ran.out


def test_what_cannot_be_meant_is_wrong_usage(run: Run, stash: SimulatedStash) -> None:
    for wrong in (
        ["--gallery-id", "1", "--scene", "1"],
        ["--gallery-id", "1", "--report", "x.html"],
        ["--scene", "1", "--frames-from", "nowhere"],
        ["--scene", "one"],
        ["--gallery-id", "../1"],
        [],
    ):
        assert run("identify", *wrong).code == 2
    unknown = run("identify", "--gallery-id", "77", "--gallery", PEOPLE, "--json")
    assert (unknown.code, unknown.document["error"]["code"]) == (1, "stash_id_unknown")


def test_without_a_stash_it_says_how_to_name_one(run: Run) -> None:
    ran = run("identify", "--scene", "1", "--gallery", PEOPLE)
    assert ran.code == 1
    assert "STASH_URL" in ran.err
