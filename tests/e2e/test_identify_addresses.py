"""`stash-sense identify` of what is on a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Run

from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.samples import PEOPLE

OBAMA = PEOPLE / "Barack Obama" / "portrait.jpg"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReleaseServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    with ReleaseServer(folder) as running:
        yield running


def test_a_film_on_a_server_gives_the_people_that_it_gives_on_the_disk(
    run: Run, film: Path, server: ReleaseServer
) -> None:
    (server.folder / "stream").write_bytes(film.read_bytes())

    ran = run("identify", f"{server.url}/stream?apikey=secret", "--gallery", PEOPLE, "--json")

    assert ran.code == 0
    (result,) = ran.document["results"]
    assert {person["name"] for person in result["persons"]} == {"Barack Obama", "Joe Biden", "Eileen Collins"}
    assert result["source"] == f"{server.url}/stream"
    assert result["duration"] > 20
    assert "secret" not in ran.out + ran.err


def test_a_picture_on_a_server_beside_a_file_and_what_is_not_there(run: Run, server: ReleaseServer) -> None:
    (server.folder / "portrait").write_bytes(OBAMA.read_bytes())

    ran = run("identify", f"{server.url}/portrait", OBAMA, f"{server.url}/missing.mp4", "--gallery", PEOPLE, "--json")

    assert ran.code == 1
    there, here, missing = ran.document["results"]
    assert there["persons"][0]["name"] == here["persons"][0]["name"] == "Barack Obama"
    assert missing["error"]["code"] == "not_on_server"
    assert f"{server.url}/missing.mp4" in missing["error"]["message"]
