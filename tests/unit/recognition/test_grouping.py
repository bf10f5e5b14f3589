import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.recognition.made_faces import DIM, Seen, faces_of, like, person

from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group, group
from stash_sense.recognition.space import unit

SAME_PERSON, SAME_TRACK = 0.6, 0.2


def groups_of(*seen: Seen) -> list[Group]:
    return group(faces_of(*seen), SAME_PERSON, SAME_TRACK)


def frames_of(groups: list[Group]) -> list[list[int]]:
    return [sorted(one.frames) for one in groups]


def rows_of(groups: list[Group]) -> list[list[int]]:
    return [one.seen.tolist() for one in groups]


def test_tracks_that_look_alike_are_one_person_wherever_they_are() -> None:
    groups = groups_of(
        Seen(0, 0, person(1)), Seen(1, 0), Seen(5, 1, like(1, 0.9)), Seen(6, 1), Seen(9, 2, person(2)), Seen(10, 2)
    )
    assert frames_of(groups) == [[0, 1, 5, 6], [9, 10]]


def test_a_group_has_every_face_of_its_tracks_and_knows_which_are_described() -> None:
    (one,) = groups_of(Seen(0, 0), Seen(1, 0, person(1)), Seen(2, 0), Seen(4, 1), Seen(5, 1, person(1)))
    assert one.seen.tolist() == [0, 1, 2, 3, 4]
    assert one.described.tolist() == [0, 1]


def test_two_who_meet_are_two_though_none_of_their_described_faces_share_a_frame() -> None:
    apart = (Seen(0, 0, person(1)), Seen(1, 0), Seen(3, 1), Seen(4, 1, person(1)))
    assert len(groups_of(*apart)) == 1
    assert rows_of(groups_of(*apart, Seen(2, 0), Seen(2, 1))) == [[0, 1, 2], [3, 4, 5]]


def test_a_third_track_joins_the_more_alike_of_two_who_meet() -> None:
    groups = groups_of(
        Seen(0, 0, like(1, 0.9, 10)), Seen(0, 1, like(1, 0.9, 11)), Seen(1, 0), Seen(9, 2, like(1, 0.95, 11))
    )
    assert frames_of(groups) == [[0, 1], [0, 9]]


def test_a_track_whose_face_changes_is_cut_and_what_is_undescribed_goes_with_the_nearest_in_time() -> None:
    groups = groups_of(
        *(Seen(frame, 0, person(1)) for frame in (0, 2)),
        *(Seen(frame, 0, person(2)) for frame in (5, 7)),
        *(Seen(frame, 0) for frame in (1, 3, 4, 6, 8)),
    )
    assert frames_of(groups) == [[0, 1, 2, 3], [4, 5, 6, 7, 8]]


def test_a_crowd_around_a_track_does_not_change_which_face_is_the_nearest_in_time() -> None:
    # Frame 1 is next to frame 0, but between its face and that of frame 0 stand those of twenty others.
    crowd = [Seen(0, 10 + number) for number in range(20)]
    groups = groups_of(Seen(0, 0, person(1)), *crowd, Seen(1, 0), Seen(2, 0), Seen(3, 0, person(2)))
    assert frames_of(groups) == [[0, 1], [2, 3]]


def test_the_parts_of_a_track_that_was_cut_join_their_people_of_other_shots() -> None:
    groups = groups_of(Seen(0, 0, person(1)), Seen(1, 0, person(2)), Seen(8, 1, person(2)), Seen(9, 2, person(1)))
    assert frames_of(groups) == [[0, 9], [1, 8]]


def test_a_track_that_changes_less_than_people_differ_stays_whole() -> None:
    (one,) = groups_of(Seen(0, 0, like(1, 0.8, 10)), Seen(1, 0, like(1, 0.6, 11)), Seen(2, 0))
    assert sorted(one.frames) == [0, 1, 2]


def test_a_track_of_which_no_face_is_described_is_nobody() -> None:
    assert frames_of(groups_of(Seen(0, 0), Seen(1, 0), Seen(1, 1, person(1)))) == [[1]]


def test_groups_come_in_the_order_of_their_first_faces() -> None:
    groups = groups_of(Seen(1, 0, person(2)), Seen(2, 1, person(3)), Seen(3, 2, person(1)), Seen(9, 3, person(2)))
    assert frames_of(groups) == [[1, 9], [2], [3]]


def test_no_faces_make_no_groups() -> None:
    assert groups_of() == []


def test_groups_are_joined_row_by_row_and_frame_by_frame() -> None:
    faces = faces_of(*(Seen(frame, frame, person(frame)) for frame in range(3)))
    first, second, third = group(faces, SAME_PERSON, SAME_TRACK)
    both = third.with_(first)
    assert both.seen.tolist() == both.described.tolist() == [0, 2]
    assert both.frames == {0, 2}
    assert second.with_(second).seen.tolist() == [1]


@st.composite
def films(draw: st.DrawFn) -> Faces:
    """Tracks of neighbouring frames, of which some faces are described, of three people and what is between them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    seen: list[Seen] = []
    for track in range(draw(st.integers(1, 12))):
        first, length = int(rng.integers(20)), int(rng.integers(1, 7))
        for frame in range(first, first + length):
            vector = unit((person(int(rng.integers(3))) + rng.normal(0, 0.2, DIM)).astype(np.float32))
            seen.append(Seen(frame, track, vector if rng.random() < 0.5 else None))
    return faces_of(*seen)


@given(faces=films())
def test_every_described_face_is_in_one_group_and_nobody_is_in_a_frame_twice(faces: Faces) -> None:
    groups = group(faces, SAME_PERSON, SAME_TRACK)
    assert sorted(row for one in groups for row in one.described.tolist()) == list(range(len(faces)))
    assert sorted(row for one in groups for row in one.seen.tolist()) == sorted(
        np.flatnonzero(np.isin(faces.seen.track, faces.track)).tolist()
    )
    for one in groups:
        assert set(faces.row[one.described].tolist()) <= set(one.seen.tolist())
        assert set(faces.seen.frame[one.seen].tolist()) == one.frames
        assert len(one.frames) == len(one.seen)
    firsts = [int(faces.row[one.described[0]]) for one in groups]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("length", [1, 4])
def test_five_thousand_faces_are_grouped_within_the_memory_of_their_similarities(length: int) -> None:
    """25 faces in each of 200 frames, on tracks of so many frames."""
    rng = np.random.default_rng(3)
    people = unit(rng.normal(size=(40, DIM)).astype(np.float32))
    seen = []
    for frame in range(0, 200, length):
        for place, vector in enumerate(people[rng.permutation(40)[:25]]):
            faces = unit((vector + rng.normal(0, 0.08, (length, DIM))).astype(np.float32))
            seen += [Seen(frame + at, frame * 25 + place, face) for at, face in enumerate(faces)]
    found = faces_of(*seen)
    tracemalloc.start()
    try:
        groups = group(found, SAME_PERSON, SAME_TRACK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(len(one.described) for one in groups) == 5000
    assert all(len(one.frames) == len(one.seen) for one in groups)
    assert peak < 400e6
