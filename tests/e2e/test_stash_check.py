"""`stash-sense stash check` against a simulated Stash, as a user types it."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Run

from stash_sense.fakes.graphql.serving import listening
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.server import StashBoxServer

COUNT = 40
KEY = "a.secret.key"


NOBODY = "http://127.0.0.1:9/graphql"
"""Where nobody answers."""


def library(endpoint: str) -> dict[str, object]:
    scenes = [
        {
            "id": str(number),
            "title": f"scene {number}",
            "files": [{"path": f"/data/{place(number)}", "size": 1000 + number, "duration": 1.0}],
        }
        for number in range(1, COUNT + 1)
    ]
    boxes = [{"name": "mine", "endpoint": endpoint}, {"name": "gone", "endpoint": NOBODY}]
    return {
        "scenes": scenes,
        "performers": [{"id": "1", "name": "Ada"}],
        "configuration": {
            "stashes": [{"path": "/data", "excludeVideo": False, "excludeImage": False}],
            "stashBoxes": [{**box, "api_key": "box-secret", "max_requests_per_minute": 0} for box in boxes],
        },
    }


def place(number: int) -> str:
    return f"{'old' if number <= COUNT // 2 else 'new'}/video {number}.mp4"


@pytest.fixture
def home(tmp_path: Path, environment: dict[str, str]) -> Path:
    environment["HOME"] = str(tmp_path)
    return tmp_path


@pytest.fixture
def box() -> Iterator[StashBoxServer]:
    with StashBoxServer(users={"box-secret": User("curator")}) as box:
        yield box


@pytest.fixture
def stash(environment: dict[str, str], box: StashBoxServer) -> Iterator[SimulatedStash]:
    with simulated_stash(library=library(box.endpoint), api_key=KEY) as stash:
        environment |= {"STASH_URL": stash.url, "STASH_API_KEY": KEY}
        yield stash


@pytest.fixture
def media(home: Path) -> Path:
    """The files of the library, in another folder than Stash sees them in."""
    folder = home / "my media"
    for number in range(1, COUNT + 1):
        file = folder / place(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(1000 + number))
    return folder


def test_it_finds_the_files_and_says_how_to_keep_that(
    run: Run, stash: SimulatedStash, box: StashBoxServer, media: Path
) -> None:
    ran = run("stash", "check")
    assert ran.code == 0, ran.err
    assert re.search(r"^Stash +v0\.30\S* at " + re.escape(stash.url), ran.out, re.MULTILINE)
    assert f"{COUNT} scenes, 0 images, 0 galleries, 1 performer" in ran.out
    told = " ".join(ran.out.split())
    assert f"mine, {box.endpoint}, 240 requests a minute, as curator" in told
    assert f"gone, {NOBODY}, 240 requests a minute, cannot be used" in told
    assert f"→ The stash-box at {NOBODY} cannot be reached (Connection refused); check the network" in told
    assert f"/data={media}" in ran.out
    assert re.search(r"20 of 20 that were looked for", ran.out)
    assert "secret" not in ran.out + ran.err
    (command,) = re.findall(r"type `stash-sense (.*)`", ran.out)
    assert run(*shlex.split(command)).code == 0

    kept = run("stash", "check", "--json").document
    assert kept["path_map"] == {
        "set": f"/data={media}",
        "found": f"/data={media}",
        "files_found": 20,
        "files_looked_for": 20,
        "command": "",
    }
    assert kept["counts"]["scenes"] == COUNT
    mine, gone = kept["stash_boxes"]
    assert mine == {
        "name": "mine",
        "endpoint": box.endpoint,
        "requests_per_minute": 240,
        "account": "curator",
        "error": None,
    }
    assert (gone["account"], gone["error"]["code"]) == (None, "stash_box_unreachable")


def test_files_that_are_nowhere_here_are_no_fault(run: Run, stash: SimulatedStash, home: Path) -> None:
    ran = run("stash", "check")
    assert ran.code == 0
    assert "0 of 20 that were looked for" in ran.out
    assert "None of its files was found here" in ran.out
    assert run("stash", "check", "--json").document["path_map"]["command"] == ""


@pytest.mark.parametrize(
    ("fault", "code", "remedy"),
    [
        ("html", "stash_login_page", "set STASH_URL to the address of Stash itself"),
        ("setup", "stash_setup_needed", "open that address in a browser and follow its questions"),
        ("migration", "stash_migration_needed", "open that address in a browser and confirm it"),
        ("exposed", "stash_exposed", "remove security_tripwire_accessed_from_public_internet"),
        ("elsewhere", "stash_redirected", "set STASH_URL to the address that Stash really has"),
    ],
)
def test_each_state_has_one_sentence_with_what_to_do(
    run: Run, stash: SimulatedStash, fault: str, code: str, remedy: str
) -> None:
    stash.faults.add(fault)
    ran = run("stash", "check", "--json")
    assert ran.code == 1
    assert ran.document["error"]["code"] == code
    assert remedy in ran.document["error"]["message"]
    assert ran.err == f"stash-sense: {ran.document['error']['message']}\n"
    assert KEY not in ran.out + ran.err


def test_a_key_that_is_wrong_or_missing_is_said(run: Run, stash: SimulatedStash, environment: dict[str, str]) -> None:
    environment["STASH_API_KEY"] = "not.this.one"
    ran = run("stash", "check")
    assert (ran.code, ran.out) == (1, "")
    assert "does not take this key; set STASH_API_KEY" in ran.err
    assert "not.this.one" not in ran.err
    del environment["STASH_API_KEY"]
    assert "asks for a key; set STASH_API_KEY" in run("stash", "check").err


def test_nobody_there_and_nobody_named(run: Run, environment: dict[str, str]) -> None:
    with listening(0) as listener:
        port = listener.getsockname()[1]
    environment["STASH_URL"] = f"http://127.0.0.1:{port}"
    assert "cannot be reached at" in run("stash", "check").err
    del environment["STASH_URL"]
    ran = run("stash", "check")
    assert (ran.code, ran.out) == (1, "")
    assert "set STASH_URL to the address that you open Stash with" in ran.err


def test_capabilities_say_it_in_the_same_words(run: Run, environment: dict[str, str], stash: SimulatedStash) -> None:
    def told() -> dict[str, str]:
        found = run("capabilities", "--json").document["capabilities"]
        return next(one for one in found if one["name"] == "stash")

    assert told()["note"].startswith("Stash v0.30")
    environment["STASH_API_KEY"] = "not.this.one"
    said, checked = told(), run("stash", "check").err
    assert f"stash-sense: {said['reason']}; {said['remedy']}.\n" == checked


@pytest.mark.parametrize("value", ["/data", "data=/mnt", "/data=mnt", "/a=/b;c"])
def test_a_path_map_that_makes_no_sense_is_refused(run: Run, home: Path, value: str) -> None:
    ran = run("settings", "set", "path_map", value, "--json")
    assert ran.code == 1
    assert "/data=/mnt/media" in json.loads(ran.out)["error"]["message"]
