"""What the database commands say of names, folders and variables that cannot be meant."""

import os
import shutil
from pathlib import Path

import pytest
from tests.e2e.conftest import Run
from tests.performers_files import install_version
from tests.performers_files import people as members

from stash_sense.performers.versions.library import PerformersLibrary


def error_of(ran: object) -> str:
    return str(ran.document["error"]["code"])  # type: ignore[attr-defined]


def test_an_empty_path_is_no_folder(run: Run, people: Path) -> None:
    wrong = run("db", "build", "", "--json", cwd=people)
    assert (wrong.code, error_of(wrong)) == (1, "setting_invalid")
    assert "empty" in wrong.err


def test_another_folder_does_not_replace_a_database_without_a_word(run: Run, people: Path, tmp_path: Path) -> None:
    first = run("db", "build", people, "--json").document["version"]
    other = Path(shutil.copytree(people, tmp_path / "peple"))
    wrong = run("db", "build", other, "--json")
    assert (wrong.code, error_of(wrong)) == (1, "not_confirmed")
    assert run("db", "build", other).code == 1  # nobody is there to say yes
    refused = run("db", "build", other, input=b"what?\nn\n")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith("Is that meant? [y/N]: Nothing was done.\n")
    (tmp_path / "empty").mkdir()
    nobody = run("db", "build", tmp_path / "empty", "--json")
    assert (nobody.code, error_of(nobody)) == (1, "gallery_without_people")
    assert run("db", "info", "--json").document["version"] == first
    shutil.rmtree(other / "Joe Biden")
    agreed = run("db", "build", other, input=b"y\n")
    assert agreed.code == 0
    assert "3 performers" in agreed.err
    assert run("db", "info", "--json").document["previous"] == first


def test_a_build_with_another_pack_than_before_says_so_before_it_begins(
    run: Run, people: Path, environment: dict[str, str]
) -> None:
    library = PerformersLibrary(Path(environment["STASH_SENSE_DATA_DIR"]) / "performers")
    install_version(library, members(3), "2026.1.1", "other")
    built = run("db", "build", people, "--yes")
    assert built.code == 0, built.err
    first, *_ = built.err.splitlines()
    assert first.startswith("warning: Version 2026.1.1 was made with other; this build uses lite, and describes all")
    assert "--pack other" not in built.err, "it is not installed"
    assert "was made with" not in run("db", "build", people).err


def test_what_was_noticed_is_said_even_where_nothing_comes_of_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "people" / "Nobody").mkdir(parents=True)
    (tmp_path / "people" / "Nobody" / "performer.json").write_text("{")
    wrong = run("db", "build", tmp_path / "people", "--json")
    assert wrong.code == 1
    (note,) = wrong.document["error"]["notes"]
    assert f"warning: {note}" in wrong.err


def test_a_name_that_no_version_can_have_is_refused_at_once(run: Run, people: Path) -> None:
    wrong = run("db", "build", people, "--name", "../x", "--json")
    assert (wrong.code, error_of(wrong)) == (1, "setting_invalid")
    assert "Traceback" not in wrong.err
    assert "describe" not in wrong.err


def test_folders_whose_names_are_no_text_are_taken(run: Run, people: Path, tmp_path: Path) -> None:
    strange = people.rename(tmp_path / os.fsdecode(b"people\xff"))
    built = run("db", "build", strange, "--json")
    assert built.code == 0, built.err
    zips = tmp_path / os.fsdecode(b"zips\xfe")
    zips.mkdir()
    assert run("db", "export", zips, "--json").code == 0
    (file,) = zips.iterdir()
    imported = run("db", "import", file, "--yes", "--json")
    assert imported.code == 0, imported.err
    looked = run("db", "update", "--from", zips, "--check")
    assert looked.code == 1
    assert "db import` takes it as it is" in looked.err
    assert run("db", "info").code == 0


@pytest.mark.parametrize("command", [("db", "info"), ("db", "rollback"), ("db", "release"), ("identify", "x.mp4")])
def test_a_program_that_asked_for_a_document_gets_one_in_any_case(run: Run, command: tuple[str, ...]) -> None:
    wrong = run(*command, "--json")
    assert wrong.code == 1
    assert wrong.document["schema"] == 1
    assert error_of(wrong) == "database_missing"
    assert wrong.document["error"]["message"][:40] in wrong.err
    assert run(*command).out == ""


def test_a_home_that_is_nobodys_is_said(run: Run) -> None:
    wrong = run("db", "import", "~nobody-of-that-name/x.zip")
    assert wrong.code == 1
    assert "Traceback" not in wrong.err
    assert "home folder" in wrong.err


def test_a_folder_that_the_disk_refuses_is_said_in_a_sentence(run: Run, environment: dict[str, str]) -> None:
    environment["STASH_SENSE_MODELS_DIR"] = "/" + "x" * 300
    wrong = run("models", "list", "--json")
    assert wrong.code == 1
    assert "File name too long" in wrong.err
    assert "Traceback" not in wrong.err
    assert wrong.document["error"]["code"]


def test_a_proxy_that_is_no_address_is_said_with_its_variable(run: Run, environment: dict[str, str]) -> None:
    environment["HTTPS_PROXY"] = environment["https_proxy"] = "http://proxy:notaport"
    wrong = run("db", "update", "--from", "https://releases.invalid/", "--json")
    assert (wrong.code, error_of(wrong)) == (1, "proxy_unusable")
    assert "HTTPS_PROXY" in wrong.err


def test_who_is_to_be_forgotten_is_looked_up_before_the_question(run: Run, people: Path) -> None:
    assert run("db", "build", people).code == 0
    asked = run("db", "forget", "joe BIDEN", input=b"n\n")
    assert asked.code == 1
    assert "Joe Biden (folder:Joe Biden, 1 face)" in asked.err
    wrong = run("db", "forget", "Nobody")
    assert wrong.code == 1
    assert "Nobody in the performers database is called Nobody" in wrong.err
    assert error_of(run("db", "forget", "Joe Biden", "--json")) == "not_confirmed"
    assert run("db", "forget", "Joe Biden", "--json", "--yes").document["id"] == "folder:Joe Biden"


def test_every_document_of_the_database_commands_tells_its_schema(run: Run, people: Path, tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    commands: list[tuple[str | Path, ...]] = [
        ("key", "new"),
        ("key", "list"),
        ("build", people),
        ("info",),
        ("list",),
        ("versions",),
        ("verify",),
        ("export", tmp_path / "here.zip"),
        ("release", "--out", releases),
        ("update", "--from", releases, "--check"),
        ("update", "--from", releases),
        ("import", tmp_path / "here.zip", "--yes"),
        ("forget", "Joe Biden", "--yes"),
        ("unforget",),
        ("unforget", "folder:Joe Biden"),
        ("key", "distrust", "0123456789ABCDEF"),
    ]
    documents = {command[0]: run("db", *command, "--json").document for command in commands}
    assert {document["schema"] for document in documents.values()} == {1}
    assert documents["import"]["notes"] == documents["update"]["notes"] == []
