"""Evidence means the same in galleries of any size."""

import numpy as np
import pytest

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.evidence import FEATURES, GalleryEvidence, ProbeFaces
from stash_sense.recognition.people import PeopleInMemory
from stash_sense.recognition.space import Block, FaceSpace, unit

DIM = 32
COVARIANCE = np.diag(np.linspace(0.5, 1.5, DIM) / DIM).astype(np.float32)
COMMON = np.asarray(0.2 * np.eye(1, DIM)[0], np.float32)
WHITENING = (np.eye(DIM, dtype=np.float32),)
SPACE = FaceSpace((Block(DIM, 1.0),), WHITENING, COMMON, COMMON, COVARIANCE)


def people(seed: int, count: int) -> Floats:
    """People distributed as the space says of strangers."""
    draws = np.random.default_rng(seed).normal(size=(count, DIM)) * np.sqrt(COVARIANCE.diagonal()) + COMMON
    return unit(draws.astype(np.float32))


def probe_of(vector: Floats, count: int = 3) -> ProbeFaces:
    rng = np.random.default_rng(int(abs(vector[0]) * 1e6))
    faces = unit((vector + rng.normal(0, 0.08, (count, DIM))).astype(np.float32))
    return ProbeFaces(faces, np.full(count, 0.8, np.float32), np.arange(count))


def evidence_of(gallery: Floats, crowd: int = 400) -> GalleryEvidence:
    return GalleryEvidence.of(gallery, np.arange(len(gallery)), SPACE, crowd)


def column(name: str) -> int:
    return FEATURES.index(name)


def average(size: int, crowd: int) -> dict[str, float]:
    """What speaks for the first person of a gallery when they are seen, on average."""
    rows = []
    for seed in range(12):
        gallery = people(seed, size)
        persons, evidence = evidence_of(gallery, crowd).weigh(probe_of(gallery[0]), 1)
        assert persons.tolist() == [0]
        rows.append(evidence[0])
    return dict(zip(FEATURES, np.mean(rows, axis=0).tolist(), strict=True))


@pytest.mark.parametrize("size", [1, 3, 40, 400])
def test_a_gallery_of_few_padded_with_the_crowd_gives_the_numbers_of_one_of_many(size: int) -> None:
    padded, full = average(size, 400), average(400, 400)
    for name in (
        "margin",
        "gap",
        "centred_margin",
        "apartness",
        "plain_margin",
        "plain_gap",
        "track_gap",
        "face_gap",
    ):
        assert padded[name] == pytest.approx(full[name], abs=0.05), name


def test_without_a_crowd_a_small_gallery_would_look_sure() -> None:
    assert average(25, 21)["margin"] - average(400, 400)["margin"] > 0.08


def test_a_gallery_of_one_names_the_one_and_no_stranger() -> None:
    (known,), stranger = people(1, 1), people(2, 1)[0]
    evidence = evidence_of(known[None])
    own, other = (evidence.weigh(probe_of(face), 8) for face in (known, stranger))
    assert own[0].tolist() == other[0].tolist() == [0]
    assert own[1][0, column("margin")] > 0.2
    assert other[1][0, column("margin")] < 0.0


def test_a_gallery_of_three_thousand_is_not_padded_and_finds_everybody() -> None:
    gallery = people(3, 3000)
    evidence, larger = evidence_of(gallery), evidence_of(gallery, crowd=21)
    for person in (0, 1500, 2999):
        persons, found = evidence.weigh(probe_of(gallery[person]), 8)
        assert persons[0] == person
        assert len(persons) == 8
        template = unit(probe_of(gallery[person]).vectors.sum(axis=0))
        cosines = np.sort(gallery @ template)
        assert found[0, column("margin")] == pytest.approx(float(cosines[-1] - cosines[-2]), abs=1e-5)
        np.testing.assert_array_equal(found, larger.weigh(probe_of(gallery[person]), 8)[1])


@pytest.mark.parametrize("size", [3, 60])
def test_the_evidence_does_not_depend_on_the_order_of_the_gallery(size: int) -> None:
    gallery = people(4, size)
    order = np.random.default_rng(0).permutation(size)
    faces = probe_of(gallery[1])
    persons, found = evidence_of(gallery).weigh(faces, 3)
    again, shuffled = evidence_of(gallery[order]).weigh(faces, 3)
    assert order[again].tolist() == persons.tolist()
    np.testing.assert_allclose(shuffled, found, atol=1e-5)


def test_a_hidden_person_is_as_good_as_not_in_the_gallery() -> None:
    for seed in range(6):
        gallery = people(seed, 30)
        gallery[5] = unit(gallery[4] + np.float32(0.6) * gallery[5])  # a lookalike of who is hidden
        faces = probe_of(gallery[4])
        persons, found = evidence_of(gallery).weigh(faces, 3, hidden=4)
        without, expected = evidence_of(np.delete(gallery, 4, axis=0), crowd=399).weigh(faces, 3)
        assert 4 not in persons
        assert [person - (person > 4) for person in persons.tolist()] == without.tolist()
        for name in FEATURES:
            np.testing.assert_allclose(
                found[:, column(name)], expected[:, column(name)], atol=1e-5, err_msg=f"{name} of gallery {seed}"
            )


def test_hiding_somebody_is_forgotten_afterwards() -> None:
    gallery = people(7, 30)
    evidence, faces = evidence_of(gallery), probe_of(gallery[4])
    before = evidence.weigh(faces, 3)[1]
    evidence.weigh(faces, 3, hidden=4)
    np.testing.assert_array_equal(evidence.weigh(faces, 3)[1], before)


class Counted:
    """`People` who note how often they were all gone through."""

    def __init__(self, people: PeopleInMemory) -> None:
        self._people, self.asked = people, 0
        self.known, self.count = people.known, people.count
        self.white, self.plain, self.to_mean = people.white, people.plain, people.to_mean

    def nearest(self, probes: Floats, most: int) -> tuple[Ints, Floats]:
        self.asked += 1
        return self._people.nearest(probes, most)


def counted(gallery: Floats) -> tuple[GalleryEvidence, Counted]:
    people = Counted(PeopleInMemory.of(gallery, np.arange(len(gallery)), SPACE, 400))
    return GalleryEvidence(people, SPACE), people


def several(count: int) -> list[ProbeFaces]:
    """Groups of one to seven faces on one to three tracks."""
    random = np.random.default_rng(11)
    groups = []
    for number in range(count):
        faces = 1 + number % 7
        vectors = SPACE.renormalised(random.standard_normal((faces, SPACE.dim)).astype(np.float32))
        quality = random.uniform(0.2, 1.0, faces).astype(np.float32)
        groups.append(ProbeFaces(vectors, quality, np.arange(faces) % 3))
    return groups


@pytest.mark.parametrize("size", [60, 900])
@pytest.mark.parametrize("hidden", [None, 4])
def test_groups_weighed_together_come_out_as_one_by_one(size: int, hidden: int | None) -> None:
    gallery, raised = SPACE.strangers(size), {3: 0.05, 59: 0.4}
    evidence, groups = evidence_of(gallery), several(30)
    together = evidence.weigh_all(groups, 8, raised, hidden)
    assert len(together) == len(groups)
    for one, (persons, found) in zip(groups, together, strict=True):
        own_persons, own = evidence_of(gallery).weigh(one, 8, raised, hidden)
        np.testing.assert_array_equal(persons, own_persons)
        np.testing.assert_array_equal(found, own)


def test_everybody_is_gone_through_as_often_for_many_groups_as_for_one() -> None:
    gallery = SPACE.strangers(60)
    (one, ones), (many, manys) = counted(gallery), counted(gallery)
    one.weigh_all(several(1), 8)
    many.weigh_all(several(30), 8)
    assert ones.asked == manys.asked


def test_no_groups_are_weighed_without_asking_anybody() -> None:
    evidence, people = counted(SPACE.strangers(30))
    assert evidence.weigh_all([], 8) == []
    assert people.asked == 0
