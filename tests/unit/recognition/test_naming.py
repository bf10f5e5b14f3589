import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.naming import Proposal, give_names
from stash_sense.recognition.matching.person import Candidate, MatchedPerson


def proposal(rows: list[int], frames: set[int], *candidates: tuple[int, float]) -> Proposal:
    """A group of faces with its candidates: person and probability."""
    known = tuple(Candidate(person, probability, 0.3) for person, probability in candidates)
    numbers = np.array(rows, np.int64)
    return Proposal(Group(numbers, numbers, frozenset(frames)), known)


def named(*proposals: Proposal, min_frames: int = 1, named_from: float = 0.5) -> list[MatchedPerson]:
    return give_names(proposals, named_from, min_frames)[0]


def unnamed(*proposals: Proposal, min_frames: int = 1, named_from: float = 0.5) -> list[list[int]]:
    """The rows of those who are left without a name."""
    left = give_names(proposals, named_from, min_frames)[1]
    return [proposal.faces.seen.tolist() for proposal in left]


def names_of(people: list[MatchedPerson]) -> list[int | None]:
    return [person.name.person if person.name else None for person in people]


def rows_of(people: list[MatchedPerson]) -> list[list[int]]:
    return [person.faces.seen.tolist() for person in people]


def test_a_name_is_given_from_the_level_asked_for() -> None:
    sure, unsure = proposal([0], {0}, (7, 0.5)), proposal([1], {1}, (8, 0.4999))
    assert names_of(named(sure, unsure)) == [7]
    assert unnamed(sure, unsure) == [[1]]
    assert names_of(named(sure, unsure, named_from=0.45)) == [7, 8]
    assert names_of(named(sure, unsure, named_from=0.9)) == []


def test_a_group_without_candidates_has_no_name() -> None:
    assert unnamed(proposal([0], {0})) == [[0]]


def test_the_surest_of_two_in_a_frame_has_the_name_and_the_other_is_somebody_else() -> None:
    two = proposal([0, 2], {0, 1}, (7, 0.8)), proposal([1, 3], {0, 1}, (7, 0.9))
    assert names_of(named(*two)) == [7]
    assert rows_of(named(*two)) == [[1, 3]]
    assert unnamed(*two) == [[0, 2]]


def test_who_loses_a_name_to_another_does_not_get_the_next_best_one() -> None:
    two = proposal([0], {0}, (7, 0.9)), proposal([1], {0}, (7, 0.8), (8, 0.7))
    assert names_of(named(*two)) == [7]
    assert unnamed(*two) == [[1]]


def test_the_same_person_in_another_shot_joins_and_the_surest_leads() -> None:
    (person,) = named(proposal([0, 3], {0, 1}, (7, 0.8)), proposal([1, 2], {5, 6}, (7, 0.95), (8, 0.1)), min_frames=2)
    assert person.faces.seen.tolist() == person.faces.described.tolist() == [0, 1, 2, 3]
    assert person.faces.frames == {0, 1, 5, 6}
    assert person.name == Candidate(7, 0.95, 0.3)
    assert [candidate.person for candidate in person.alternatives] == [8]


def test_frames_of_a_joined_shot_are_taken_too() -> None:
    three = (
        proposal([0], {0}, (7, 0.9)),
        proposal([1], {1}, (7, 0.8)),
        proposal([2], {1, 2}, (7, 0.7)),
    )
    assert rows_of(named(*three)) == [[0, 1]]
    assert unnamed(*three) == [[2]]


def test_who_is_sure_in_too_few_frames_is_not_named() -> None:
    assert named(proposal([0], {0}, (7, 0.99)), min_frames=2) == []


def test_a_group_in_too_few_frames_joins_its_person_whether_less_sure_or_surer() -> None:
    for probability in (0.6, 0.99):
        main, glimpse = proposal([0, 1], {0, 1}, (7, 0.8)), proposal([2], {5}, (7, probability))
        (person,) = named(main, glimpse, min_frames=2)
        assert rows_of([person]) == [[0, 1, 2]], probability
        assert person.name == Candidate(7, 0.8, 0.3)


def test_two_glimpses_of_one_person_are_enough_together() -> None:
    (person,) = named(proposal([0], {0}, (7, 0.98)), proposal([1], {5}, (7, 0.99)), min_frames=2)
    assert rows_of([person]) == [[0, 1]]
    assert named(proposal([0], {0}, (7, 0.98)), proposal([1], {5}, (7, 0.99)), min_frames=3) == []


def test_a_group_in_too_few_frames_does_not_join_when_unsure_or_in_a_shared_frame() -> None:
    main = proposal([0, 1], {0, 1}, (7, 0.8))
    for fragment in (proposal([2], {5}, (7, 0.4)), proposal([2], {1}, (7, 0.7))):
        assert rows_of(named(main, fragment, min_frames=2)) == [[0, 1]]
        assert unnamed(main, fragment, min_frames=2) == [[2]]


def test_named_come_by_probability() -> None:
    people = named(proposal([2], {3}, (1, 0.7)), proposal([3], {4}, (2, 0.8)), proposal([5], {4}, (3, 0.75)))
    assert names_of(people) == [2, 3, 1]


def test_alternatives_are_the_other_candidates_in_their_order() -> None:
    (person,) = named(proposal([0], {0}, *((person, 0.9 - person / 10) for person in range(8))))
    assert [candidate.person for candidate in person.alternatives] == list(range(1, 8))


groups = st.lists(
    st.tuples(
        st.sets(st.integers(0, 6), min_size=1, max_size=4),
        st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 1.0)), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_size=8,
)


@given(groups=groups, min_frames=st.integers(1, 3), level=st.sampled_from([0.3, 0.5, 0.9]))
def test_no_name_is_given_twice_in_a_frame_nor_below_the_level_nor_to_a_glimpse(
    groups: list[tuple[set[int], list[tuple[int, float]]]], min_frames: int, level: float
) -> None:
    proposals = []
    frame_of_row: list[int] = []
    for frames, candidates in groups:
        rows = list(range(len(frame_of_row), len(frame_of_row) + len(frames)))
        frame_of_row += sorted(frames)
        proposals.append(proposal(rows, frames, *sorted(candidates, key=lambda pair: -pair[1])))
    people, left = give_names(proposals, level, min_frames)
    names = [person.name.person for person in people if person.name]
    assert len(set(names)) == len(names) == len(people)
    sure = [person.name.probability for person in people if person.name]
    assert all(probability >= level for probability in sure)
    assert sure == sorted(sure, reverse=True)
    for person in people:
        frames_seen = [frame_of_row[row] for row in person.faces.seen.tolist()]
        assert len(set(frames_seen)) == len(frames_seen) >= min_frames
        assert person.faces.frames == set(frames_seen)
    shown = [row for person in people for row in person.faces.seen.tolist()]
    shown += [row for one in left for row in one.faces.seen.tolist()]
    assert len(set(shown)) == len(shown)
