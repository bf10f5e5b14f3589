"""What is counted of scenes that are tagged, and what the report says of it."""

from typing import Any

import pytest
from tests.made_fingerprints import person

from stash_sense.fingerprints.fingerprint import FingerprintPerson, Rival
from stash_sense.scanning.report_counting import Counting, TaggedHere
from stash_sense.scanning.report_document import MOST_LISTED, PerformerFigures, Share

ADA = TaggedHere("1", "Ada", frozenset({"box.org:ada"}), 3)
BOB = TaggedHere("2", "Bob", frozenset({"box.org:bob"}), 1)
CID = TaggedHere("3", "Cid", frozenset(), 0)
REFERENCES = {"box.org:ada": 3, "box.org:bob": 1, "box.org:zoe": 12}


def seen(name: str, confidence: float = 0.9, **fields: Any) -> FingerprintPerson:
    return person(name, confidence, **{"person_id": f"box.org:{name.lower()}", "rivals": (), **fields})


def add(counting: Counting, id_: str, tagged: list[TaggedHere], *named: FingerprintPerson) -> None:
    counting.add(id_, tagged, named, REFERENCES, has_faces=bool(named))


def share(one: Share) -> tuple[int, int]:
    return one.count, one.of


def figures(listed: list[PerformerFigures], name: str) -> PerformerFigures:
    return next(one for one in listed if one.name == name)


def test_names_are_right_where_they_are_tagged_and_people_seen_where_they_are_named() -> None:
    counting = Counting("scene")
    add(counting, "1", [ADA, BOB], seen("Ada"), seen("Bob"))
    add(counting, "2", [ADA], seen("Ada"), seen("Zoe"))
    add(counting, "3", [ADA, CID], seen("Bob"))
    report = counting.report()
    assert share(report.right) == (3, 5)
    assert share(report.seen) == (3, 4)
    assert share(report.seen_of_all) == (3, 5)
    assert share(report.in_the_database) == (4, 5)
    assert (report.items.compared, report.items.without_faces) == (3, 0)


def test_who_was_missed_is_told_with_the_reason() -> None:
    counting = Counting("scene")
    add(counting, "1", [ADA, CID])
    add(counting, "2", [BOB], seen("Zoe"))
    add(counting, "3", [ADA], seen("Ada"))
    missed = counting.report().not_seen
    assert [one.name for one in missed] == ["Ada", "Bob", "Cid"]
    ada, bob, cid = missed
    assert (ada.why, share(ada.seen), ada.without_faces) == ("sometimes_missed", (1, 2), 1)
    assert (bob.why, bob.taken_for, bob.taken_for_times) == ("seen_as_somebody_else", "Zoe", 1)
    assert (cid.why, cid.references) == ("not_in_database", 0)
    add(counting, "4", [TaggedHere("4", "Dan", frozenset({"box.org:dan"}), 2)])
    assert figures(counting.report().not_seen, "Dan").why == "never_seen"


def test_who_nearly_was_named_was_taken_for_the_one_who_was() -> None:
    counting = Counting("scene")
    nearly = seen("Zoe", rivals=(Rival("box.org:bob", "Bob", 0.3, 0.4),))
    add(counting, "1", [ADA, BOB], nearly)
    missed = counting.report().not_seen
    assert figures(missed, "Bob").taken_for == "Zoe"
    assert figures(missed, "Ada").taken_for is None


def test_who_is_seen_untagged_is_told_with_probabilities_and_examples() -> None:
    counting = Counting("scene")
    for number in range(5):
        add(counting, str(number), [ADA], seen("Ada"), seen("Zoe", 0.6 + number / 20))
    add(counting, "9", [BOB], seen("Zoe", 0.5))
    zoe = counting.report().seen_untagged[0]
    assert (zoe.name, zoe.times, zoe.in_place_of) == ("Zoe", 6, 1)
    assert zoe.probability == pytest.approx(0.6667, abs=1e-4)
    assert (zoe.most_probable, zoe.examples) == (0.8, ["4", "3", "2"])


def test_references_that_do_harm_are_told_with_their_picture() -> None:
    counting = Counting("scene")
    harmful, good = {"source": "box.org", "url": "https://box.org/1.jpg", "distance": 0.1}, {"sha256": "ab"}
    add(counting, "1", [BOB], seen("Ada", reference=harmful))
    add(counting, "2", [BOB], seen("Bob"), seen("Ada", reference=harmful))
    add(counting, "3", [ADA], seen("Ada", reference=harmful))
    add(counting, "4", [ADA], seen("Ada", reference=good))
    add(counting, "5", [BOB], seen("Zoe", reference=None))
    told = counting.report().harmful_references
    assert [(one.name, one.wrong, one.untagged, one.right) for one in told] == [("Ada", 1, 1, 1)]
    assert (told[0].source, told[0].url) == ("box.org", "https://box.org/1.jpg")


def test_people_are_told_apart_by_the_number_of_their_references() -> None:
    counting = Counting("image")
    add(counting, "1", [ADA, BOB, CID], seen("Ada"), seen("Zoe"))
    groups = {one.references: one for one in counting.report().by_references}
    assert list(groups) == ["none", "1", "2", "3-5", "6-10", "11 or more"]
    assert [share(groups[name].seen) for name in ("none", "1", "3-5")] == [(0, 1), (0, 1), (1, 1)]
    assert share(groups["11 or more"].right) == (0, 1)
    assert groups["3-5"].performers == 1


def test_of_a_performer_it_is_told_how_often_the_name_was_wrong() -> None:
    counting = Counting("scene")
    add(counting, "1", [ADA], seen("Ada"))
    add(counting, "2", [BOB], seen("Ada"), seen("Bob"))
    assert share(figures(counting.report().performers, "Ada").right) == (1, 2)


def test_a_performer_of_stash_who_is_several_people_is_seen_as_any_of_them() -> None:
    counting = Counting("scene")
    both = TaggedHere("1", "Ada", ADA.person_ids | BOB.person_ids, 4)
    add(counting, "1", [both], seen("Bob"))
    assert share(counting.report().seen) == (1, 1)
    assert counting.report().seen_untagged == []


def test_lists_end_somewhere() -> None:
    counting = Counting("scene")
    for number in range(MOST_LISTED + 50):
        tagged = TaggedHere(str(number), f"P{number}", frozenset({f"box.org:p{number}"}), 1)
        add(counting, str(number), [tagged], seen(f"X{number}", reference={"url": f"https://box.org/{number}"}))
    report = counting.report()
    lists = (report.performers, report.not_seen, report.seen_untagged, report.harmful_references)
    assert [len(one) for one in lists] == [MOST_LISTED] * 4


@pytest.mark.parametrize(
    ("count", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_a_share_has_a_wilson_interval(count: int, of: int, low: float, high: float) -> None:
    found = Share.of_counts(count, of)
    assert found.value == count / of
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-3)


def test_a_share_of_nothing_is_none() -> None:
    found = Share.of_counts(0, 0)
    assert (found.value, found.low, found.high) == (None, None, None)
