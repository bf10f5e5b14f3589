"""`stash-sense db build` of a Stash and a stash-box, as a user types it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Run

from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.samples import PEOPLE

KEY = "a-key-that-is-long-enough"
BIDEN = "00000001-0000-4000-8000-000000000000"


@pytest.fixture
def box() -> Iterator[StashBoxServer]:
    """A stash-box that knows Joe Biden, and somebody whom nobody has."""
    rows = [
        {"id": BIDEN, "name": "Joseph Biden", "images": [{"id": "i1", "width": 250, "height": 250}]},
        {"name": "Somebody", "images": [{"id": "i2", "width": 250, "height": 250}]},
    ]
    pictures = {"i1": (PEOPLE / "Joe Biden" / "portrait.jpg").read_bytes()}
    with StashBoxServer(State({"performers": rows}), pictures=pictures) as server:
        yield server
    assert server.flaws == []


@pytest.fixture
def stash(tmp_path: Path, environment: dict[str, str], box: StashBoxServer) -> Iterator[SimulatedStash]:
    """A Stash with the sample people as performers, of whom one is linked with the stash-box and in an image."""
    media = tmp_path / "media"
    shutil.copytree(PEOPLE, media / "performers")
    shutil.copy(PEOPLE / "Joe Biden" / "portrait.jpg", media / "joe.jpg")
    with simulated_stash(media=media, api_key=KEY) as stash:
        with stash.state.transaction():
            joe = next(row for row in stash.state.tables["performers"].values() if row["name"] == "Joe Biden")
            changed = stash.state.change("performers", joe["id"])
            changed["stash_ids"] = [
                {"endpoint": box.endpoint, "stash_id": BIDEN, "updated_at": "2026-11-01T08:00:00Z"}
            ]
            stash.state.change("images", 1)["performers"] = [joe["id"]]
            stash.state.configuration.general["stashBoxes"] = [
                {"name": "Test box", "endpoint": box.endpoint, "api_key": KEY, "max_requests_per_minute": 240}
            ]
        environment |= {"STASH_URL": stash.url, "STASH_API_KEY": KEY}
        yield stash


def test_a_database_is_built_of_a_stash_and_then_of_the_stash_and_a_stash_box(
    run: Run, stash: SimulatedStash
) -> None:
    first = run("db", "build", "--from-stash", "--json")
    assert (first.code, first.document["performer_count"], first.document["unchanged"]) == (0, 3, False)
    assert first.document["left_out"] == {"same_file": 1}

    again = run("db", "build", "--from-stash")
    assert again.code == 0
    assert (
        "4 pictures: 0 described, 3 known from before, 1 the same as another; 3 used, 1 left out.\nNothing has"
        in again.out
    )

    refused = run("db", "build", "--from-stash", "--from-stashbox", "test box", "--mine", "--json")
    assert refused.code == 1
    assert "with at most 4 people from the Stash library and stash-box 127.0.0.1:" in refused.err
    assert refused.document["error"]["code"] == "not_confirmed"

    both = run("db", "build", "--from-stash", "--from-stashbox", "test box", "--mine", "--yes")
    assert both.code == 0, both.err
    assert "5 pictures: 0 described, 3 known from before, 2 the same as another; 3 used, 2 left out." in both.out
    assert f":{BIDEN}" in run("db", "list", "Joseph").out
    assert "a Stash library" in run("db", "info").out
    assert KEY not in both.out + both.err


def test_a_job_builds_of_a_stash_too(run: Run, stash: SimulatedStash) -> None:
    ran = run("jobs", "run", "database_build", "from_stash=true", "images=false", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["job"]["result"]["performer_count"] == 3
    refused = run("jobs", "run", "database_build", "from_stashbox=nowhere.org")
    assert refused.code == 1
    assert "from_stashbox: No stash-box with the address nowhere.org is set up" in refused.err


def test_what_cannot_be_asked_is_one_sentence(run: Run, environment: dict[str, str], stash: SimulatedStash) -> None:
    unknown = run("db", "build", "--from-stashbox", "nowhere.org")
    assert unknown.code == 1
    assert "No stash-box with the address nowhere.org is set up" in unknown.err
    for wrong in ([], ["--mine"], ["--from-stash", "--mine"], ["--from-stashbox", "x", "--no-images"]):
        assert run("db", "build", *wrong).code == 2
    del environment["STASH_URL"]
    unset = run("db", "build", "--from-stash")
    assert unset.code == 1
    assert "STASH_URL" in unset.err
    as_job = run("jobs", "run", "database_build", "from_stash=true")
    assert "from_stash: " in as_job.err
