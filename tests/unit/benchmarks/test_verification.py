"""Figures of faces beside faces: by small cases that can be counted by hand."""

import numpy as np
import pytest
from benchmarks.accuracy.verification import (
    Crowd,
    accepted,
    aims,
    detected,
    identification,
    open_set_by_cosine,
    verification,
)

from stash_sense.recognition.space import Block, FaceSpace

SPACE = FaceSpace.plain([Block(2, 1.0)])


def crowd(*faces: tuple[int, float, bool]) -> Crowd:
    """People, directions in degrees, and whether it is one of the people."""
    person, degrees, known = zip(*faces, strict=True)
    angle = np.radians(degrees)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    return Crowd(vectors, np.ones(len(faces), np.float32), np.array(person), np.array(known))


TWO_AND_A_STRANGER = crowd((0, 0, True), (0, 10, True), (1, 90, True), (1, 100, True), (1, 40, True), (2, 52, False))


def test_the_first_photograph_is_the_gallery_and_the_others_are_asked() -> None:
    assert TWO_AND_A_STRANGER.first.tolist() == [0, 2]
    assert TWO_AND_A_STRANGER.others.tolist() == [1, 3, 4]
    assert TWO_AND_A_STRANGER.strangers.tolist() == [5]


def test_every_pair_is_judged() -> None:
    # Degrees apart: the same person's 10, 10, 50, 60; different people's 12, 30, 38, 40, 42, 48, 52, 80, 90, 90, 100.
    figures = verification(TWO_AND_A_STRANGER)
    assert (figures["genuine_pairs"], figures["impostor_pairs"]) == (4, 11)
    assert figures["auc"] == pytest.approx((11 + 11 + 5 + 4) / (4 * 11))
    assert figures["tar_at_far_0.001"] == pytest.approx(2 / 4)


def test_the_share_accepted_is_that_above_all_but_a_few_impostors() -> None:
    impostors = np.arange(1000) / 1000
    assert accepted(np.array([0.9995, 0.998, 0.99]), impostors, 1e-3) == pytest.approx(1 / 3)
    assert accepted(np.array([0.9995, 0.9985, 0.99]), impostors, 1e-2) == pytest.approx(1.0)


def test_the_nearest_of_the_gallery_is_who_it_is_taken_for() -> None:
    figures = identification(TWO_AND_A_STRANGER, SPACE)
    assert (figures["people"], figures["probes"]) == (2, 3)
    assert figures["rank_1"] == pytest.approx(2 / 3)  # 40 degrees is nearer to 0 than to 90
    assert figures["rank_1_with_3"] is None  # nobody has a fourth photograph


def test_strangers_in_the_gallery_take_people_away() -> None:
    faces = crowd((0, 0, True), (0, 30, True), (1, 90, True), (1, 91, True), (2, 40, False))
    figures = identification(faces, SPACE)
    assert (figures["rank_1"], figures["rank_1_among_strangers"]) == (1.0, 0.5)


def test_several_references_are_one_template() -> None:
    faces = crowd((0, 0, True), (0, 40, True), (0, 50, True), (0, 55, True), (1, 90, True), (1, 95, True))
    figures = identification(faces, SPACE)
    assert figures["probes_of_people_with_more"] == 1
    assert (figures["rank_1_with_1_of_the_same"], figures["rank_1_with_3"]) == (0.0, 1.0)


def test_detection_needs_the_right_person_and_more_than_all_but_one_in_a_hundred_strangers() -> None:
    strangers = np.arange(200) / 200  # two of them may be above: the limit is .985
    best, person = np.array([1, 1, 2, 1]), np.array([1, 1, 1, 1])
    assert detected(best, np.array([0.99, 0.985, 0.999, 0.986]), person, strangers) == pytest.approx(2 / 4)


def test_open_set_by_cosine_lets_no_stranger_in() -> None:
    # The stranger is 38 degrees from the nearest; the people's other photographs 10, 10, and 40 from somebody else.
    assert open_set_by_cosine(TWO_AND_A_STRANGER) == pytest.approx(2 / 3)


def test_the_held_out_people_are_measured_among_themselves() -> None:
    held_out = TWO_AND_A_STRANGER.only(np.array([False, False, True, True, True, True]))
    assert held_out.first.tolist() == [0]
    assert held_out.others.tolist() == [1, 2]
    assert identification(held_out, SPACE)["rank_1"] == pytest.approx(1.0)


def test_a_stranger_between_people_moves_nobody() -> None:
    faces = crowd((0, 0, True), (0, 10, True), (1, 50, False), (2, 90, True), (2, 100, True))
    assert faces.first.tolist() == [0, 3]


def test_aims_are_those_of_the_pack_of_everybody_and_held_out() -> None:
    figures = {"plain": {"rank_1": 0.98}, "whitened": {"rank_1": 0.97}, "whitened_held_out": {"rank_1": 0.99}}
    assert aims([{"pack": "lite", **figures}]) == []
    assert [(aim["measured"], aim["met"]) for aim in aims([{"pack": "duo", **figures}])] == [
        (0.97, False),
        (0.99, True),
    ]


def test_a_pack_without_statistics_is_judged_plain() -> None:
    figures = {"plain": {"rank_1": 0.98}, "plain_held_out": {"rank_1": 0.96}}
    assert [aim["measured"] for aim in aims([{"pack": "duo", **figures}])] == [0.98, 0.96]
