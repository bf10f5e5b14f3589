import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, GREEN, NEARLY_RED, RED, picture, save_picture
from tests.performers_builds import PACK, Workshop, codes, kept, portrait, stopping_at

from stash_sense.errors import (
    Cancelled,
    EverybodyForgotten,
    GalleryMissing,
    GalleryWithoutFaces,
    GalleryWithoutPeople,
    NotWritable,
    SettingInvalid,
    VersionTaken,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.building.build import BuildOptions
from stash_sense.performers.building.sources import FolderSource
from stash_sense.performers.building.state import last_noticed
from stash_sense.performers.building.state_folder import forget_in_states, path_of, states_of
from stash_sense.performers.versions.forgotten import forgotten_ids, remember_forgotten
from stash_sense.performers.versions.library import SWAP_STEPS


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    for name, colour in (("Red", RED), ("Blue", BLUE)):
        for number in range(3):
            save_picture(made.people / name / f"{number}.png", portrait(colour, side=70 + number))
    return made


def state_of(workshop: Workshop) -> Path:
    (state,) = states_of(workshop.library).glob("*.db")
    return state


def test_a_build_installs_everybody_with_their_faces(workshop: Workshop) -> None:
    report = workshop.build()
    current = workshop.library.require()
    assert current.manifest == report.manifest
    assert (current.manifest.pack, current.manifest.sources) == (PACK, ("a folder of pictures",))
    assert current.origin is not None
    assert current.origin.built_here
    assert kept(report) == {
        "folder:Blue": ["Blue/0.png", "Blue/1.png", "Blue/2.png"],
        "folder:Red": ["Red/0.png", "Red/1.png", "Red/2.png"],
    }
    assert (report.pictures, report.described, report.reused, report.unchanged) == (6, 6, 0, False)
    assert report.notes == ()


def test_a_second_build_reads_nothing_and_installs_nothing(workshop: Workshop) -> None:
    first, second = workshop.build(), workshop.build()
    assert workshop.reader.read_names == []
    assert (second.described, second.reused, second.unchanged) == (0, 6, True)
    assert second.version == first.version
    assert workshop.library.versions() == [first.version]


@pytest.mark.parametrize("pattern", ["performers.db", "vectors-*.npy"])
@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-1] + b"\x7f"])
def test_a_damaged_version_is_made_anew_of_what_is_known(
    workshop: Workshop, pattern: str, damage: Callable[[bytes], bytes]
) -> None:
    first = workshop.build()
    (file,) = workshop.library.require().folder.glob(pattern)
    file.write_bytes(damage(file.read_bytes()))
    second = workshop.build()
    assert (second.described, second.unchanged) == (0, False)
    assert second.manifest.content == first.manifest.content
    assert workshop.library.require().version == second.version
    assert workshop.build().unchanged


def test_only_what_is_new_or_changed_is_described(workshop: Workshop) -> None:
    workshop.build()
    save_picture(workshop.people / "Red" / "new.png", portrait(RED, side=90))
    save_picture(workshop.people / "Red" / "0.png", portrait(RED, side=95))
    report = workshop.build()
    assert sorted(workshop.reader.read_names) == ["0.png", "new.png"]
    assert (report.described, report.reused, report.unchanged) == (2, 5, False)
    assert len(workshop.library.versions()) == 2


def test_copies_are_counted_apart_so_that_the_counts_add_up(workshop: Workshop) -> None:
    shutil.copy(workshop.people / "Red" / "0.png", workshop.people / "Red" / "z.png")
    (workshop.people / "Red" / "bad.png").write_text("no picture")
    for described, reused in ((6, 0), (0, 6)):
        report = workshop.build()
        assert (report.pictures, report.described, report.reused, report.copies) == (8, described, reused, 1)
        assert report.left_out == {"bad_picture": 1, "same_file": 1}
        assert report.manifest.face_count == 6


def test_a_name_that_is_asked_for_is_made_though_nothing_else_has_changed(workshop: Workshop) -> None:
    first, second = workshop.build(), workshop.build(BuildOptions(version="2099.1"))
    assert (second.unchanged, second.version) == (False, "2099.1")
    assert second.manifest.content == first.manifest.content
    assert workshop.build(BuildOptions(version="2099.1")).unchanged


def test_a_picture_that_was_moved_is_read_and_not_described_again(workshop: Workshop) -> None:
    workshop.build()
    (workshop.people / "Red" / "0.png").rename(workshop.people / "Red" / "moved.png")
    report = workshop.build()
    assert (report.described, report.reused) == (0, 6)
    assert "Red/moved.png" in kept(report)["folder:Red"]


def test_pictures_and_people_that_are_gone_leave_the_state(workshop: Workshop) -> None:
    workshop.build()
    shutil.rmtree(workshop.people / "Blue")
    (workshop.people / "Red" / "0.png").unlink()
    assert kept(workshop.build()) == {"folder:Red": ["Red/1.png", "Red/2.png"]}
    with closing(sqlite3.connect(state_of(workshop))) as state:
        query = "SELECT (SELECT count(*) FROM pictures), (SELECT count(*) FROM descriptions)"
        assert state.execute(query).fetchone() == (2, 2)


def test_other_models_describe_everything_anew_and_what_the_first_ones_said_stays(workshop: Workshop) -> None:
    workshop.build()
    workshop.models = "others"
    assert workshop.build().described == 6
    workshop.models = "models"
    assert workshop.build().described == 0


def test_the_content_is_that_of_a_build_from_nothing(workshop: Workshop, tmp_path: Path) -> None:
    workshop.build()
    save_picture(workshop.people / "Blue" / "new.png", portrait(BLUE, side=90))
    (workshop.people / "Red" / "1.png").unlink()
    grown = workshop.build()
    again = Workshop(tmp_path / "elsewhere")
    shutil.copytree(workshop.people, again.people, dirs_exist_ok=True)
    assert again.build().manifest.content == grown.manifest.content


def test_a_bad_picture_is_said_and_tried_again(workshop: Workshop) -> None:
    bad = workshop.people / "Red" / "bad.png"
    bad.write_bytes(b"no picture")
    report = workshop.build()
    assert codes(report) == [("bad_picture", "Red")]
    assert str(bad) in report.notes[0].message
    assert report.left_out == {"bad_picture": 1}
    again = workshop.build()
    assert workshop.reader.read_names == ["bad.png"]
    assert codes(again) == codes(report)


def test_every_build_says_what_is_wrong_with_pictures_it_knows(workshop: Workshop) -> None:
    save_picture(workshop.people / "Red" / "wall.png", picture())
    two = portrait(RED, side=110)
    two[10:50, 10:50] = BLUE
    save_picture(workshop.people / "Red" / "two.png", two)
    save_picture(workshop.people / "Nobody" / "wall.png", picture(size=(300, 200)))
    expected = [("no_face", "Nobody"), ("no_face", "Red"), ("no_reference", "Nobody"), ("several_faces", "Red")]
    assert codes(workshop.build()) == expected
    assert codes(workshop.build()) == expected


def test_second_copies_count_once_and_pictures_of_two_names_for_neither(workshop: Workshop) -> None:
    shutil.copy(workshop.people / "Red" / "0.png", workshop.people / "Red" / "copy.png")
    shutil.copy(workshop.people / "Red" / "1.png", workshop.people / "Blue" / "shared.png")
    report = workshop.build()
    assert kept(report) == {
        "folder:Blue": ["Blue/0.png", "Blue/1.png", "Blue/2.png"],
        "folder:Red": ["Red/0.png", "Red/2.png"],
    }
    assert report.left_out == {"same_file": 1, "same_picture": 2}
    (note,) = report.notes
    assert note.code == "same_picture"
    assert str(workshop.people / "Blue" / "shared.png") in note.message
    assert str(workshop.people / "Red" / "1.png") in note.message


def test_a_photograph_that_was_saved_again_is_left_out(workshop: Workshop) -> None:
    save_picture(workshop.people / "Red" / "photo.png", portrait(RED, side=97))
    save_picture(workshop.people / "Red" / "photo.webp", portrait(RED, side=97))
    report = workshop.build()
    assert codes(report) == [("near_duplicate", "Red")]
    assert len(kept(report)["folder:Red"]) == 4


def test_a_strangers_picture_is_left_out_and_one_of_somebody_known_reported(workshop: Workshop) -> None:
    save_picture(workshop.people / "Red" / "wrong.png", portrait(GREEN))
    report = workshop.build()
    assert codes(report) == [("unlike_the_others", "Red")]
    assert "Red/wrong.png" not in kept(report)["folder:Red"]


def test_a_face_that_looks_like_another_person_is_said_in_every_build(workshop: Workshop) -> None:
    save_picture(workshop.people / "Rouge" / "0.png", portrait(RED, side=88))
    expected = [("looks_like_another", "Rouge")]
    first = workshop.build()
    assert codes(first) == expected
    assert "looks like Red" in first.notes[0].message
    assert codes(workshop.build()) == expected
    shutil.rmtree(workshop.people / "Red")
    assert codes(workshop.build()) == []


def test_a_face_looks_like_the_next_person_when_the_first_one_is_gone(workshop: Workshop) -> None:
    save_picture(workshop.people / "Rouge" / "0.png", portrait(RED, side=88))
    for number in range(3):
        save_picture(workshop.people / "Scarlet" / f"{number}.png", portrait(RED, side=60 + number))

    def about_rouge() -> str:
        (message,) = [note.message for note in workshop.build().notes if note.person == "Rouge"]
        return message

    first = "Red" if "looks like Red" in about_rouge() else "Scarlet"
    shutil.rmtree(workshop.people / first)
    assert f"looks like {({'Red', 'Scarlet'} - {first}).pop()}" in about_rouge()


def test_a_wrong_picture_is_said_when_the_right_person_comes_later(workshop: Workshop) -> None:
    save_picture(workshop.people / "Rouge" / "0.png", portrait(GREEN, side=60))
    assert codes(workshop.build()) == []
    save_picture(workshop.people / "Vert" / "0.png", portrait(GREEN, side=61))
    save_picture(workshop.people / "Vert" / "1.png", portrait(GREEN, side=62))
    assert ("looks_like_another", "Rouge") in codes(workshop.build())
    shutil.rmtree(workshop.people / "Vert")
    assert codes(workshop.build()) == []


def test_two_folders_of_one_person_are_said_and_the_first_is_taken(workshop: Workshop) -> None:
    ids = {"stashbox_ids": [{"endpoint": "stashdb.org", "id": "1"}]}
    for name in ("Red", "Blue"):
        (workshop.people / name / "performer.json").write_text(json.dumps({"name": f"Miss {name}", **ids}))
    report = workshop.build()
    assert codes(report) == [("same_performer", "Miss Red")]
    assert list(kept(report)) == ["stashdb.org:1"]
    assert kept(report)["stashdb.org:1"][0].startswith("Blue/")


def test_names_that_look_the_same_are_one_person(workshop: Workshop) -> None:
    save_picture(workshop.people / "Zo\u00eb" / "a.png", portrait(GREEN))
    save_picture(workshop.people / "Zoe\u0308" / "a.png", portrait(GREEN, side=60))
    if len(list(workshop.people.iterdir())) < 4:
        pytest.skip("this file system does not tell such names apart")
    assert [code for code, _ in codes(workshop.build())] == ["same_performer"]


def test_the_forgotten_are_passed_over_by_any_of_their_ids(workshop: Workshop) -> None:
    said = {"stashbox_ids": [{"endpoint": "a.org", "id": "1"}, {"endpoint": "b.org", "id": "2"}]}
    (workshop.people / "Red" / "performer.json").write_text(json.dumps(said))
    workshop.build()
    remember_forgotten(workshop.library.folder, {"b.org:2"})
    report = workshop.build()
    assert codes(report) == [("forgotten", "Red")]
    assert list(kept(report)) == ["folder:Blue"]
    assert forgotten_ids(workshop.library.folder) == {"b.org:2"}
    with pytest.raises(EverybodyForgotten, match="unforget") as raised:
        workshop.build(BuildOptions(forgotten=frozenset({"folder:Blue"})))
    assert any("Red" in note for note in raised.value.__notes__)


def test_who_is_forgotten_while_pictures_are_described_is_not_in_what_is_built(workshop: Workshop) -> None:
    def listen(report: Progress) -> None:
        if (report.stage, report.done) == ("describing", 6):
            remember_forgotten(workshop.library.folder, {"folder:Red"})

    assert list(kept(workshop.build(progress=listen))) == ["folder:Blue"]
    with closing(sqlite3.connect(state_of(workshop))) as state:
        assert state.execute("SELECT universal_id FROM performers").fetchall() == [("folder:Blue",)]
        assert state.execute("SELECT count(*) FROM descriptions").fetchone() == (3,)


def test_everybody_may_be_forgotten_while_pictures_are_described(workshop: Workshop) -> None:
    def listen(report: Progress) -> None:
        if (report.stage, report.done) == ("describing", 6):
            remember_forgotten(workshop.library.folder, {"folder:Red"})
            remember_forgotten(workshop.library.folder, {"folder:Blue"})

    with pytest.raises(EverybodyForgotten):
        workshop.build(progress=listen)
    assert workshop.library.current() is None


def test_what_was_noticed_is_kept_until_somebody_is_forgotten(workshop: Workshop) -> None:
    (workshop.people / "Red" / "bad.png").write_text("no picture")
    report, source = workshop.build(), FolderSource(workshop.people)
    states = states_of(workshop.library)
    assert last_noticed(path_of(states, source)) == list(report.notes) != []
    forget_in_states(states, {"folder:Blue"})
    assert last_noticed(path_of(states, source)) == []
    assert last_noticed(states / "none.db") == []


def test_what_was_noticed_is_told_with_the_error_that_ends_a_build(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    save_picture(workshop.people / "Nobody" / "a.png", picture())
    (workshop.people / "Nobody" / "performer.json").write_text("{")
    with pytest.raises(GalleryWithoutFaces) as raised:
        workshop.build()
    assert any("performer.json" in note for note in raised.value.__notes__)


def test_a_version_tells_nothing_of_where_the_pictures_lie(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.people = tmp_path / "private place"
    save_picture(workshop.people / "Red" / "secret party" / "one.png", portrait(RED))
    written = {file.name: file.read_bytes() for file in workshop.build().folder.iterdir()}
    assert any(b"Red" in content for content in written.values()), "what is told is there to be read"
    for word in (b"private place", b"secret party", b"one.png"):
        assert [name for name, content in written.items() if word in content] == []


def test_a_build_that_cannot_compare_its_faces_is_in_use_and_says_so(workshop: Workshop) -> None:
    def listen(report: Progress) -> None:
        if (report.stage, report.done) == ("swapping", len(SWAP_STEPS)):
            (workshop.library.require().folder / "performers.db").unlink()

    report = workshop.build(progress=listen)
    assert workshop.library.require().version == report.version
    assert codes(report) == [("not_compared", "")]


def test_a_build_can_be_written_to_a_folder_of_its_own(workshop: Workshop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = workshop.build(BuildOptions(out=out, version="1.0"))
    assert (report.folder, report.version) == (out, "1.0")
    assert (out / "manifest.json").is_file()
    assert workshop.library.current() is None
    with pytest.raises(NotWritable, match="not an empty folder"):
        workshop.build(BuildOptions(out=out))


def test_a_version_may_be_named_and_is_never_overwritten(workshop: Workshop) -> None:
    assert workshop.build(BuildOptions(version="1.0")).version == "1.0"
    save_picture(workshop.people / "Red" / "new.png", portrait(RED, side=90))
    with pytest.raises(VersionTaken):
        workshop.build(BuildOptions(version="1.0"))


def test_a_name_that_another_version_has_is_refused_before_any_work(workshop: Workshop) -> None:
    workshop.build(BuildOptions(version="1.0"))
    save_picture(workshop.people / "Red" / "new.png", portrait(RED, side=90))
    workshop.build(BuildOptions(version="1.1"))
    save_picture(workshop.people / "Red" / "newer.png", portrait(RED, side=95))
    with pytest.raises(VersionTaken):
        workshop.build(BuildOptions(version="1.0"))
    assert workshop.reader.read_names == []


@pytest.mark.parametrize("name", ["", "../x", "today", "1.0/..", "1.0 ", "1" * 65, "\udcff"])
def test_what_is_no_name_of_a_version_is_refused_before_any_work(workshop: Workshop, name: str) -> None:
    with pytest.raises(SettingInvalid, match="name of the version"):
        workshop.build(BuildOptions(version=name))
    assert workshop.reader.read_names == []


def test_a_folder_whose_name_is_no_text_is_built_from(tmp_path: Path) -> None:
    strange = Workshop(tmp_path / os.fsdecode(b"a\xff"))
    strange.people = strange.people.rename(strange.root / os.fsdecode(b"people\xff"))
    save_picture(strange.people / "Red" / "one.png", portrait(RED))
    report = strange.build()
    assert strange.library.require().version == report.version


def test_what_is_no_source_is_said(workshop: Workshop) -> None:
    empty = Workshop(workshop.root / "empty")
    with pytest.raises(GalleryWithoutPeople):
        empty.build()
    save_picture(empty.people / "Nobody" / "a.png", picture())
    with pytest.raises(GalleryWithoutFaces, match="shows no face"):
        empty.build()
    assert empty.library.current() is None
    shutil.rmtree(empty.people)
    with pytest.raises(GalleryMissing):
        empty.build()


def test_a_damaged_state_is_set_aside_and_everything_described_anew(workshop: Workshop) -> None:
    first = workshop.build()
    state = state_of(workshop)
    for content in (b"no database at all" * 500, state.read_bytes()[:5000] + b"\xff" * 20_000):
        state.write_bytes(content)
        report = workshop.build()
        assert codes(report) == [("state_damaged", "")]
        assert (report.described, report.manifest.content) == (6, first.manifest.content)
    assert workshop.build().described == 0


def test_a_state_of_another_program_is_set_aside(workshop: Workshop) -> None:
    workshop.build()
    state = state_of(workshop)
    state.unlink()
    other = sqlite3.connect(state)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    assert codes(workshop.build()) == [("state_damaged", "")]


def test_a_build_that_is_stopped_goes_on_where_it_was(workshop: Workshop) -> None:
    for number in range(40):
        save_picture(workshop.people / "Green" / f"{number}.png", portrait(GREEN, side=50 + number))
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        workshop.build(progress=stopping_at(cancel, "describing", 20), cancel=cancel)
    assert workshop.library.current() is None
    report = workshop.build()
    assert report.reused >= 20
    assert report.described + report.reused == 46


def test_progress_counts_all_pictures_and_names_the_person(workshop: Workshop) -> None:
    reports: list[Progress] = []
    workshop.build(progress=reports.append)
    described = [(one.done, one.total, one.note) for one in reports if one.stage == "describing"]
    assert described == [(0, 6, ""), *((number + 1, 6, "Blue" if number < 3 else "Red") for number in range(6))]
    assert [(one.done, one.total) for one in reports if one.stage == "writing"] == [(0, 2), (1, 2)]
    stages = list(dict.fromkeys(one.stage for one in reports))
    assert stages == ["listing", "describing", "writing", "swapping", "comparing"]


def test_nearly_red_is_no_stranger_to_red(workshop: Workshop) -> None:
    save_picture(workshop.people / "Red" / "nearly.png", portrait(NEARLY_RED))
    assert codes(workshop.build()) == []


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_the_counts_add_up_though_somebody_is_forgotten_meanwhile(workshop: Workshop, after: int) -> None:
    def forget(report: Progress) -> None:
        if (report.stage, report.done) == ("describing", after):
            remember_forgotten(workshop.library.folder, frozenset({"folder:Blue"}))
            forget_in_states(states_of(workshop.library), frozenset({"folder:Blue"}))

    report = workshop.build(progress=forget)
    assert report.pictures == report.described + report.reused + report.copies == 3
    assert report.pictures - sum(report.left_out.values()) == report.manifest.face_count == 3
    assert report.reused >= 0
    with closing(sqlite3.connect(state_of(workshop))) as state:
        (described,) = state.execute("SELECT count(*) FROM descriptions").fetchone()
    assert described == 3


def test_where_a_version_cannot_be_written_nothing_is_described(workshop: Workshop) -> None:
    (workshop.root / "file").touch()
    with pytest.raises(NotWritable):
        workshop.build(BuildOptions(out=workshop.root / "file" / "out"))
    assert workshop.reader.read_names == []
