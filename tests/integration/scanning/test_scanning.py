"""Scans of a simulated Stash: what is looked at, what is kept, what is recommended, and what is left alone."""

from pathlib import Path
from typing import Any

import pytest
from tests.scan_bench import ADA, BOB, ROSTER, ZOE, bench
from tests.stash_library import library

from stash_sense.errors import SavedFilterUnusable, ScanScopeEmpty, ScanScopeUnknown
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fingerprints.fingerprint import Item, Outcome
from stash_sense.identification.result import Failure
from stash_sense.kernel.cancel import CancelToken
from stash_sense.recommendations.recommendation import Status
from stash_sense.recommendations.store import PageQuery, Resolution
from stash_sense.scanning.deciding import Conditions, Present
from stash_sense.scanning.preview import preview
from stash_sense.scanning.scope import ScanScope, resolve
from stash_sense.scanning.tagged_performers import TaggedPerformers

SCENES = ScanScope(kinds=("scene",))
IMAGES = ScanScope(kinds=("image",))
ALL_FIVE = [f"scene {number}" for number in range(1, 6)]


def change(stash: SimulatedStash, table: str, row: int, **columns: Any) -> None:
    with stash.state.transaction():
        stash.state.change(table, row).update(columns)


def remove(stash: SimulatedStash, table: str, row: int) -> None:
    with stash.state.transaction():
        stash.state.remove(table, row)


def named(result: dict[str, Any]) -> dict[str, int]:
    """What was counted, without noughts."""
    return {name: number for name, number in result.items() if isinstance(number, int) and number}


def test_everything_is_looked_at_once_and_who_is_not_tagged_is_recommended(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    sees = {"scene 1": [ADA], "scene 2": [ADA, ZOE], "scene 3": [BOB], "image 1": [BOB]}
    with bench(stash.url, tmp_path, sees) as one:
        assert named(one.scan()) == {"looked": 7, "no_face": 3, "recommended": 3}
        # Ada is tagged in scene 1 already; both images are in a gallery.
        assert one.said() == {"scene 2": [ADA, ZOE], "scene 3": [BOB], "gallery 1": [BOB]}
        first = one.pending()[0].details["people"]
        assert [(person["performer_id"], person["count"]) for person in first] == [("1", 4), (None, 4)]
        assert [len(person["seen"]) for person in first] == [4, 4]
        again = one.scan()
        assert named(again) == {"unchanged": 7}
        assert len(one.identifier.looked) == 7


def test_an_unchanged_library_costs_requests_for_pages_and_not_for_scenes(tmp_path: Path) -> None:
    with (
        simulated_stash(library=library(scenes=1100)) as stash,
        bench(stash.url, tmp_path, lambda kind, id_: [BOB] if int(id_) % 10 == 0 else []) as one,
    ):
        one.scan(SCENES)
        assert len(one.pending()) == 110
        stash.requests.clear()
        assert named(one.scan(SCENES)) == {"unchanged": 1100}
        # Three pages; the filter's own questions; nobody is tagged, and who Bob is is read once.
        assert len(stash.requests) <= 3 + 4


def test_who_is_tagged_by_now_is_recommended_no_more(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {"scene 2": [ADA, BOB], "scene 3": [BOB]}) as one:
        one.scan(SCENES)
        change(stash, "scenes", 2, performers=[1])
        change(stash, "scenes", 3, performers=[2])
        assert named(one.scan(SCENES)) == {"unchanged": 5, "recommended": 1, "withdrawn": 1}
        assert one.said() == {"scene 2": [BOB]}
        change(stash, "scenes", 3, performers=[])
        one.scan(SCENES)
        assert one.said() == {"scene 2": [BOB], "scene 3": [BOB]}


def test_what_the_user_has_decided_never_comes_back_in_whatever_company(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    seen = {"scene 2": [ADA, BOB], "scene 3": [BOB], "scene 4": [ZOE]}
    with bench(stash.url, tmp_path, seen) as one:
        one.scan(SCENES)
        two, three, four = one.pending()
        one.recommendations.dismiss(two.id)
        one.recommendations.resolve(three.id, Resolution("accept", {}))
        one.recommendations.dismiss(four.id, permanent=True)
        assert one.scan(SCENES)["recommended"] == 0
        change(stash, "scenes", 2, performers=[1])  # Bob is left, about whom the user has decided, too
        one.scan(SCENES)
        assert one.said() == {}
        seen |= {"scene 2": [BOB, ZOE], "scene 4": [BOB]}
        one.now = Present("lite", "2026.11.2", one.now.conditions, from_start=True)
        one.scan(SCENES)
        assert one.said() == {"scene 2": [ZOE]}


def test_a_changed_file_is_looked_at_again_and_a_moved_one_is_not(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {"scene 2": [BOB]}) as one:
        one.scan(SCENES)
        change(stash, "files", 102, path="/elsewhere/b.mp4")
        change(stash, "files", 103, fingerprints=[{"type": "oshash", "value": "ffff"}])
        one.identifier.looked.clear()
        assert named(one.scan(SCENES)) == {"unchanged": 4, "looked": 1, "no_face": 1}
        assert one.identifier.looked == ["scene 3"]


def test_what_failed_is_remembered_and_retried_only_when_something_changed(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    damaged = Failure("video_damaged", "It is damaged.")
    with bench(stash.url, tmp_path, lambda kind, id_: damaged if id_ == "2" else [BOB]) as one:
        result = one.scan(SCENES)
        assert (result["failed"], result["failures"]) == (1, {"video_damaged": 1})
        kept = one.fingerprints.get(Item("scene", "2"))
        assert kept is not None
        assert (kept.outcome, kept.code, kept.message) == (Outcome.FAILED, "video_damaged", "It is damaged.")
        assert one.scan(SCENES)["failed"] == 0
        one.now = Present("lite", one.now.database, one.now.conditions, retry_failed=True)
        assert one.scan(SCENES)["failed"] == 1
        one.now = Present("lite", one.now.database, Conditions("other folders", "matching"))
        one.identifier.sees = lambda kind, id_: [BOB]
        assert named(one.scan(SCENES)) == {"unchanged": 4, "looked": 1, "recommended": 1}


def test_a_failure_does_not_take_the_place_of_what_is_known(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {"scene 2": [BOB]}) as one:
        one.scan(SCENES)
        one.identifier.sees = lambda kind, id_: Failure("input_missing", "The disk is away.")
        one.now = Present("lite", one.now.database, one.now.conditions, from_start=True)
        assert one.scan(SCENES)["failures"] == {"input_missing": 5}
        assert one.said() == {"scene 2": [BOB]}
        assert one.fingerprints.marks("scene", ["2"])["2"].outcome is Outcome.FACES

        failed = [kept for page in one.fingerprints.pages("scene", failed=True) for kept in page]
        assert [(kept.item.id, kept.message) for kept in failed] == [
            (str(n), "The disk is away.") for n in range(1, 6)
        ]
        assert [person.person_id for person in failed[1].persons] == [BOB]
        one.now = Present("lite", one.now.database, one.now.conditions)
        assert named(one.scan(SCENES)) == {"unchanged": 5}
        one.identifier.sees = lambda kind, id_: [BOB] if id_ == "2" else []
        one.now = Present("lite", one.now.database, one.now.conditions, retry_failed=True)
        assert named(one.scan(SCENES)) == {"looked": 5, "no_face": 4}
        assert not list(one.fingerprints.pages("scene", failed=True))


def test_what_is_deleted_is_forgotten_with_what_was_recommended(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {"scene 2": [BOB], "scene 5": [BOB], "image 1": [ZOE]}) as one:
        one.scan()
        assert set(one.said()) == {"scene 2", "scene 5", "gallery 1"}
        for table, row in (("scenes", 5), ("images", 1)):
            remove(stash, table, row)
        one.scan(ScanScope(tag="Outdoor"))  # a part of the library says nothing about the rest
        assert set(one.said()) == {"scene 2", "scene 5", "gallery 1"}
        assert named(one.scan()) == {"unchanged": 5, "gone": 2, "withdrawn": 2}
        assert set(one.said()) == {"scene 2"}
        assert one.fingerprints.get(Item("scene", "5")) is None


def test_a_scene_that_is_deleted_while_it_is_looked_at_is_passed_over(stash: SimulatedStash, tmp_path: Path) -> None:
    def sees(kind: str, id_: str) -> Any:
        if id_ != "3":
            return [BOB]
        remove(stash, "scenes", 3)
        return Failure("not_on_server", "It is not there.")

    with bench(stash.url, tmp_path, sees) as one:
        assert named(one.scan(SCENES)) == {"looked": 4, "gone": 1, "recommended": 4}
        assert one.fingerprints.get(Item("scene", "3")) is None


def test_a_gallery_is_judged_when_all_its_images_are_known(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {"image 1": [BOB, ZOE], "image 2": [BOB]}) as one:
        one.scan(ScanScope(kinds=("image",), limit=1))
        assert one.said() == {}
        one.scan(IMAGES)
        assert one.said() == {"gallery 1": [BOB, ZOE]}
        (found,) = one.pending()
        (bob, _) = found.details["people"]
        assert (bob["count"], bob["image_ids"], len(bob["seen"])) == (2, ["1", "2"], 2)
        change(stash, "images", 2, performers=[2])  # tagged in one image is tagged in the gallery
        one.scan(IMAGES)
        assert one.said() == {"gallery 1": [ZOE]}
        change(stash, "images", 1, galleries=[])  # and an image without a gallery speaks for itself
        one.scan(IMAGES)
        assert one.said() == {"image 1": [BOB, ZOE]}


def test_a_gallery_is_judged_once_however_many_pages_its_images_are_on(tmp_path: Path) -> None:
    with (
        simulated_stash(library=library()) as stash,
        bench(stash.url, tmp_path, lambda kind, id_: [BOB] if int(id_) % 100 == 0 else []) as one,
    ):
        with stash.state.transaction():
            for number in range(3, 1101):
                stash.state.insert("images", title=f"Image {number}", galleries=[1])
        one.scan(IMAGES)
        assert one.said() == {"gallery 1": [BOB]}
        stash.requests.clear()
        assert named(one.scan(IMAGES)) == {"unchanged": 1100}
        # Three pages; the gallery with each, and at its end; its images on three pages; who is in Stash.
        assert len(stash.requests) <= 3 + 3 + 1 + 3 + 4


def test_an_image_that_is_left_alone_does_not_keep_its_gallery_from_being_judged(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    with bench(stash.url, tmp_path, {"image 1": [BOB], "image 2": [ZOE]}) as one:
        change(stash, "images", 2, tags=[2])
        one.scan(IMAGES, leave_alone="Beach")
        assert one.said() == {"gallery 1": [BOB]}
        change(stash, "images", 2, tags=[])
        one.scan(IMAGES, leave_alone="Beach")
        assert one.said() == {"gallery 1": [BOB, ZOE]}


def test_who_is_tagged_is_remembered_and_never_forgotten_while_it_is_asked_for(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    with bench(stash.url, tmp_path, {}) as one:
        tagged = TaggedPerformers(one.client.reader, one.loop, ROSTER, most=1)
        tagged.read((id_ for id_ in ("1", "2")), CancelToken())
        assert tagged.person_ids(["1", "2"]) == {ADA, BOB}
        tagged.read((id_ for id_ in ("2", "3")), CancelToken())
        assert tagged.person_ids(["1", "2"]) == {BOB}
        assert [one.id for one in tagged.performers(["1", "2", "3"])] == ["2", "3"]
        stash.requests.clear()
        tagged.read(["3"], CancelToken())
        assert not stash.requests
        tagged.read(["1", "2"], CancelToken())
        assert tagged.person_ids(["1", "2"]) == {ADA, BOB}


def test_a_preview_leaves_alone_what_a_scan_does(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {}) as one:
        change(stash, "galleries", 1, tags=[2])
        scope = one.loop.call(lambda: resolve(one.client, IMAGES, "Beach"), CancelToken())
        (found,) = preview(one.client, one.loop, one.fingerprints, scope, one.now, CancelToken())
        assert (found.kind, found.total) == ("images", 0)


def test_scopes_find_what_they_name(stash: SimulatedStash, tmp_path: Path) -> None:
    with stash.state.transaction():
        stash.state.insert("tags", name="Below", parents=[2])
        stash.state.insert("studios", name="Small House", parent=1)
        stash.state.insert(
            "saved_filters",
            mode="SCENES",
            name="Two tags",
            object_filter={"tags": {"modifier": "INCLUDES", "value": {"items": [{"id": "2", "label": "Beach"}]}}},
        )
        stash.state.insert("saved_filters", mode="SCENES", name="Odd", object_filter={"captions": {}})
        stash.state.insert("saved_filters", mode="PERFORMERS", name="People", object_filter={})
    below = next(row["id"] for row in stash.state.tables["tags"].values() if row["name"] == "Below")
    small = next(row["id"] for row in stash.state.tables["studios"].values() if row["name"] == "Small House")
    change(stash, "scenes", 2, tags=[2], organized=True)
    change(stash, "scenes", 3, tags=[below], studio=small)
    with bench(stash.url, tmp_path, {}) as one:
        one.now = Present("lite", one.now.database, one.now.conditions, from_start=True)

        def found(leave_alone: str = "", **asked: Any) -> list[str]:
            one.identifier.looked.clear()
            one.scan(ScanScope(**asked), leave_alone)
            return one.identifier.looked

        assert found(saved_filter="two TAGS") == ["scene 2"]
        assert found(tag="Beach") == ["scene 2", "scene 3"]
        assert found(tag=str(below)) == ["scene 3"]
        assert found(tag="Beach", unorganized=True) == ["scene 3"]
        assert found(studio="Big House") == ["scene 1", "scene 3"]
        assert found(path="scene 4.mp4") == ["scene 4"]
        assert found(kinds=("scene",), path='library/scene "4') == ["scene 4"]
        assert found("Beach", kinds=("scene",)) == ["scene 1", "scene 4", "scene 5"]
        assert found("Below", tag="Beach") == ["scene 2"]
        assert found(kinds=("scene",), newest_first=True, limit=2) == ["scene 5", "scene 4"]
        for wrong, error in (
            ({"tag": "Nowhere"}, ScanScopeUnknown),
            ({"studio": "77"}, ScanScopeUnknown),
            ({"saved_filter": "None"}, ScanScopeUnknown),
            ({"saved_filter": "Odd"}, SavedFilterUnusable),
            ({"saved_filter": "People"}, SavedFilterUnusable),
            ({"saved_filter": "Two tags", "kinds": ("image",)}, ScanScopeEmpty),
        ):
            with pytest.raises(error):
                one.scan(ScanScope(**wrong))


def test_what_is_to_be_left_alone_is_forgotten_and_so_are_galleries(stash: SimulatedStash, tmp_path: Path) -> None:
    sees = {"scene 2": [BOB], "scene 3": [BOB], "image 1": [ZOE]}
    with bench(stash.url, tmp_path, sees) as one:
        one.scan()
        assert set(one.said()) == {"scene 2", "scene 3", "gallery 1"}
        change(stash, "scenes", 2, tags=[2])
        change(stash, "galleries", 1, tags=[2])
        one.scan(leave_alone="Beach")
        assert set(one.said()) == {"scene 3"}
        assert one.fingerprints.several("image", ["1", "2"]) == {}


def test_nothing_is_scanned_while_stash_has_no_tag_of_what_is_to_be_left_alone(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    with bench(stash.url, tmp_path, {"scene 2": [BOB]}) as one:
        with pytest.raises(ScanScopeUnknown, match="leave_alone_tag, 'Beech'"):
            one.scan(leave_alone="Beech")
        assert one.identifier.looked == []


def test_a_scan_of_what_is_new_ends_where_nothing_is(tmp_path: Path) -> None:
    with simulated_stash(library=library(scenes=1100)) as stash, bench(stash.url, tmp_path, {}) as one:
        one.scan(SCENES)
        with stash.state.transaction():
            stash.state.insert("scenes", title="New")
        one.identifier.looked.clear()
        result = one.scan(ScanScope(kinds=("scene",), only_new=True))
        assert one.identifier.looked == ["scene 1101"]
        assert result["unchanged"] == 999  # the page after the one with something new is the last


def test_newest_first_goes_on_below_where_it_was(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {}) as one:
        asked = ScanScope(kinds=("scene",), newest_first=True)
        cursor = {"kind": "scene", "after": 4, "position": 2, "pack": "lite", "database": one.now.database}
        one.scan(asked, cursor=cursor)
        assert one.identifier.looked == ["scene 3", "scene 2", "scene 1"]
        other = {**cursor, "database": "2026.1.1"}
        one.identifier.looked.clear()
        one.scan(asked, cursor=other)  # the database is another one by now: those before have to be seen to
        assert one.identifier.looked == ["scene 5", "scene 4"]


def test_every_recommendation_is_pending_once(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, lambda kind, id_: [BOB, ZOE]) as one:
        for database in ("1", "2", "3"):
            one.now = Present("lite", database, one.now.conditions)
            one.scan()
        everything = one.recommendations.page(PageQuery(limit=100))
        assert len({one.target for one in everything}) == len(everything) == 6
        assert {one.status for one in everything} == {Status.PENDING}


def test_of_a_stash_that_has_next_to_nothing_nothing_is_forgotten(tmp_path: Path) -> None:
    with (
        simulated_stash(library=library(scenes=150)) as stash,
        bench(stash.url, tmp_path, {"scene 140": [BOB]}) as one,
    ):
        one.scan(SCENES)
        for scene in range(50, 151):
            remove(stash, "scenes", scene)
        result = one.scan(SCENES)
        assert (result["gone"], result["keeps_what_is_gone"]) == (0, True)
        assert set(one.said()) == {"scene 140"}
        one.now = Present("lite", one.now.database, one.now.conditions, from_start=True)
        result = one.scan(SCENES)
        assert (result["gone"], result["keeps_what_is_gone"]) == (101, False)
        assert one.said() == {}


def test_a_scope_in_which_there_is_nothing_is_told_in_a_sentence(stash: SimulatedStash, tmp_path: Path) -> None:
    with bench(stash.url, tmp_path, {}) as one:
        nothing = one.scan(ScanScope(path="nonsense"))["nothing_found"]
        assert nothing.startswith("Stash has no scene or image with 'nonsense' in the path of a file: ")
        assert one.scan(ScanScope(tag="Outdoor"))["nothing_found"] is None  # only scenes have it
        assert one.scan()["nothing_found"] is None
        assert one.scan()["nothing_found"] is None  # nothing to do is not nothing there


def test_a_stash_in_which_there_is_nothing_is_told_to_look_for_files(tmp_path: Path) -> None:
    with simulated_stash() as stash, bench(stash.url, tmp_path, {}) as one:
        assert "let Stash look through its folders first" in one.scan()["nothing_found"]
