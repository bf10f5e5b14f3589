"""One answer beside its truth: right names, wrong names and on whom they fell."""

import pytest
from tests.unit.evaluation.made import LEFT, RIGHT, answer, appears, compared, named, seen, truth, unknown


def test_names_are_right_wrong_or_missing() -> None:
    one = compared(answer(named("Ada"), named("Eve"), unknown()), truth("Ada", "Grace"))
    assert (set(one.found), set(one.wrong), set(one.missed)) == ({"Ada"}, {"Eve"}, {"Grace"})
    assert (one.counts.named, one.counts.right, one.counts.known, one.counts.wrong) == (2, 1, 2, 1)


def test_people_whom_the_gallery_lacks_are_not_missed_but_strangers() -> None:
    one = compared(answer(unknown()), truth("Ada", "Grace", strangers=1), {"Ada": 2})
    assert (set(one.known), set(one.lacking), set(one.missed)) == ({"Ada"}, {"Grace"}, {"Ada"})
    assert one.counts.known == 1
    assert (one.counts.counted, one.counts.count_error) == (
        1,
        1,
    )  # one unknown person was reported, two are strangers


def test_strangers_whom_nobody_counted_are_not_compared_with_unknown_people() -> None:
    counts = compared(answer(unknown(), unknown()), truth("Ada")).counts
    assert (counts.counted, counts.count_error) == (0, 0)


def test_an_accent_in_the_truth_may_be_written_in_two_ways() -> None:
    one = compared(answer(named("Andr\u00e9")), truth("Andre\u0301"), {"Andr\u00e9": 1})
    assert (one.counts.right, one.counts.wrong, one.counts.known) == (1, 0, 1)


def test_a_wrong_name_fell_on_whoever_is_where_it_was_seen() -> None:
    where = [appears("Ada", LEFT, 1.0), appears("S1", RIGHT, 1.0)]
    on_stranger = compared(answer(named("Eve", at=seen(RIGHT, 1.0))), truth("Ada", strangers=1, appearances=where))
    on_known = compared(answer(named("Eve", at=seen(LEFT, 1.0))), truth("Ada", strangers=1, appearances=where))
    nowhere = compared(answer(named("Eve", at=seen(LEFT, 9.0))), truth("Ada", strangers=1, appearances=where))
    fell = [(one.counts.wrong_of_strangers, one.counts.wrong_of_known) for one in (on_stranger, on_known, nowhere)]
    assert fell == [(1, 0), (0, 1), (0, 0)]
    assert [one.counts.strangers_named for one in (on_stranger, on_known, nowhere)] == [1, 0, 0]
    assert all(one.counts.strangers == 1 for one in (on_stranger, on_known, nowhere))


def test_a_stranger_who_got_two_names_is_one_stranger() -> None:
    where = [appears("S1", LEFT, 1.0, 5.0), appears("S2", RIGHT, 1.0)]
    given = answer(named("Eve", at=seen(LEFT, 1.0)), named("Mallory", at=seen(LEFT, 5.0)))
    counts = compared(given, truth(strangers=2, appearances=where)).counts
    assert (counts.wrong, counts.wrong_of_strangers, counts.strangers_named, counts.strangers) == (2, 2, 1, 2)


def test_somebody_the_gallery_lacks_is_a_stranger_where_they_are_seen() -> None:
    given = answer(named("Eve", at=seen(LEFT, 1.0)))
    counts = compared(given, truth("Grace", strangers=0, appearances=[appears("Grace", LEFT, 1.0)]), {}).counts
    assert (counts.strangers, counts.strangers_named, counts.wrong_of_strangers) == (1, 1, 1)


def test_strangers_are_counted_by_their_appearances_where_nobody_did() -> None:
    where = [appears("Ada", LEFT, 1.0), appears("S1", RIGHT, 1.0), appears("S1", RIGHT, 7.0)]
    counts = compared(answer(), truth("Ada", appearances=where)).counts
    assert (counts.strangers, counts.counted) == (1, 0)


def test_without_places_wrong_names_fall_on_strangers_only_where_nobody_else_is() -> None:
    alone = compared(answer(named("Eve"), named("Mallory")), truth(strangers=1)).counts
    assert (alone.wrong, alone.wrong_of_strangers, alone.strangers_named, alone.strangers) == (2, 2, 1, 1)
    beside = compared(answer(named("Eve")), truth("Ada", strangers=1)).counts
    assert (beside.wrong, beside.wrong_of_strangers, beside.strangers_named, beside.strangers) == (1, 0, 0, 0)


def test_a_wrong_name_where_nobody_is_falls_on_no_stranger() -> None:
    counts = compared(answer(named("Eve")), truth(strangers=0)).counts
    assert (counts.wrong, counts.wrong_of_strangers, counts.strangers_named, counts.strangers) == (1, 0, 0, 0)


def test_a_claim_is_right_if_the_person_is_in_the_file() -> None:
    given = answer(named("Ada", 0.9), named("Eve", 0.6), unknown("Grace", 0.4), unknown("Eve", 0.2), unknown())
    one = compared(given, truth("Ada", "Grace"))
    assert one.claims == ((0.9, True), (0.6, False), (0.4, True), (0.2, False))
    assert one.counts.claims == 4
    assert one.counts.squared_error == pytest.approx(0.01 + 0.36 + 0.36 + 0.04)


def test_a_claim_is_wrong_if_the_faces_are_somebody_elses() -> None:
    where = [appears("Ada", LEFT, 1.0), appears("Grace", RIGHT, 1.0)]
    swapped = answer(named("Ada", 0.9, seen(RIGHT, 1.0)), named("Grace", 0.8, seen(RIGHT, 1.0)))
    one = compared(swapped, truth("Ada", "Grace", appearances=where))
    assert one.claims == ((0.9, False), (0.8, True))
    assert (one.counts.right, one.counts.wrong) == (2, 0)  # as names for the file, both are right


def test_more_of_somebody_named_already_cannot_be_told_from_a_stranger_without_places() -> None:
    given = answer(named("Ada", 0.9), unknown("Ada", 0.3, seen(RIGHT, 1.0)))
    assert compared(given, truth("Ada")).claims == ((0.9, True),)
    where = [appears("S1", RIGHT, 1.0)]
    assert compared(given, truth("Ada", appearances=where)).claims == ((0.9, True), (0.3, False))
