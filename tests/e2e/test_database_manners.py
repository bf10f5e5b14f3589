"""`stash-sense db` and what a user meets on the way: questions, refusals, and what is said afterwards."""

import shlex
import shutil
import subprocess
from pathlib import Path

from tests.e2e.conftest import Ran, Run
from tests.public_release_files import make_release, zip_release

from stash_sense.samples import PEOPLE


def test_forgetting_is_done_though_nobody_can_search_what_is_left(run: Run, tmp_path: Path) -> None:
    run("db", "import", zip_release(make_release(tmp_path / "public").folder, tmp_path / "public.zip"))
    before = run("db", "list", "--json").document
    ran = run("db", "forget", before["performers"][0]["id"], "--yes", "--json")
    assert ran.code == 0, ran.err
    assert "stash-sense is not installed" in ran.document["notes"][0]
    assert "warning: " in ran.err
    assert run("db", "list", "--json").document["total"] == before["total"] - 1
    version = run("db", "info", "--json").document
    assert version["version"] == f"{version['reduced_from']}+without.1"


def test_who_is_forgotten_is_let_back_by_what_was_said(run: Run) -> None:
    run("db", "build", PEOPLE, "--name", "1.0")
    near = run("db", "forget", "biden")
    assert near.code == 1
    assert "Joe Biden comes near" in near.err
    assert "forgetting" not in near.err
    said = run("db", "forget", "Joe Biden", "--yes").out
    assert "version 1.0.0.1 is in use" in said
    command = said.split("`")[1]
    assert "next build" in said
    assert shlex.split(command)[1:] == ["db", "unforget", "folder:Joe Biden"]
    for wrong in ("Somebody", "folder:Somebody"):
        refused = run("db", "unforget", wrong)
        assert refused.code == 1
        assert "`db unforget` lists" in refused.err.replace(shlex.split(command)[0] + " ", "")
    assert run("db", "unforget", "joe biden", "--json").document["id"] == "folder:Joe Biden"
    assert run("db", "unforget").out == "Nobody was forgotten.\n"


def test_an_export_replaces_nothing_but_an_export(run: Run, tmp_path: Path) -> None:
    run("db", "build", PEOPLE)
    photograph = tmp_path / "photograph.jpg"
    shutil.copy(PEOPLE / "Joe Biden" / "portrait.jpg", photograph)
    before = photograph.read_bytes()
    refused = run("db", "export", photograph)
    assert refused.code == 1
    assert "something else" in refused.err
    assert photograph.read_bytes() == before
    for _ in range(2):
        assert run("db", "export", tmp_path / "mine.zip").code == 0


def test_an_import_says_what_it_brings_and_asks_before_it_replaces(run: Run, tmp_path: Path) -> None:
    public = zip_release(make_release(tmp_path / "public").folder, tmp_path / "public.zip")
    run("db", "build", PEOPLE, "--name", "1.0")
    asked = run("db", "import", public)
    assert asked.code == 1
    assert "Version 1.0 with 3 performers was built here" in asked.err
    assert "--yes" in asked.err
    assert run("db", "import", public, "--json").document["error"]["code"] == "not_confirmed"
    assert run("db", "info", "--json").document["version"] == "1.0"
    done = run("db", "import", public, "--yes")
    assert "models install stash-sense --from FOLDER_OR_ZIP`" in done.err
    assert "nobody vouches" in done.out
    assert run("db", "import", public).code == 0  # from where that came from
    doctor = run("doctor")
    assert "Ready to identify." not in doctor.out
    assert "--gallery" in doctor.out
    assert "models install stash-sense --from" in doctor.out


def test_the_folder_of_a_version_is_imported_and_what_is_none_is_named(run: Run, tmp_path: Path) -> None:
    content = run("db", "build", PEOPLE, "--out", tmp_path / "version", "--json").document["content"]
    assert run("db", "import", tmp_path / "version", "--json").document["content"] == content
    (tmp_path / "empty").mkdir()
    shutil.make_archive(str(tmp_path / "other"), "zip", PEOPLE)
    for nothing in ("empty", "other.zip"):
        refused = run("db", "import", tmp_path / nothing, "--yes")
        assert refused.code == 1
        assert "There is no performers database in" in refused.err
        assert nothing in refused.err
    address = run("db", "import", "https://example.org/x.zip")
    assert address.code == 2
    assert "https://example.org/x.zip" in address.err
    assert "db update --from" in address.err


def test_what_is_damaged_is_mended_by_what_is_said(run: Run, tmp_path: Path) -> None:
    run("db", "build", PEOPLE, "--name", "1.0")
    exported = tmp_path / "mine.zip"
    run("db", "export", exported)

    def damage() -> None:
        vectors = next(Path(run("db", "info", "--json").document["folder"]).glob("*.npy"))
        content = bytearray(vectors.read_bytes())
        content[-1] ^= 1
        vectors.write_bytes(content)

    damage()
    built = run("db", "verify")
    assert built.code == 1
    assert "db build FOLDER` makes it anew" in built.err
    run("db", "build", PEOPLE, "--name", "1.1")
    assert run("db", "verify").code == 0
    run("db", "import", exported, "--yes")
    damage()
    remedy = run("db", "verify", "--json").document["remedy"]
    assert f"db import --yes {exported}`" in remedy
    assert "db rollback`" in remedy
    run("db", "import", "--yes", exported)
    assert run("db", "verify").code == 0


def test_versions_and_people_are_listed_and_counted(run: Run) -> None:
    assert run("db", "versions", "--json").document["versions"] == []
    run("db", "build", PEOPLE, "--name", "1.0")
    run("db", "build", PEOPLE, "--name", "1.1")
    newer, older = run("db", "versions", "--json").document["versions"]
    assert [newer[name] for name in ("version", "in_use", "goes_back_to", "built_here")] == ["1.1", True, False, True]
    assert [older[name] for name in ("version", "in_use", "goes_back_to")] == ["1.0", False, True]
    shown = run("db", "versions").out
    assert "* 1.1" in " ".join(shown.split())
    assert "built here" in shown
    assert "3 people." in run("db", "list").out
    assert "These are 1 of 3" in run("db", "list", "--limit", "1").out
    assert run("db", "list", "nobodyhere").out.startswith("Nobody whose name or alias has 'nobodyhere' in it")


def test_a_publisher_hears_what_others_will_get(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    own = run("db", "key", "new", "--json").document
    assert run("db", "key", "list", "--json").document["keys"][0]["own"]
    assert "(yours)" in run("db", "key", "list").out
    assert run("db", "key", "distrust", "nope").code == 1
    run("db", "build", PEOPLE, "--name", "2.0")
    run("db", "release", "--out", releases)
    assert "db release" in run("db", "forget", "Joe Biden", "--yes").out
    second = run("db", "release", "--out", releases)
    assert second.code == 0
    assert "Version 2.0 in" in second.err
    assert "still holds somebody who was forgotten" in second.err
    for file in releases.glob("performers-2.0.[rz]*"):
        file.unlink()
    third = run("db", "release", "--out", releases, "--json")
    assert (third.document["holding_forgotten"], third.document["newest"]) == ([], "2.0.0.1")
    run("db", "build", PEOPLE, "--name", "1.0")
    assert "Version 1.0 is older than 2.0.0.1" in run("db", "release", "--out", releases).err
    file = tmp_path / "file"
    file.write_text("a file")
    assert f"{file} cannot be written (it is a file" in run("db", "release", "--out", file).err
    assert "does not exist" in run("db", "release", "--key", tmp_path / "nothere").err

    asked = run("db", "update", "--from", releases)
    assert asked.code == 1
    assert "Version 1.0 with 2 performers was built here; version 2.0.0.1 from" in asked.err
    assert run("db", "update", "--from", releases, "--yes", "--json").document["version"] == "2.0.0.1"

    environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "another")
    assert "add --from SOURCE" in run("db", "update").err
    checked = run("db", "update", "--from", releases, "--check")
    assert "there is an update" in checked.out
    assert "It would be refused." in checked.out
    assert own["id"] in checked.out
    told = run("db", "update", "--from", releases, "--check", "--json").document
    assert (told["newer"], told["signed"], told["refusal"]["code"]) == (True, False, "signer_untrusted")


def test_what_people_were_left_out_of_is_not_published(run: Run, tmp_path: Path) -> None:
    run("db", "key", "new")
    run("db", "build", PEOPLE, "--out", tmp_path / "version", "--name", "1.0")
    run("db", "import", tmp_path / "version")
    run("db", "forget", "Joe Biden", "--yes")
    refused = run("db", "release", "--out", tmp_path / "releases")
    assert refused.code == 1
    assert "Version 1.0+without.1 is 1.0 without people" in refused.err
    assert not list((tmp_path / "releases").glob("*"))


def test_a_key_whose_password_is_in_the_environment_signs_only_with_it(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    def with_password(password: str, *arguments: str | Path) -> Ran:
        environment["STASH_SENSE_KEY_PASSWORD"] = password
        return run(*arguments)

    assert with_password("between us", "db", "key", "new").code == 0
    run("db", "build", PEOPLE, "--name", "1.0")
    assert with_password("another", "db", "release", "--out", tmp_path / "releases").code == 1
    del environment["STASH_SENSE_KEY_PASSWORD"]
    asked = run("db", "release", "--out", tmp_path / "releases")
    assert asked.code == 1
    assert "STASH_SENSE_KEY_PASSWORD" in asked.err
    assert with_password("between us", "db", "release", "--out", tmp_path / "releases").code == 0


def test_two_files_that_are_named_from_different_folders_do_not_lie_side_by_side(run: Run, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, version in ((here, "5.0"), (there, "3.0")):
        folder.mkdir()
        run("db", "build", PEOPLE, "--name", version)
        run("db", "export", folder / "mine.zip")
    assert run("db", "import", "mine.zip", "--yes", cwd=here).code == 0
    assert run("db", "info", "--json").document["installed_from"] == str(here / "mine.zip")
    asked = run("db", "import", "mine.zip", cwd=there, stdin=subprocess.DEVNULL)
    assert asked.code != 0
    assert "--yes" in asked.err
    assert run("db", "import", here / "mine.zip").code == 0


def test_an_id_that_nobody_has_is_not_said_to_be_of_somebody_who_was_taken_out(run: Run) -> None:
    run("db", "build", PEOPLE, "--name", "1.0")
    mistyped = run("db", "forget", "folder:Jo Biden", "--yes")
    assert mistyped.code == 0
    assert "Nobody in the version in use has the id folder:Jo Biden" in mistyped.out
    assert run("db", "list", "--json").document["total"] == 3
    for who, found in (("folder:Jo Biden", False), ("folder:Joe Biden", True)):
        assert run("db", "forget", who, "--yes", "--json").document["found"] is found


def test_what_cannot_be_imported_is_refused_without_a_question(run: Run, tmp_path: Path) -> None:
    run("db", "build", PEOPLE, "--name", "1.0")
    page = tmp_path / "page.html"
    page.write_text("<html>")
    refused = run("db", "import", page, stdin=subprocess.DEVNULL)
    assert refused.code == 1
    assert "Is that meant" not in refused.err + refused.out
    assert "page.html is no whole zip" in refused.err
