import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.recognition.matching.naming import NAMED_FROM, Proposal, give_names
from stash_sense.recognition.matching.person import Candidate, MatchedPerson


def proposal(rows: list[int], frames: set[int], *candidates: tuple[int, float]) -> Proposal:
    """A group of faces with its candidates: person and probability."""
    known = tuple(Candidate(person, probability, 0.3) for person, probability in candidates)
    return Proposal(np.array(rows, np.int64), frozenset(frames), known)


def names_of(people: list[MatchedPerson]) -> list[int | None]:
    return [person.name.person if person.name else None for person in people]


def rows_of(people: list[MatchedPerson]) -> list[list[int]]:
    return [person.faces.tolist() for person in people]


def test_a_name_is_given_from_even_odds() -> None:
    people = give_names([proposal([0], {0}, (7, 0.5)), proposal([1], {1}, (8, 0.4999))], 1, 3)
    assert names_of(people) == [7, None]


def test_a_group_without_candidates_is_unknown() -> None:
    (person,) = give_names([proposal([0], {0})], 1, 3)
    assert person.name is None
    assert person.alternatives == ()


def test_the_surest_of_two_in_a_frame_has_the_name_and_the_other_is_somebody_else() -> None:
    people = give_names([proposal([0, 2], {0, 1}, (7, 0.8)), proposal([1, 3], {0, 1}, (7, 0.9))], 1, 3)
    assert names_of(people) == [7, None]
    assert rows_of(people) == [[1, 3], [0, 2]]


def test_who_loses_a_name_to_another_does_not_get_the_next_best_one() -> None:
    people = give_names([proposal([0], {0}, (7, 0.9)), proposal([1], {0}, (7, 0.8), (8, 0.7))], 1, 3)
    assert names_of(people) == [7, None]
    assert [candidate.person for candidate in people[1].alternatives] == [7, 8]


def test_the_same_person_in_another_shot_joins() -> None:
    people = give_names([proposal([0, 3], {0, 1}, (7, 0.8)), proposal([1, 2], {5, 6}, (7, 0.95), (8, 0.1))], 2, 3)
    (person,) = people
    assert person.faces.tolist() == [0, 1, 2, 3]
    assert person.name == Candidate(7, 0.95, 0.3)
    assert [candidate.person for candidate in person.alternatives] == [8]


def test_frames_of_a_joined_shot_are_taken_too() -> None:
    people = give_names(
        [
            proposal([0], {0}, (7, 0.9)),
            proposal([1], {1}, (7, 0.8)),
            proposal([2], {1, 2}, (7, 0.7)),
        ],
        1,
        3,
    )
    assert rows_of(people) == [[0, 1], [2]]
    assert names_of(people) == [7, None]


def test_a_group_in_too_few_frames_is_nobody() -> None:
    assert give_names([proposal([0], {0}, (7, 0.99)), proposal([1], {1})], 2, 3) == []


def test_a_group_in_too_few_frames_joins_its_person_whether_less_sure_or_surer() -> None:
    for probability in (0.6, 0.99):
        people = give_names([proposal([0, 1], {0, 1}, (7, 0.8)), proposal([2], {5}, (7, probability))], 2, 3)
        assert rows_of(people) == [[0, 1, 2]], probability
        assert people[0].name == Candidate(7, 0.8, 0.3)


def test_a_group_in_too_few_frames_does_not_join_below_even_odds_or_in_a_shared_frame() -> None:
    main = proposal([0, 1], {0, 1}, (7, 0.8))
    for fragment in (proposal([2], {5}, (7, 0.4)), proposal([2], {1}, (7, 0.7))):
        assert rows_of(give_names([main, fragment], 2, 3)) == [[0, 1]]


def test_in_a_picture_one_frame_is_enough() -> None:
    assert names_of(give_names([proposal([0], {0}, (7, 0.9)), proposal([1], {0}, (8, 0.9))], 1, 3)) == [7, 8]


def test_named_come_by_probability_and_then_unknown_by_frames() -> None:
    people = give_names(
        [
            proposal([0], {0}),
            proposal([1, 4], {1, 2}),
            proposal([2], {3}, (1, 0.7)),
            proposal([3], {4}, (2, 0.8)),
        ],
        1,
        3,
    )
    assert names_of(people) == [2, 1, None, None]
    assert rows_of(people)[2:] == [[1, 4], [0]]


def test_alternatives_leave_out_the_name_and_keep_as_many_as_asked() -> None:
    many = [(person, 0.9 - person / 10) for person in range(8)]
    for top_k in (0, 2, 5):
        named, unknown = give_names(
            [proposal([0], {0}, *many), proposal([1], {1}, *((person, p / 10) for person, p in many))], 1, top_k
        )
        assert [candidate.person for candidate in named.alternatives] == list(range(1, top_k + 1))
        assert [candidate.person for candidate in unknown.alternatives] == list(range(top_k))


groups = st.lists(
    st.tuples(
        st.sets(st.integers(0, 6), min_size=1, max_size=4),
        st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 1.0)), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_size=8,
)


@given(groups=groups, min_frames=st.integers(1, 3))
def test_no_name_is_given_twice_in_a_frame_nor_below_even_odds_nor_to_a_glimpse(
    groups: list[tuple[set[int], list[tuple[int, float]]]], min_frames: int
) -> None:
    proposals = []
    frame_of_row: list[int] = []
    for frames, candidates in groups:
        rows = list(range(len(frame_of_row), len(frame_of_row) + len(frames)))
        frame_of_row += sorted(frames)
        proposals.append(proposal(rows, frames, *sorted(candidates, key=lambda pair: -pair[1])))
    people = give_names(proposals, min_frames, 2)
    named = [person for person in people if person.name is not None]
    assert people[: len(named)] == named
    names = [person.name.person for person in named if person.name]
    assert len(set(names)) == len(names)
    sure = [person.name.probability for person in named if person.name]
    assert all(probability >= NAMED_FROM for probability in sure)
    assert sure == sorted(sure, reverse=True)
    for person in people:
        frames_seen = [frame_of_row[row] for row in person.faces.tolist()]
        assert len(set(frames_seen)) == len(frames_seen) >= min_frames
    shown = [row for person in people for row in person.faces.tolist()]
    assert len(set(shown)) == len(shown)


def test_frames_count_for_the_person_over_all_shots() -> None:
    twice = give_names([proposal([0], {0}, (7, 0.98)), proposal([1], {5}, (7, 0.99))], 2, 3)
    assert names_of(twice) == [7]
    assert rows_of(twice) == [[0, 1]]
    assert give_names([proposal([0], {0}, (7, 0.98))], 2, 3) == []
