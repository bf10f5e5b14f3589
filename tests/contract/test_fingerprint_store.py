"""What every `FingerprintStore` does, in memory and in SQLite."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.made_fingerprints import LOOKED_AT, fingerprint, kept, person, same_faces

from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.store import Store
from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.fingerprints.memory import MemoryFingerprints
from stash_sense.fingerprints.store import Counts, FingerprintStore, Mark

KINDS = pytest.mark.parametrize("kind", ["scene", "image"])


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FingerprintStore]:
    if request.param == "memory":
        yield MemoryFingerprints()
        return
    opened = Store.open(tmp_path / "stash_sense.db")
    fingerprints = SqlFingerprints(opened, tmp_path / "faces.db")
    yield fingerprints
    fingerprints.close()
    opened.close()


def ids(pages: Iterator[list[Fingerprint]]) -> list[list[str]]:
    return [[one.item.id for one in page] for page in pages]


@KINDS
def test_what_is_kept_comes_back_whole(store: FingerprintStore, kind: str) -> None:
    galleries = ("12", "3") if kind == "image" else ()
    one = fingerprint("7", kind, galleries=galleries)
    store.keep(one, kept())
    assert store.get(Item(kind, "7")) == one
    assert store.several(kind, ["7", "8"]) == {"7": one}
    assert store.marks(kind, ["7", "8"]) == {"7": Mark("oshash:abc", "lite", "2026.11.1", Outcome.FACES, "folders 1")}
    faces = store.faces(kind, ["7", "8"])
    assert list(faces) == ["7"]
    assert same_faces(faces["7"], kept())


def test_one_without_moments_and_people_comes_back_whole(store: FingerprintStore) -> None:
    failed = fingerprint(
        outcome=Outcome.FAILED,
        code="input_missing",
        message="It is gone.",
        persons=(),
        looked_at=None,
        matched_at=None,
        details={},
    )
    store.keep(failed, None)
    assert store.get(failed.item) == failed
    assert store.marks("scene", ["1"])["1"].outcome is Outcome.FAILED
    assert store.faces("scene", ["1"]) == {}
    assert store.crop(failed.item, 0) is None


def test_a_scene_and_an_image_with_one_number_are_two(store: FingerprintStore) -> None:
    scene, image = fingerprint("1", "scene", title="a scene"), fingerprint("1", "image", title="an image")
    store.keep(scene, kept(1))
    store.keep(image, kept(2))
    assert (store.get(scene.item), store.get(image.item)) == (scene, image)
    assert not same_faces(store.faces("scene", ["1"])["1"], store.faces("image", ["1"])["1"])
    assert store.forget("scene", after=0, upto=None, there=[]) == ["1"]
    assert store.get(image.item) == image
    assert list(store.faces("image", ["1"])) == ["1"]


def test_another_look_takes_the_place_of_the_one_before(store: FingerprintStore) -> None:
    store.keep(fingerprint(persons=(person("Ada"), person("Bob"))), kept(1))
    newer = fingerprint(content="oshash:new", persons=(person("Cleo"),))
    store.keep(newer, kept(2))
    assert store.get(newer.item) == newer
    assert same_faces(store.faces("scene", ["1"])["1"], kept(2))
    store.keep(fingerprint(outcome=Outcome.NO_FACE, persons=()), None)
    assert store.faces("scene", ["1"]) == {}
    assert store.crop(newer.item, min(kept(2).crops)) is None
    assert store.marks("scene", ["1"])["1"].outcome is Outcome.NO_FACE


def test_pictures_of_faces_are_had_one_by_one(store: FingerprintStore) -> None:
    faces = kept()
    store.keep(fingerprint(), faces)
    item = Item("scene", "1")
    assert len(faces.crops) > 6
    assert {face: store.crop(item, face) for face in faces.crops} == faces.crops
    without = next(face for face in range(len(faces.faces.seen)) if face not in faces.crops)
    assert store.crop(item, without) is None
    assert store.crop(Item("scene", "2"), 0) is None
    assert store.crop(Item("image", "1"), min(faces.crops)) is None
    read = store.faces("scene", ["1"])["1"]
    assert read.shown == set(faces.crops)
    assert read.crops == {}


def test_matching_anew_leaves_the_faces(store: FingerprintStore) -> None:
    for id_ in "12":
        store.keep(fingerprint(id_), kept(int(id_)))
    again = [fingerprint(id_, database="2026.12.1", persons=(person("Cleo", 0.6),)) for id_ in "12"]
    store.rematched(again)
    assert [store.get(one.item) for one in again] == again
    assert store.marks("scene", ["1"])["1"].database == "2026.12.1"
    assert same_faces(store.faces("scene", ["2"])["2"], kept(2))
    assert store.crop(again[0].item, min(kept(1).crops)) is not None
    store.rematched([])


def test_what_was_looked_at_or_forgotten_meanwhile_is_not_matched_anew(store: FingerprintStore) -> None:
    store.keep(fingerprint("1"), kept())
    newer = fingerprint("1", content="oshash:new", looked_at=LOOKED_AT + timedelta(seconds=1))
    store.keep(newer, kept(2))
    store.rematched([fingerprint("1", database="2026.12.1"), fingerprint("2", database="2026.12.1")])
    assert store.get(newer.item) == newer
    assert store.get(Item("scene", "2")) is None


def test_scenes_and_images_are_matched_anew_together(store: FingerprintStore) -> None:
    ones = [fingerprint("1", "scene"), fingerprint("2", "image", galleries=("5",))]
    for one in ones:
        store.keep(one, None)
    again = [replace(one, database="2026.12.1") for one in ones]
    store.rematched(again)
    assert [store.get(one.item) for one in again] == again
    assert [one.item.id for one in store.of_gallery("5")] == ["2"]


def test_images_of_a_gallery_are_found_in_the_order_of_their_numbers(store: FingerprintStore) -> None:
    for id_, galleries in {"10": ("1", "2"), "9": ("1",), "8": ("2",), "7": ()}.items():
        store.keep(fingerprint(id_, "image", galleries=galleries), None)
    store.keep(fingerprint("11", "scene"), None)
    assert [one.item.id for one in store.of_gallery("1")] == ["9", "10"]
    assert [one.galleries for one in store.of_gallery("2")] == [("2",), ("1", "2")]
    assert store.of_gallery("12") == []
    store.keep(fingerprint("10", "image", galleries=("2",)), None)
    assert [one.item.id for one in store.of_gallery("1")] == ["9"]


def test_pages_go_by_number_not_by_text(store: FingerprintStore) -> None:
    for id_ in ("100", "20", "3", "1000"):
        store.keep(fingerprint(id_), None)
    assert ids(store.pages("scene", size=3)) == [["3", "20", "100"], ["1000"]]
    assert ids(store.pages("scene", size=2)) == [["3", "20"], ["100", "1000"]]
    assert ids(store.pages("scene", after=20)) == [["100", "1000"]]
    assert ids(store.pages("image")) == []


def test_pages_of_failures_have_those_too_of_which_something_is_known(store: FingerprintStore) -> None:
    store.keep(fingerprint("1"), kept())
    store.keep(fingerprint("2", outcome=Outcome.FAILED, code="video_damaged", message="It is damaged."), None)
    store.keep(fingerprint("3", outcome=Outcome.NO_FACE), None)
    store.keep(fingerprint("4", code="input_missing", message="It is gone."), kept())
    assert ids(store.pages("scene", failed=True)) == [["2", "4"]]
    assert [store.marks("scene", [id_])[id_].has_failed for id_ in "1234"] == [False, True, False, True]


def test_pages_of_those_behind_have_faces_and_another_database(store: FingerprintStore) -> None:
    store.keep(fingerprint("1", database="old"), kept())
    store.keep(fingerprint("2", database="new"), kept())
    store.keep(fingerprint("3", database="old", outcome=Outcome.NO_FACE), None)
    store.keep(fingerprint("4", database="old", outcome=Outcome.FAILED), None)
    store.keep(fingerprint("5", database="older"), kept())
    assert ids(store.pages("scene", behind="new")) == [["1", "5"]]
    assert ids(store.pages("scene", behind="new", after=1)) == [["5"]]


def test_pages_may_be_matched_anew_while_they_are_gone_through(store: FingerprintStore) -> None:
    for number in range(1, 8):
        store.keep(fingerprint(str(number), database="old"), None)
    seen = []
    for page in store.pages("scene", behind="new", size=2):
        seen += [one.item.id for one in page]
        store.rematched([replace(one, database="new") for one in page])
    assert seen == list("1234567")
    assert store.counts("scene", "new").behind == 0


def test_what_is_gone_is_forgotten_stretch_by_stretch(store: FingerprintStore) -> None:
    for id_ in ("1", "5", "10", "11", "200"):
        store.keep(fingerprint(id_), kept())
    assert store.forget("scene", after=1, upto=11, there=["5", "6"]) == ["10", "11"]
    assert ids(store.pages("scene")) == [["1", "5", "200"]]
    assert sorted(store.faces("scene", ["1", "5", "10", "11", "200"])) == ["1", "200", "5"]
    assert store.forget("scene", after=11, upto=None, there=[]) == ["200"]
    assert store.forget("scene", after=11, upto=None, there=[]) == []
    assert store.crop(Item("scene", "200"), min(kept().crops)) is None


def test_what_is_there_is_counted(store: FingerprintStore) -> None:
    assert store.counts("scene", "new") == Counts("scene", {"faces": 0, "no_face": 0, "failed": 0}, 0)
    outcomes = [Outcome.FACES, Outcome.FACES, Outcome.NO_FACE, Outcome.FAILED, Outcome.FACES]
    for number, outcome in enumerate(outcomes, 1):
        store.keep(fingerprint(str(number), outcome=outcome, database="new" if number == 1 else "old"), None)
    store.keep(fingerprint("1", "image"), None)
    assert store.counts("scene", "new") == Counts("scene", {"faces": 3, "no_face": 1, "failed": 1}, 2)


def test_many_are_asked_for_at_once(store: FingerprintStore) -> None:
    for number in range(1, 1204, 3):
        store.keep(fingerprint(str(number), persons=()), None)
    asked = [str(number) for number in range(1, 1204)]
    assert len(store.marks("scene", asked)) == 401
    assert list(store.several("scene", asked)) == [str(number) for number in range(1, 1204, 3)]
    assert store.marks("scene", []) == {}
    assert store.faces("scene", []) == {}


@pytest.mark.parametrize("id_", ["", "a", "-1", "1.5", "²", "01", "1" * 30])
def test_of_what_is_no_id_of_stash_nothing_is_kept(store: FingerprintStore, id_: str) -> None:
    with pytest.raises(ValueError, match="no id of Stash"):
        store.keep(fingerprint(id_), kept())
    assert store.get(Item("scene", id_)) is None
    assert store.marks("scene", [id_]) == {}
    assert store.crop(Item("scene", id_), 0) is None


def test_one_person_can_be_named_twice(store: FingerprintStore) -> None:
    one = fingerprint("1", "image", persons=(person(confidence=0.9), person(confidence=0.8)))
    store.keep(one, None)
    assert store.get(one.item) == one


def test_what_another_thread_writes_is_whole(store: FingerprintStore) -> None:
    def work(number: int) -> None:
        for turn in range(4):
            store.keep(fingerprint(str(number), title=f"turn {turn}"), kept(turn))
            assert len(store.marks("scene", [str(number)])) == 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(1, 9)))
    assert [[one.title for one in page] for page in store.pages("scene")] == [["turn 3"] * 8]
    assert all(same_faces(one, kept(3)) for one in store.faces("scene", [str(n) for n in range(1, 9)]).values())
