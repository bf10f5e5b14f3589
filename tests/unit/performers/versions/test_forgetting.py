import contextlib
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, RED, save_picture
from tests.performers_builds import Workshop, codes, kept, portrait, stopping_at
from tests.performers_files import Person, install_version, people, write_version

from stash_sense.errors import (
    Cancelled,
    DatabaseMissing,
    ForgottenUnreadable,
    NotWritable,
    PerformerAmbiguous,
    PerformerUnknown,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.state_folder import states_of
from stash_sense.performers.reader import read_performers
from stash_sense.performers.records import Alias, StashBoxId
from stash_sense.performers.versions.forgetting import forget, without_forgotten
from stash_sense.performers.versions.forgotten import forgotten_ids, remember_forgotten, unforget
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.reports.installed import version_document


def named(member: Person, name: str, *aliases: str, ids: tuple[StashBoxId, ...] = ()) -> Person:
    record = replace(member[0], name=name, aliases=tuple(map(Alias, aliases)), stashbox_ids=ids)
    return (record, *member[1:])


@pytest.fixture
def library(tmp_path: Path) -> PerformersLibrary:
    """Ada, Bea (called Bee), and two called Cleo, in two versions."""
    library = PerformersLibrary(tmp_path / "performers")
    four = people(4)
    install_version(library, four[1:], "1.0")
    members = [
        named(four[0], "Ada", ids=(StashBoxId("a.org", "1"), StashBoxId("b.org", "2"))),
        named(four[1], "Bea", "Bee"),
        named(four[2], "Cleo"),
        named(four[3], "Cleo"),
    ]
    install_version(library, members, "2.0")
    return library


def names(version: InstalledVersion) -> list[str]:
    return [one.record.name for one in read_performers(version.folder, version.manifest)]


@pytest.mark.parametrize("who", ["Bea", "bee", "test.org:00001"])
def test_somebody_is_forgotten_by_id_name_or_alias(library: PerformersLibrary, who: str) -> None:
    forgotten = forget(library, who, CancelToken())
    assert (forgotten.universal_id, forgotten.name) == ("test.org:00001", "Bea")
    assert names(library.require()) == ["Ada", "Cleo", "Cleo"]
    assert forgotten_ids(library.folder) == {"test.org:00001"}


def test_no_version_with_them_is_left_and_those_without_them_are(library: PerformersLibrary) -> None:
    forget(library, "Ada", CancelToken())
    assert library.versions() == ["2.0.0.1"]  # 1.0 was without Ada, and is two versions old
    forget(library, "Bea", CancelToken())
    assert library.versions() == ["2.0.0.2"]
    assert library.previous() is None
    left = sorted(path.name for path in library.folder.iterdir())
    assert left == [".lock", "2.0.0.2", "2.0.0.2.origin.json", "current.json", "forgotten.json"]


def test_what_others_made_gets_a_name_that_only_this_machine_gives(library: PerformersLibrary) -> None:
    with library.alone(), library.staging() as stage:
        write_version(stage / "version", people(4), "2026.02.18")
        library.install(stage / "version", new_origin("somewhere"))
    for number in (1, 2):
        made = forget(library, f"test.org:{number:05d}", CancelToken()).version
        assert made.version == f"2026.02.18+without.{number}"
        assert made.origin is not None
        assert made.origin.reduced_from == "2026.02.18"
        assert made.origin.left_out == {f"test.org:{one:05d}" for one in range(1, number + 1)}


class Stubborn(PerformersLibrary):
    """A library on a disk that lets nothing go."""

    def remove(self, version: str) -> None:
        raise NotWritable(path=self.folder / version, reason="Device or resource busy")


def test_what_cannot_be_done_once_they_are_gone_is_a_note(library: PerformersLibrary) -> None:
    forgotten = forget(Stubborn(library.folder), "Bea", CancelToken())
    assert forgotten.version.version == library.require().version == "2.0.0.1"
    (note,) = forgotten.notes
    assert "forget test.org:00001 again" in note
    assert "busy" in note
    assert forget(library, "test.org:00001", CancelToken()).notes == ()
    assert library.versions() == ["2.0.0.1"]


def test_what_is_derived_from_versions_with_them_is_gone(library: PerformersLibrary) -> None:
    derived = library.derived / "2.0-0123"
    derived.mkdir(parents=True)
    (derived / "faces.int8").write_bytes(b"vectors")
    forget(library, "Ada", CancelToken())
    assert not derived.exists()


def test_what_is_derived_from_databases_elsewhere_that_may_hold_them_is_gone(library: PerformersLibrary) -> None:
    library.galleries.mkdir(parents=True)
    (library.galleries / "faces.int8").write_bytes(b"vectors")
    forget(library, "Ada", CancelToken())
    assert not library.galleries.exists()


def test_what_somebody_signed_is_theirs_no_longer(library: PerformersLibrary) -> None:
    with library.alone(), library.staging() as stage:
        write_version(stage / "version", people(4), "3.0")
        library.install(stage / "version", new_origin("somewhere", signed_by="0123456789ABCDEF"))
    assert version_document(library.require(), library)["signed"]
    for number in range(2):
        forget(library, f"test.org:{number:05d}", CancelToken())
        document = version_document(library.require(), library)
        assert (document["signed"], document["signed_by"]) == (False, "0123456789ABCDEF")
        assert (document["reduced_from"], document["built_here"]) == ("3.0", False)
        assert document["installed_from"] == "somewhere"


def test_all_ids_of_somebody_are_remembered_and_no_name(library: PerformersLibrary) -> None:
    forget(library, "Ada", CancelToken())
    assert forgotten_ids(library.folder) == {"test.org:00000", "a.org:1", "b.org:2"}
    assert "Ada" not in (library.folder / "forgotten.json").read_text()


def test_who_is_meant_must_be_clear(library: PerformersLibrary) -> None:
    with pytest.raises(PerformerUnknown, match="Dora"):
        forget(library, "Dora", CancelToken())
    with pytest.raises(PerformerAmbiguous, match=r"test\.org:00002, test\.org:00003"):
        forget(library, "Cleo", CancelToken())
    assert library.require().version == "2.0"
    assert forgotten_ids(library.folder) == frozenset()


def test_somebody_of_an_earlier_version_is_forgotten_by_their_id(library: PerformersLibrary) -> None:
    install_version(library, people(1), "3.0")
    before = forget(library, "test.org:00001", CancelToken())
    assert before.version.version == library.require().version == "3.0"
    assert library.versions() == ["3.0"]
    assert forgotten_ids(library.folder) == {"test.org:00001"}


def test_somebody_whom_only_a_build_knows_is_forgotten_by_their_id(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name in ("Red", "Blue"):  # the same picture under two names is left out of both
        save_picture(workshop.people / name / "0.png", portrait(RED))
    save_picture(workshop.people / "Green" / "0.png", portrait(BLUE))
    assert list(kept(workshop.build())) == ["folder:Green"]
    forget(workshop.library, "folder:Red", CancelToken())
    (state,) = states_of(workshop.library).glob("*.db")
    assert b"folder:Red" not in state.read_bytes()
    assert list(kept(workshop.build())) == ["folder:Blue", "folder:Green"]


def test_who_is_said_to_have_an_id_of_them_is_somebody_else(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    elsewhere = Workshop(tmp_path / "elsewhere")
    elsewhere.library = workshop.library
    save_picture(elsewhere.people / "Blue" / "1.png", portrait(BLUE, side=60))
    said = [{"endpoint": "a.org", "id": "1"}, {"endpoint": "b.org", "id": "2"}]
    (workshop.people / "Red" / "performer.json").write_text(json.dumps({"stashbox_ids": said[:1]}))
    (workshop.people / "Blue" / "performer.json").write_text(json.dumps({"stashbox_ids": said[1:]}))
    (elsewhere.people / "Blue" / "performer.json").write_text(json.dumps({"stashbox_ids": said[::-1]}))
    elsewhere.build()
    workshop.build()
    forget(workshop.library, "a.org:1", CancelToken())
    assert forgotten_ids(workshop.library.folder) == {"a.org:1", "folder:Red"}
    assert list(kept(workshop.build())) == ["b.org:2"]


def test_who_is_named_by_an_id_that_they_claim_is_not_forgotten_with_them(library: PerformersLibrary) -> None:
    members = people(3)
    claiming = named(members[0], "Ada", ids=(StashBoxId("test.org", "00002"),))
    install_version(library, [claiming, *members[1:]], "3.0")
    forget(library, "Ada", CancelToken())
    assert len(names(library.require())) == 2
    assert forgotten_ids(library.folder) == {"test.org:00000"}


def test_whoever_was_being_forgotten_is_purged_when_the_next_one_is(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    workshop.build()
    remember_forgotten(workshop.library.folder, {"folder:Red"})  # killed right after it
    forget(workshop.library, "folder:Somebody", CancelToken())
    (state,) = states_of(workshop.library).glob("*.db")
    assert b"folder:Red" not in state.read_bytes()


def test_without_a_database_nobody_can_be_forgotten(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing):
        forget(PerformersLibrary(tmp_path), "Ada", CancelToken())


def test_builds_do_not_bring_anybody_back_and_keep_nothing_of_them(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    workshop.build()
    (state,) = states_of(workshop.library).glob("*.db")
    assert b"folder:Red" in state.read_bytes()
    forget(workshop.library, "red", CancelToken())
    assert b"folder:Red" not in state.read_bytes()
    report = workshop.build()
    assert codes(report) == [("forgotten", "Red")]
    assert list(kept(report)) == ["folder:Blue"]
    assert b"folder:Red" not in state.read_bytes()
    with workshop.library.alone():
        assert unforget(workshop.library.folder, "folder:Red")
        assert not unforget(workshop.library.folder, "folder:Red")
    assert list(kept(workshop.build())) == ["folder:Blue", "folder:Red"]


def test_a_state_of_no_use_is_removed_with_what_it_may_hold(library: PerformersLibrary) -> None:
    states = states_of(library)
    states.mkdir()
    (states / "x.db").write_bytes(b"no database" * 100)
    (states / "x.damaged").write_bytes(b"vectors")
    forget(library, "Ada", CancelToken())
    assert list(states.iterdir()) == []


def test_what_was_killed_while_it_forgot_somebody_is_finished(library: PerformersLibrary) -> None:
    forget(library, "Ada", CancelToken())
    old = people(1)
    with library.alone():
        write_version(library.folder / "1.5", old)  # as if it had not been removed
        (library.folder / "current.json").write_text(
            json.dumps({"schema": 1, "current": library.require().version, "previous": "1.5"})
        )
    with pytest.raises(PerformerUnknown):
        forget(library, "Ada", CancelToken())
    assert library.versions() == ["2.0.0.1"]


KILLED = """
import os, signal, sys
from pathlib import Path
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.versions.forgetting import forget
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.library import PerformersLibrary

folder, who, stage = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def listen(report):
    if report.stage == stage and forgotten_ids(folder):
        os.kill(os.getpid(), signal.SIGKILL)

forget(PerformersLibrary(folder), who, CancelToken(), listen)
"""


def killed_when_forgotten(library: PerformersLibrary, who: str, stage: str) -> None:
    """Forget somebody in a process that is killed when it reports a stage after it remembered whom to forget."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(library.folder), who, stage], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("stage", ["forgetting", "writing", "swapping"])
def test_nothing_of_them_stays_in_builds_once_it_was_begun_again(tmp_path: Path, stage: str) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    workshop.build()
    killed_when_forgotten(workshop.library, "Red", stage)
    with contextlib.suppress(PerformerUnknown):
        forget(workshop.library, "Red", CancelToken())
    written = b"".join(file.read_bytes() for file in states_of(workshop.library).iterdir())
    assert b"folder:Blue" in written
    assert b"folder:Red" not in written


def test_a_build_finishes_what_was_killed_while_it_forgot_somebody(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    workshop.build()
    killed_when_forgotten(workshop.library, "Red", "forgetting")
    (workshop.people / "Red" / "0.png").unlink()  # so that nothing reminds of them
    (workshop.people / "Red").rmdir()
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        workshop.build(progress=stopping_at(cancel, "listing", 0), cancel=cancel)
    written = b"".join(file.read_bytes() for file in states_of(workshop.library).iterdir())
    assert b"folder:Blue" in written
    assert b"folder:Red" not in written


def described(folder: Path, stashdb: str) -> None:
    entry = {"stashbox_ids": [{"endpoint": "stashdb", "id": stashdb}]}
    (folder / "performer.json").write_text(json.dumps(entry))


def test_who_is_forgotten_by_a_stash_box_id_does_not_come_back_by_the_folder_alone(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    described(workshop.people / "Red", "0a")
    workshop.build()
    forget(workshop.library, "stashdb.org:0a", CancelToken())
    (workshop.people / "Red" / "performer.json").unlink()
    assert list(kept(workshop.build())) == ["folder:Blue"]
    with workshop.library.alone():
        assert unforget(workshop.library.folder, "stashdb.org:0a")
    assert list(kept(workshop.build())) == ["folder:Blue", "folder:Red"]


def test_who_is_forgotten_by_their_folder_does_not_come_back_by_a_stash_box_id(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        save_picture(workshop.people / name / "0.png", portrait(colour))
    workshop.build()
    forget(workshop.library, "Red", CancelToken())
    described(workshop.people / "Red", "0a")
    assert list(kept(workshop.build())) == ["folder:Blue"]


def test_who_has_the_same_pictures_in_another_build_is_the_same_person(tmp_path: Path) -> None:
    first, second = Workshop(tmp_path), Workshop(tmp_path)
    second.people = tmp_path / "other people"
    for folder, name in ((first.people, "Red"), (second.people, "R. Red")):
        save_picture(folder / name / "0.png", portrait(RED))
        save_picture(folder / "Blue" / "0.png", portrait(BLUE))
    second.build()
    first.build()
    forget(first.library, "Red", CancelToken())
    assert forgotten_ids(first.library.folder) == {"folder:Red", "folder:R. Red"}
    for file in states_of(first.library).iterdir():
        assert b"Red" not in file.read_bytes()
    assert list(kept(second.build())) == ["folder:Blue"]


def test_who_shares_a_picture_in_another_build_and_is_known_as_somebody_else_stays(tmp_path: Path) -> None:
    first, second = Workshop(tmp_path), Workshop(tmp_path)
    second.people = tmp_path / "other people"
    save_picture(first.people / "Red" / "0.png", portrait(RED))
    save_picture(first.people / "Blue" / "0.png", portrait(BLUE))
    save_picture(second.people / "Blue" / "0.png", portrait(RED))
    second.build()
    first.build()
    forget(first.library, "Red", CancelToken())
    assert forgotten_ids(first.library.folder) == {"folder:Red"}


def test_a_release_is_installed_without_those_who_were_forgotten(library: PerformersLibrary, tmp_path: Path) -> None:
    remember_forgotten(library.folder, {"b.org:2", "test.org:00001"})
    release = library.require()
    made = without_forgotten(release, tmp_path / "made", forgotten_ids(library.folder), ["2.0"], CancelToken())
    assert (made.version, names(made)) == ("2.0+without.1", ["Cleo", "Cleo"])
    assert made.manifest.face_count == 4


def test_a_release_without_any_of_them_stays_as_it_is(library: PerformersLibrary, tmp_path: Path) -> None:
    release = library.require()
    for ids in (frozenset[str](), frozenset({"test.org:99999"})):
        assert without_forgotten(release, tmp_path / "made", ids, [], CancelToken()) is release
    assert not (tmp_path / "made").exists()


def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(library: PerformersLibrary) -> None:
    for content in ("{", '{"schema": 2}', "[]"):
        (library.folder / "forgotten.json").write_text(content)
        with pytest.raises(ForgottenUnreadable):
            forgotten_ids(library.folder)
