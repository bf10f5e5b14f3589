"""Kept faces and another version of the database: the names that all faces together give, for a hundredth of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.scale import changing
from tests.integration.rematching.worlds import (
    AT,
    LOOKED_AT,
    NOBODY,
    Two,
    anew,
    asked,
    blank,
    names,
    never,
    rematcher,
    sql_store,
    two_versions,
)

from stash_sense.errors import Cancelled
from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.cancel import CancelToken
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.scanning.ports import ToRematch
from stash_sense.scanning.rematch_notes import NOTES, Notes

PEOPLE, SCENES = 400, 40


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_versions(tmp_path_factory.mktemp("world"), PEOPLE) as made:
        yield made


@pytest.fixture(scope="module")
def scenes(two: Two) -> list[KeptFaces]:
    return list(changing.scenes(two.world, SCENES))


@pytest.fixture(scope="module")
def before(two: Two, scenes: list[KeptFaces]) -> list[Fingerprint]:
    """The scenes as they were compared with the first version."""
    blanks = [blank(number, kept) for number, kept in enumerate(scenes, 1)]
    return rematcher(two.first).rematch(asked(blanks, scenes), never())


@pytest.fixture(scope="module")
def after(two: Two, scenes: list[KeptFaces], before: list[Fingerprint]) -> list[Fingerprint]:
    """The same with the second one, all faces weighed."""
    return rematcher(two.second).rematch(asked(anew(before), scenes), never())


def test_who_is_found_is_whom_the_matcher_names(two: Two, scenes: list[KeptFaces], before: list[Fingerprint]) -> None:
    judge = two.first.judge(changing.decision())
    for kept, found in zip(scenes, before, strict=True):
        matched = TemplateMatcher(judge).match(kept.faces, kept.frame_count)
        named = [(two.first.roster[one.name.person].id, one.name.probability) for one in matched.people if one.name]
        assert [(one.person_id, one.confidence) for one in found.persons] == named
        assert found.unknown == sum(one.name is None for one in matched.people)
    assert sum(len(one.persons) for one in before) > SCENES // 2


def test_a_person_has_marks_rivals_and_the_nearest_reference(
    scenes: list[KeptFaces], before: list[Fingerprint]
) -> None:
    place = next(place for place, one in enumerate(before) if one.persons)
    person, kept = before[place].persons[0], scenes[place].faces
    assert (person.face_count, person.frame_count, person.proportion) == (24, 24, 0.5)
    assert len(person.marks) == 12
    for mark in person.marks:
        assert mark.t == kept.seen.t[mark.face]
        assert mark.box == (10.0, 20.0, 100.0, 120.0)
    assert len(person.rivals) == 3
    assert person.reference is not None
    assert person.reference["url"].startswith("https://made-up.example/")
    assert person.distance == pytest.approx(person.reference["distance"], abs=1e-6)


@pytest.mark.parametrize("knows", [False, True], ids=["everybody", "changed"])
def test_after_an_update_the_names_are_those_that_all_faces_give_and_few_are_weighed(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint], after: list[Fingerprint], *, knows: bool
) -> None:
    with_second = rematcher(two.second, two.changed() if knows else None)
    found = with_second.rematch(asked(before, scenes), never())
    assert [names(one) for one in found] == [names(one) for one in after]
    assert [one.unknown for one in found] == [one.unknown for one in after]
    assert {one.database for one in found} == {"2"}
    assert {one.matched_at for one in found} == {AT}
    assert {one.looked_at for one in found} == {LOOKED_AT}
    assert with_second.tally.compared == SCENES
    assert with_second.tally.matched < SCENES // 3


def test_with_the_same_database_nothing_is_weighed(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint]
) -> None:
    again = rematcher(two.first)
    found = again.rematch(asked(before, scenes), never())
    assert [one.persons for one in found] == [one.persons for one in before]
    assert again.tally.matched == 0


def test_notes_outlive_being_kept(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint], tmp_path: Path
) -> None:
    store = sql_store(tmp_path)
    for fingerprint, kept in zip(before, scenes, strict=True):
        store.keep(fingerprint, kept)
    ids = [one.item.id for one in before]
    fingerprints, faces = store.several("scene", ids), store.faces("scene", ids)
    with_second = rematcher(two.second, two.changed())
    found = with_second.rematch([ToRematch(fingerprints[id_], faces[id_], NOBODY) for id_ in ids], never())
    full = rematcher(two.second).rematch(
        [ToRematch(replace(fingerprints[id_], details={}), faces[id_], NOBODY) for id_ in ids], never()
    )
    assert [names(one) for one in found] == [names(one) for one in full]
    assert with_second.tally.matched < SCENES // 3
    store.close()


def test_what_a_scan_notes_is_as_good(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint], after: list[Fingerprint]
) -> None:
    first, second = rematcher(two.first), rematcher(two.second)
    bare = [replace(one, details={"likely": one.details["likely"], "mode": "template"}) for one in before]
    noted = [first.noted(one, kept, NOBODY) for one, kept in zip(bare, scenes, strict=True)]
    assert first.tally.matched == 0
    assert all(one.details["mode"] == "template" for one in noted)
    found = second.rematch(asked(noted, scenes), never())
    assert [names(one) for one in found] == [names(one) for one in after]
    assert second.tally.matched < SCENES // 2


@pytest.mark.parametrize(
    "spoilt",
    [None, "text", {}, {"by": "x"}, {"by": "x", "tagged": [], "of": ["a"], "groups": []}, {"groups": [[1]]}],
)
def test_notes_that_cannot_be_read_are_as_none(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint], spoilt: object
) -> None:
    assert Notes.read({NOTES: spoilt}) is None
    found = rematcher(two.first).rematch(asked([replace(before[0], details={NOTES: spoilt})], scenes[:1]), never())
    assert names(found[0]) == names(before[0])
    assert Notes.read(found[0].details) == Notes.read(before[0].details)


def test_other_settings_and_other_tags_make_notes_worthless(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint]
) -> None:
    strict = rematcher(two.first, strict=True)
    found = strict.rematch(asked(before, scenes), never())
    assert strict.tally.matched == SCENES
    assert sum(len(one.persons) for one in found) < sum(len(one.persons) for one in before)
    tagged = rematcher(two.first)
    tagged.rematch([replace(asked(before, scenes)[0], tagged=frozenset({3}))], never())
    assert tagged.tally.matched == 1


def test_who_is_tagged_is_raised_and_it_is_noted(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint]
) -> None:
    place = next(place for place, one in enumerate(before) if one.details["likely"])
    likely = before[place].details["likely"][0]
    row = next(iter(two.first.roster.with_ids({likely["person_id"]})))
    item = ToRematch(before[place], scenes[place], frozenset({row}))
    found = rematcher(two.first).rematch([item], never())[0]
    notes = Notes.read(found.details)
    assert notes is not None
    assert notes.tagged == (likely["person_id"],)
    told = [(one["person_id"], one["probability"]) for one in found.details["likely"]]
    told += [(one.person_id, one.confidence) for one in found.persons]
    assert dict(told)[likely["person_id"]] > likely["probability"]


def test_the_other_mode_reads_every_face(two: Two, scenes: list[KeptFaces], before: list[Fingerprint]) -> None:
    other = rematcher(two.first, mode="clustered_frequency")
    found = other.rematch(asked(before[:4], scenes[:4]), never())
    assert other.tally.matched == 4
    assert all(NOTES not in one.details for one in found)
    assert other.noted(found[0], scenes[0], NOBODY) == found[0]


def test_counts_of_somebody_who_was_named_before_stay(
    two: Two, scenes: list[KeptFaces], before: list[Fingerprint]
) -> None:
    place = next(place for place, one in enumerate(before) if one.persons)
    more = replace(before[place].persons[0], face_count=200, frame_count=50, proportion=0.7)
    known = replace(before[place], persons=(more,), details={})
    found = rematcher(two.first).rematch(asked([known], [scenes[place]]), never())[0].persons[0]
    assert (found.face_count, found.frame_count, found.proportion) == (200, 50, 0.7)


def test_a_set_token_ends_it(two: Two, scenes: list[KeptFaces], before: list[Fingerprint]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        rematcher(two.first).rematch(asked(before, scenes), token)


def test_nothing_is_asked_of_nothing(two: Two) -> None:
    assert rematcher(two.first).rematch([], never()) == []
