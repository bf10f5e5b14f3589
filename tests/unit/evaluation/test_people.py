"""Whose references should be looked at."""

from tests.unit.evaluation.made import answer, compared, named, truth

from stash_sense.evaluation.people import Finding, people_of

REFERENCES = {"Ada": 1, "Grace": 1, "Eve": 2, "Mallory": 3}
FILES = [
    compared(answer(named("Ada"), named("Mallory")), truth("Ada", "Lost", "Eve"), REFERENCES),
    compared(answer(named("Grace")), truth("Ada", "Lost", "Grace"), REFERENCES),
    compared(answer(), truth("Eve", "Gone"), REFERENCES),
]


def test_people_without_a_reference_are_listed_most_often_seen_first() -> None:
    assert people_of(FILES, REFERENCES).lacking_references == (Finding("Lost", 0, 2, 0), Finding("Gone", 0, 1, 0))


def test_people_missed_with_one_reference_are_listed() -> None:
    assert people_of(FILES, REFERENCES).missed_with_one_reference == (Finding("Ada", 1, 2, 1),)


def test_people_who_are_never_found_are_listed_and_people_who_are_in_no_file_are_not() -> None:
    assert people_of(FILES, REFERENCES).never_found == (Finding("Eve", 2, 2, 0),)
