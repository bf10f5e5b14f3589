"""`stash-sense db`, from the shell to what is on the disk, as someone would do it who builds and gives away."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.e2e.conftest import COMMAND, Run
from tests.public_release_files import make_release, zip_release

from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.samples import PEOPLE, STRANGER

OBAMA = PEOPLE / "Barack Obama" / "portrait.jpg"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder of people that a test may change."""
    folder = tmp_path / "people"
    shutil.copytree(PEOPLE, folder)
    return folder


def test_a_database_that_was_built_once_recognises_without_a_gallery(run: Run, people: Path, film: Path) -> None:
    built = run("db", "build", people, "--json")
    assert built.code == 0
    assert (built.document["performer_count"], built.document["described"]) == (3, 3)

    again = run("db", "build", people, "--json").document
    assert (again["unchanged"], again["described"], again["reused"]) == (True, 0, 3)
    assert again["content"] == built.document["content"]

    (result,) = run("identify", film, "--json").document["results"]
    assert {person["name"] for person in result["persons"]} == {"Barack Obama", "Joe Biden", "Eileen Collins"}
    assert result["persons"][0]["person_id"].startswith("folder:")


def test_a_database_finds_whom_a_gallery_of_the_same_pictures_finds(run: Run, people: Path, tmp_path: Path) -> None:
    written = run("db", "build", people, "--out", tmp_path / "version", "--json")
    assert written.document["folder"] == str(tmp_path / "version")
    assert run("db", "info").code == 1
    by_version = run("identify", OBAMA, STRANGER, "--gallery", tmp_path / "version", "--json").document["results"]
    by_folder = run("identify", OBAMA, STRANGER, "--gallery", people, "--json").document["results"]
    for one, other in zip(by_version, by_folder, strict=True):
        assert [person["name"] for person in one["persons"]] == [person["name"] for person in other["persons"]]
        for known, same in zip(one["persons"], other["persons"], strict=True):
            assert known["probability"] == pytest.approx(same["probability"], abs=2e-3)


def test_what_is_in_use_can_be_looked_at_checked_and_left_again(run: Run, people: Path) -> None:
    first = run("db", "build", people, "--json").document["version"]
    shutil.rmtree(people / "Joe Biden")
    second = run("db", "build", people, "--json").document["version"]
    assert run("db", "list").out.count("folder:") == 2
    info = run("db", "info", "--json").document
    assert (info["version"], info["previous"], info["signed"], info["built_here"]) == (second, first, False, True)
    assert "whole" in run("db", "verify").out
    assert run("db", "rollback", "--json").document["version"] == first
    assert run("db", "list", "biden", "--json").document["performers"][0]["name"] == "Joe Biden"

    vectors = next(Path(info["folder"]).parent.joinpath(first).glob("*.npy"))
    content = bytearray(vectors.read_bytes())
    content[-1] ^= 1
    vectors.write_bytes(content)
    damaged = run("db", "verify", "--json")
    assert (damaged.code, damaged.document["ok"]) == (1, False)
    assert vectors.name in damaged.document["faults"][0]


def test_somebody_who_is_forgotten_stays_away(run: Run, people: Path) -> None:
    run("db", "build", people)
    assert run("db", "forget", "Joe Biden", "--yes").code == 0
    assert run("db", "list", "--json").document["performers"][-1]["name"] == "Eileen Collins"
    assert run("db", "rollback").code == 1
    rebuilt = run("db", "build", people, "--json").document
    assert rebuilt["performer_count"] == 2
    assert run("db", "unforget", "--json").document["forgotten"] == ["folder:Joe Biden"]
    run("db", "unforget", "folder:Joe Biden")
    assert run("db", "build", people, "--json").document["performer_count"] == 3
    assert run("db", "forget", "Nobody", "--yes").code == 1


@pytest.mark.parametrize("place", ["folder", "server", "repository"])
def test_what_one_publishes_another_updates_from(
    run: Run, environment: dict[str, str], people: Path, tmp_path: Path, place: str
) -> None:
    releases = tmp_path / "releases"
    public_key = run("db", "key", "new", "--json").document["public_key"]
    run("db", "build", people, "--name", "2026.2.9")
    assert run("db", "release", "--out", releases).code == 0

    environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "another")
    with ReleaseServer(releases) as server:
        environment["STASH_SENSE_GITHUB_API"] = server.url
        source = {"folder": str(releases), "server": server.url, "repository": server.repository}[place]
        refused = run("db", "update", "--from", source)
        assert refused.code == 1
        assert "db key trust" in refused.err
        assert run("db", "info").code == 1

        run("db", "key", "trust", public_key)
        assert run("db", "update", "--from", source, "--check", "--json").document["newer"] is True
        updated = run("db", "update", "--from", source, "--json").document
        assert (updated["version"], updated["signed"], updated["updated"]) == ("2026.2.9", True, True)
        assert run("db", "update", "--from", source, "--json").document["updated"] is False

        (people / "Somebody").mkdir()
        shutil.copy(STRANGER, people / "Somebody")
        environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "data")
        run("db", "build", people, "--name", "2026.2.10")
        run("db", "release", "--out", releases)
        environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "another")
        newer = run("db", "update", "--from", source, "--json").document
        assert (newer["version"], newer["performer_count"], newer["previous"]) == ("2026.2.10", 4, "2026.2.9")
    assert run("db", "rollback", "--json").document["version"] == "2026.2.9"
    assert not list((tmp_path / "another" / "performers").glob(".staging/*"))


def test_a_public_release_is_imported_and_says_that_nobody_signed_it(run: Run, tmp_path: Path) -> None:
    release = zip_release(make_release(tmp_path / "public").folder, tmp_path / "public.zip")
    imported = run("db", "import", release, "--json")
    assert imported.code == 0
    assert (imported.document["pack"], imported.document["signed"]) == ("stash-sense", False)
    assert "nobody vouches" in run("db", "info").out
    assert imported.document["imported_from"].endswith("(public.zip)")
    nobody = run("identify", OBAMA)
    assert nobody.code == 1
    assert "models install stash-sense" in nobody.err


def test_an_exported_database_is_imported_on_another_machine(
    run: Run, environment: dict[str, str], people: Path, tmp_path: Path
) -> None:
    content = run("db", "build", people, "--json").document["content"]
    exported = run("db", "export", tmp_path / "here.zip", "--json").document
    assert Path(exported["file"]).stat().st_size == exported["bytes"]
    environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "another")
    imported = run("db", "import", tmp_path / "here.zip", "--json").document
    assert (imported["content"], imported["signed"], imported["performer_count"]) == (content, False, 3)
    assert run("db", "import", tmp_path / "nowhere.zip").code == 1


def test_an_index_for_programs_that_search_with_voyager_is_written(run: Run, people: Path, tmp_path: Path) -> None:
    voyager = pytest.importorskip("voyager")
    assert run("db", "build", people).code == 0
    written = run("db", "export", "--voyager", tmp_path / "index", "--json").document
    (file,) = written["files"]
    index = voyager.Index.load(file)
    assert sorted(index.ids) == [0, 1, 2]
    assert run("db", "export", tmp_path / "a.zip", "--voyager", tmp_path).code == 2


def test_the_wrong_pack_for_the_database_is_said_with_what_to_type(run: Run, people: Path) -> None:
    run("db", "build", people, "--pack", "lite")
    ran = run("identify", OBAMA, "--pack", "duo")
    assert ran.code == 1
    assert "made with the model pack lite" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_build_that_is_stopped_goes_on_where_it_was(environment: dict[str, str], run: Run, people: Path) -> None:
    for number in range(250):
        shutil.copytree(people / "Joe Biden", people / f"Person {number}")
        # Each another picture, or all would be one that stands under several names.
        with (people / f"Person {number}" / "portrait.jpg").open("ab") as picture:
            picture.write(bytes([number]))
    stopped = subprocess.Popen([COMMAND, "db", "build", people], env=environment, stderr=subprocess.PIPE)
    assert stopped.stderr is not None
    seen = b""
    while not re.search(rb"describing: [5-9]\d|describing: 1\d\d", seen):
        more = os.read(stopped.stderr.fileno(), 4096)
        assert more, "it ended before it was stopped"
        seen += more
    stopped.send_signal(signal.SIGKILL)
    stopped.wait()
    stopped.stderr.close()
    report = run("db", "build", people, "--json").document
    assert report["described"] + report["reused"] == report["pictures"] == 253
    assert report["reused"] > 0


def test_the_database_commands_say_what_to_do_without_a_database(run: Run) -> None:
    for command in ("info", "list", "verify", "rollback", "export"):
        ran = run("db", command)
        assert ran.code == 1
        assert "db build FOLDER" in ran.err
    assert "db build FOLDER" in run("identify", OBAMA).err


def test_somebody_who_is_forgotten_does_not_come_back_with_a_file_either(
    run: Run, people: Path, tmp_path: Path
) -> None:
    run("db", "build", people)
    run("db", "export", tmp_path / "before.zip")
    run("db", "forget", "Joe Biden", "--yes")
    imported = run("db", "import", tmp_path / "before.zip", "--yes", "--json").document
    assert imported["performer_count"] == 2
    assert "without" in imported["version"]
    assert run("db", "list", "Biden", "--json").document["performers"] == []
