import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.evidence import FEATURES, GalleryEvidence
from stash_sense.recognition.space import Block, FaceSpace, unit

DIM = 32
CROWD = 200
SIMILARITY, MARGIN, APARTNESS, FACES = range(4)


def space_of_a_crowd(level: float = 0.2) -> FaceSpace:
    """A space whose strangers have something in common and are a little flat."""
    variances = np.asarray(np.linspace(0.5, 1.5, DIM) / DIM, np.float32)
    plain = FaceSpace.plain([Block(DIM, 1.0)])
    common = np.zeros(DIM, np.float32)
    common[0] = level
    return FaceSpace(plain.blocks, plain.whitening, common, np.asarray(common / 3, np.float32), np.diag(variances))


def strangers(seed: int, count: int) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32))


def weigh(gallery: Floats, template: Floats, space: FaceSpace, count: int = 1, crowd: int = CROWD) -> Floats:
    """The evidence of one group for every person of the gallery."""
    persons = np.arange(len(gallery))
    return GalleryEvidence(gallery, space, crowd, 3).weigh(
        template, count, persons, np.zeros(len(gallery), np.float32)
    )


def largest_draws(number: int, ranks: int) -> Floats:
    """Mean of the largest standard normal draws, by drawing."""
    draws = np.random.default_rng(9).standard_normal((4000, number))
    return np.asarray(-np.sort(-draws, axis=1)[:, :ranks].mean(axis=0), np.float32)


def test_the_columns_are_the_features_by_name() -> None:
    assert FEATURES == ("similarity", "margin", "apartness", "faces")
    assert weigh(strangers(0, 4), strangers(1, 1)[0], space_of_a_crowd()).shape == (4, len(FEATURES))


def test_similarity_is_the_cosine_and_the_same_both_ways() -> None:
    one, other = strangers(0, 2)
    space = space_of_a_crowd()
    there, back = weigh(one[None], other, space)[0], weigh(other[None], one, space)[0]
    assert there[SIMILARITY] == pytest.approx(float(one @ other), abs=1e-6)
    assert there[SIMILARITY] == pytest.approx(back[SIMILARITY], abs=1e-6)


def test_a_gallery_of_one_is_compared_with_a_crowd() -> None:
    space, gallery, template = space_of_a_crowd(), strangers(0, 1), strangers(1, 1)[0]
    evidence = weigh(gallery, template, space)[0]
    person, probe = space.centred(gallery)[0], space.centred(template[None])[0]
    cosine = float(person @ probe)
    (level,), (deviation,) = space.crowd_similarity(probe[None])
    (first,) = largest_draws(CROWD, 1)
    assert evidence[MARGIN] == pytest.approx(cosine - (level + first * deviation), abs=0.02)
    (level,), (deviation,) = space.crowd_similarity(person[None])
    five = level + largest_draws(CROWD, 5) * deviation
    assert evidence[APARTNESS] == pytest.approx(cosine - five.mean(), abs=0.02)


@pytest.mark.parametrize("size", [2, 3, 6, 201, 300, 600])
def test_margin_and_apartness_are_those_of_a_plain_count(size: int) -> None:
    space, gallery, template = space_of_a_crowd(), strangers(size, size), strangers(1000, 1)[0]
    evidence = weigh(gallery, template, space)
    missing = CROWD - (size - 1)
    draws = largest_draws(missing, min(5, missing)) if missing > 0 else np.zeros(0, np.float32)
    centred, probe = space.centred(gallery), space.centred(template[None])[0]

    def near(vector: Floats, others: Floats) -> list[float]:
        (level,), (deviation,) = space.crowd_similarity(vector[None])
        return sorted([*(others @ vector).tolist(), *(level + draws * deviation).tolist()], reverse=True)

    for person in {0, size // 2, size - 1}:
        others = np.delete(centred, person, axis=0)
        cosine = float(centred[person] @ probe)
        assert evidence[person, MARGIN] == pytest.approx(cosine - near(probe, others)[0], abs=0.02)
        lookalikes = near(centred[person], others)[:5]
        assert evidence[person, APARTNESS] == pytest.approx(cosine - np.mean(lookalikes), abs=0.02)


def test_evidence_means_the_same_in_galleries_of_few_and_of_many() -> None:
    space = FaceSpace.plain([Block(DIM, 1.0)])
    isotropic = np.diag(np.full(DIM, 1.0 / DIM, np.float32))
    space = FaceSpace(space.blocks, space.whitening, space.mean, space.mean, isotropic)
    people, probes = strangers(0, 201), strangers(1, 40)
    by_size = {
        size: np.mean([weigh(people[:size], probe, space)[:1] for probe in probes], axis=0)[0]
        for size in (1, 3, 30, 201)
    }
    for size in (3, 30, 201):
        np.testing.assert_allclose(by_size[size], by_size[1], atol=0.05)
    without = np.mean([weigh(people[:3], probe, space, crowd=0)[:1] for probe in probes], axis=0)[0]
    assert without[MARGIN] - by_size[201][MARGIN] > 0.2  # which is why there is a crowd


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 20))
def test_evidence_does_not_depend_on_the_order_of_the_gallery(seed: int, size: int) -> None:
    space, gallery, template = space_of_a_crowd(), strangers(seed, size), strangers(seed + 1, 1)[0]
    order = np.random.default_rng(seed).permutation(size)
    np.testing.assert_allclose(
        weigh(gallery[order], template, space), weigh(gallery, template, space)[order], atol=1e-5
    )


def test_only_the_persons_asked_for_are_weighed_in_their_order() -> None:
    space, gallery, template = space_of_a_crowd(), strangers(0, 8), strangers(1, 1)[0]
    everybody = weigh(gallery, template, space)
    some = np.array([5, 2])
    evidence = GalleryEvidence(gallery, space, CROWD, 3).weigh(template, 1, some, np.zeros(2, np.float32))
    np.testing.assert_allclose(evidence, everybody[some], atol=1e-6)


def test_only_the_nearest_person_has_a_positive_margin() -> None:
    gallery = strangers(0, 40)
    template = unit(gallery[7:8] + 0.3 * strangers(1, 1))[0]
    margins = weigh(gallery, template, space_of_a_crowd())[:, MARGIN]
    assert np.flatnonzero(margins > 0).tolist() == [7]


def test_a_lookalike_in_the_gallery_takes_margin_and_apartness_but_not_similarity() -> None:
    space, gallery = space_of_a_crowd(), strangers(0, 10)
    template = gallery[0]
    alone = weigh(gallery, template, space)[0]
    twins = weigh(np.concatenate([gallery, unit(gallery[:1] + 0.1 * strangers(2, 1))]), template, space)[0]
    assert twins[SIMILARITY] == pytest.approx(alone[SIMILARITY], abs=1e-6)
    assert twins[MARGIN] < alone[MARGIN] - 0.2
    assert twins[APARTNESS] < alone[APARTNESS] - 0.05


def test_a_boost_is_added_to_the_similarity_only() -> None:
    space, gallery, template = space_of_a_crowd(), strangers(0, 5), strangers(1, 1)[0]
    plain = weigh(gallery, template, space)
    boost = np.array([0.0, 0.03, 0.0, 0.0, 0.5], np.float32)
    boosted = GalleryEvidence(gallery, space, CROWD, 3).weigh(template, 1, np.arange(5), boost)
    np.testing.assert_allclose(boosted[:, SIMILARITY], plain[:, SIMILARITY] + boost, atol=1e-6)
    np.testing.assert_array_equal(boosted[:, MARGIN:], plain[:, MARGIN:])


@pytest.mark.parametrize(("count", "counted"), [(1, 1), (2, 2), (3, 3), (4, 3), (5000, 3)])
def test_faces_count_by_their_logarithm_up_to_the_cap(count: int, counted: int) -> None:
    evidence = weigh(strangers(0, 2), strangers(1, 1)[0], space_of_a_crowd(), count)
    np.testing.assert_allclose(evidence[:, FACES], math.log(counted), atol=1e-6)


def test_a_gallery_of_nobody_has_no_evidence() -> None:
    nobody = np.zeros((0, DIM), np.float32)
    assert weigh(nobody, strangers(0, 1)[0], space_of_a_crowd()).shape == (0, len(FEATURES))
