"""Galleries with fewer references and with more people."""

import numpy as np
from benchmarks.accuracy.galleries import Distractors, limited, with_others

from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.space import Block, FaceSpace, unit

SPACE = FaceSpace.plain([Block(2, 1.0)])
CROWDED = FaceSpace(
    SPACE.blocks, SPACE.whitening, SPACE.mean, np.ones(2, np.float32), 0.01 * np.eye(2, dtype=np.float32)
)


def gallery(*references: int) -> Gallery:
    """People by how many references they have."""
    rows = iter(unit(np.random.default_rng(0).standard_normal((sum(references), 2), np.float32)))
    people = [
        (KnownPerson(f"p{place}", f"P{place}"), np.stack([next(rows) for _ in range(count)]))
        for place, count in enumerate(references)
    ]
    return Gallery.of("pack", people, 2)


def vectors(count: int) -> np.typing.NDArray[np.float32]:
    return np.tile(np.array([[1.0, 0.0]], np.float32), (count, 1))


def test_the_first_references_of_each_person_are_kept() -> None:
    whole = gallery(3, 1, 2)
    fewer = limited(whole, 2)
    assert fewer.persons == whole.persons
    assert fewer.owner.tolist() == [0, 0, 1, 2, 2]
    assert np.array_equal(fewer.vectors, whole.vectors[[0, 1, 3, 4, 5]])


def test_others_stand_behind_the_people_one_vector_each() -> None:
    more = with_others(gallery(2, 1), vectors(2))
    assert more.owner.tolist() == [0, 0, 1, 2, 3]
    assert [person.name for person in more.persons] == ["P0", "P1", "distractor 0", "distractor 1"]
    assert len({person.id for person in more.persons}) == 4


def test_real_faces_come_before_made_up_ones_and_unseen_before_those_fitted_on() -> None:
    distractors = Distractors(vectors(3), -vectors(4), CROWDED, drawn=5)
    found = [distractors.beside(gallery(1), count)[1] for count in (2, 5, 9)]
    assert [list(kinds.values()) for kinds in found] == [[2, 2, 0, 0], [5, 3, 2, 0], [9, 3, 4, 2]]
    larger, _ = distractors.beside(gallery(1), 9)
    assert len(larger.persons) == 10
    assert np.array_equal(larger.vectors[1:4], vectors(3))
    assert np.array_equal(larger.vectors[4:8], -vectors(4))


def test_without_statistics_of_strangers_there_are_only_real_faces() -> None:
    assert Distractors(vectors(3), None, SPACE, drawn=5).most == 3
    assert Distractors(vectors(3), None, CROWDED, drawn=5).most == np.inf


def test_people_made_up_are_not_those_that_pad_small_galleries() -> None:
    larger, _ = Distractors(None, None, CROWDED, drawn=5).beside(gallery(1), 3)
    crowd = CROWDED.strangers(5)
    assert not (np.abs(larger.vectors[1:, None] - crowd[None]).max(axis=2) < 1e-6).any()
    assert np.allclose(np.linalg.norm(larger.vectors, axis=1), 1.0)
