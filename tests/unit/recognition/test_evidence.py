"""The numbers that speak for a person: one by one on vectors of known cosines, and all against their definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.evidence import FEATURES, GalleryEvidence, ProbeFaces
from stash_sense.recognition.space import Block, FaceSpace, unit

DIM = 32
PLAIN = FaceSpace.plain([Block(DIM, 1.0)])
"""Its strangers are at right angles to everybody."""


def axis(number: int) -> Floats:
    return np.asarray(np.eye(1, DIM, number)[0], np.float32)


def mixed(**shares: float) -> Floats:
    """A unit vector with such cosines to the axes, a0=0.8 …; the rest of it towards the last axis."""
    vector = sum((share * axis(int(name[1:])) for name, share in shares.items()), np.zeros(DIM, np.float32))
    rest = math.sqrt(1.0 - sum(share**2 for share in shares.values()))
    return np.asarray(vector + rest * axis(DIM - 1), np.float32)


def probe(*vectors: Floats, quality: list[float] | None = None, track: list[int] | None = None) -> ProbeFaces:
    count = len(vectors)
    return ProbeFaces(
        np.stack(vectors), np.array(quality or [1.0] * count, np.float32), np.array(track or range(count), np.int64)
    )


def gallery(vectors: list[Floats], space: FaceSpace = PLAIN, crowd: int = 40) -> GalleryEvidence:
    """One reference for each person."""
    return GalleryEvidence.of(np.stack(vectors), np.arange(len(vectors)), space, crowd)


def said(
    evidence: GalleryEvidence, faces: ProbeFaces, person: int = 0, most: int = 8, **more: object
) -> dict[str, float]:
    """The evidence for one person by the features' names."""
    persons, rows = evidence.weigh(faces, most, **more)  # type: ignore[arg-type]
    return dict(zip(FEATURES, rows[persons.tolist().index(person)].tolist(), strict=True))


FOUR = [axis(0), axis(1), axis(2), axis(3)]


def test_margin_is_to_the_nearest_other_and_gap_to_the_twenty_nearest() -> None:
    faces = probe(mixed(a0=0.8, a1=0.5, a2=0.2))
    first, second = (said(gallery(FOUR), faces, person) for person in (0, 1))
    for prefix in ("", "plain_"):
        assert first[f"{prefix}similarity"] == pytest.approx(0.8, abs=1e-5)
        assert first[f"{prefix}margin"] == pytest.approx(0.3, abs=1e-5)
        assert second[f"{prefix}margin"] == pytest.approx(-0.3, abs=1e-5)
        assert first[f"{prefix}gap"] == pytest.approx(0.8 - (0.5 + 0.2) / 20, abs=1e-5)
        assert second[f"{prefix}gap"] == pytest.approx(0.5 - (0.8 + 0.2) / 20, abs=1e-5)
    assert first["centred_margin"] == pytest.approx(0.3, abs=1e-5)


def test_the_gap_of_somebody_beyond_the_twenty_nearest_is_to_those() -> None:
    everybody = [axis(number) for number in range(30)]
    shares = {f"a{number}": 0.2 for number in range(21)} | {"a25": 0.1}
    found = said(gallery(everybody), probe(mixed(**shares)), person=25, most=30)
    assert found["gap"] == pytest.approx(0.1 - 0.2, abs=1e-5)


def test_apartness_is_to_the_persons_own_lookalikes() -> None:
    lookalikes = [mixed(a0=share) for share in (0.5, 0.4, 0.3, 0.2, 0.1)]
    faces = probe(mixed(a0=0.8, a1=0.6))
    assert said(gallery([axis(0), axis(1)]), faces)["apartness"] == pytest.approx(0.8, abs=1e-5)
    assert said(gallery([axis(0), axis(1), *lookalikes]), faces)["apartness"] == pytest.approx(0.8 - 0.3, abs=1e-5)


def test_a_template_is_weighted_by_quality() -> None:
    found = said(gallery(FOUR), probe(axis(0), axis(1), quality=[3.0, 1.0]))
    assert found["similarity"] == pytest.approx(3 / math.sqrt(10), abs=1e-5)
    assert found["margin"] == pytest.approx(2 / math.sqrt(10), abs=1e-5)


def test_a_template_is_of_all_the_persons_references() -> None:
    evidence = GalleryEvidence.of(np.stack([axis(0), axis(1), axis(2)]), np.array([0, 0, 1]), PLAIN, 40)
    found = said(evidence, probe(axis(0)))
    assert found["similarity"] == pytest.approx(math.sqrt(0.5), abs=1e-5)
    assert found["nearest_face"] == pytest.approx(math.sqrt(0.5), abs=1e-5)


def test_single_faces_tracks_and_the_clearest_have_gaps_of_their_own() -> None:
    faces = probe(
        mixed(a0=0.9), mixed(a0=0.2, a1=0.7), mixed(a0=0.5), mixed(a0=0.7, a1=0.6),
        quality=[0.1, 0.2, 1.0, 0.9], track=[4, 4, 9, 9],
    )  # fmt: skip
    found = said(gallery(FOUR), faces)
    # The two clearest are the third and the fourth, at 0.9 : 1; so are the faces of the second track, equally.
    clear = unit(1.0 * faces.vectors[2] + 0.9 * faces.vectors[3])
    assert found["clear_gap"] == pytest.approx(float(clear[0] - clear[1] / 20), abs=1e-5)
    assert found["track_gap"] == pytest.approx(0.6 - 0.3 / 20, abs=1e-5)
    # For a single face the twenty nearest are of all people, the person too.
    assert found["face_gap"] == pytest.approx(0.9 - 0.9 / 20, abs=1e-5)
    assert found["nearest_face"] == pytest.approx(0.9, abs=1e-5)


def test_votes_are_counted_by_weight_and_those_of_tracks_by_their_faces() -> None:
    faces = probe(
        mixed(a0=0.9), mixed(a0=0.3, a1=0.8), mixed(a0=0.3, a1=0.4), mixed(a0=0.6), mixed(a0=0.2, a1=0.7),
        quality=[0.5, 0.3, 0.1, 0.05, 0.05], track=[0, 0, 1, 1, 2],
    )  # fmt: skip
    first, second = (said(gallery(FOUR), faces, person) for person in (0, 1))
    assert first["votes"] == pytest.approx(0.55, abs=1e-5)
    assert second["votes"] == pytest.approx(0.45, abs=1e-5)
    # Track 0: 0.6 to 0.4 for the first; track 1: 0.45 to 0.2 for the first; track 2 for the second.
    assert first["track_votes"] == pytest.approx(0.8, abs=1e-5)
    assert second["track_votes"] == pytest.approx(0.2, abs=1e-5)


def test_faces_tracks_and_quality_are_counted() -> None:
    faces = probe(axis(0), axis(0), axis(0), quality=[0.25, 1.0, 0.49], track=[5, 5, 7])
    found = said(gallery(FOUR), faces)
    roots = (0.5 + 1.0 + 0.7) / 3
    assert found["faces"] == pytest.approx(math.log(3), abs=1e-6)
    assert found["tracks"] == pytest.approx(math.log(2), abs=1e-6)
    assert found["quality"] == pytest.approx(roots, abs=1e-6)
    assert found["best_quality"] == pytest.approx(1.0, abs=1e-6)
    assert found["poor"] == pytest.approx(1 - roots, abs=1e-6)
    assert found["gap_by_tracks"] == pytest.approx(math.log(2) * found["gap"], abs=1e-6)
    assert found["gap_by_quality"] == pytest.approx((roots - 1) * found["gap"], abs=1e-6)


def test_faces_clearer_than_clear_are_not_poor() -> None:
    assert said(gallery(FOUR), probe(axis(0), quality=[4.0]))["poor"] == 0.0


def test_persons_come_nearest_first_and_no_more_than_asked_for() -> None:
    faces = probe(mixed(a0=0.2, a1=0.8, a2=0.5))
    assert gallery(FOUR).weigh(faces, 3)[0].tolist() == [1, 2, 0]
    persons, evidence = gallery(FOUR).weigh(faces, 99)
    assert persons.tolist() == [1, 2, 0, 3]
    assert evidence.shape == (4, len(FEATURES))
    assert evidence.dtype == np.float32


def test_an_expected_person_is_raised_for_themselves_and_against_the_others() -> None:
    faces = probe(mixed(a0=0.6, a1=0.58))
    raised = {1: 0.05}
    first, second = (said(gallery(FOUR), faces, person, raised=raised) for person in (0, 1))
    assert gallery(FOUR).weigh(faces, 2, raised)[0].tolist() == [1, 0]
    for prefix in ("", "plain_"):
        assert second[f"{prefix}similarity"] == pytest.approx(0.63, abs=1e-5)
        assert second[f"{prefix}margin"] == pytest.approx(0.03, abs=1e-5)
        assert first[f"{prefix}margin"] == pytest.approx(-0.03, abs=1e-5)
        assert second[f"{prefix}gap"] == pytest.approx(0.63 - 0.6 / 20, abs=1e-5)
    assert second["nearest_face"] == pytest.approx(0.58, abs=1e-5)  # what single faces say stays what it is


def test_a_gallery_of_nobody_has_no_evidence() -> None:
    nobody = GalleryEvidence.of(np.zeros((0, DIM), np.float32), np.zeros(0, np.int64), PLAIN, 40)
    persons, evidence = nobody.weigh(probe(axis(0)), 8)
    assert persons.shape == (0,)
    assert evidence.shape == (0, len(FEATURES))


def full_space(seed: int) -> FaceSpace:
    """Two embedders, whitened, with strangers who have something in common."""
    rng = np.random.default_rng(seed)
    blocks = (Block(20, 0.6), Block(12, 0.4))
    whitening = tuple((np.eye(b.dim) + rng.normal(0, 0.1, (b.dim, b.dim))).astype(np.float32) for b in blocks)
    root = rng.normal(size=(DIM, DIM)) / 30.0
    return FaceSpace(
        blocks, whitening, (rng.normal(size=DIM) / 20).astype(np.float32),
        (rng.normal(size=DIM) / 20).astype(np.float32), (root @ root.T).astype(np.float32),
    )  # fmt: skip


def by_definition(
    references: Floats, owner: Ints, space: FaceSpace, crowd: int, faces: ProbeFaces, person: int
) -> list[float]:
    """The evidence, as the names of the features are explained."""
    people = [references[owner == one] for one in range(int(owner.max()) + 1)]
    strangers = space.strangers(max(0, crowd - len(people)))
    plain = np.concatenate([space.renormalised(np.stack([one.sum(axis=0) for one in people])), strangers])
    white = np.concatenate(
        [unit(np.stack([space.whitened(one).sum(axis=0) for one in people])), space.whitened(strangers)]
    )
    own, weight = space.whitened(faces.vectors), faces.quality / faces.quality.sum()

    def margin(values: Floats) -> float:
        return float(values[person] - np.delete(values, person).max())

    def gap(values: Floats) -> float:
        return float(values[person] - np.sort(np.delete(values, person))[-20:].mean())

    template = unit(weight @ own)
    whole, bare = white @ template, plain @ space.renormalised((weight @ faces.vectors)[None])[0]
    centred, probe_ = space.centred(white), space.centred(template[None])[0]
    lookalikes = np.sort(np.delete(centred @ centred[person], person))[-5:].mean()
    clear = np.argsort(-faces.quality, kind="stable")[: max(2, len(own) // 4)]
    single, votes, tracks = own @ white.T, [], []
    for track in np.unique(faces.track):
        mean = single[faces.track == track].mean(axis=0)
        tracks.append(gap(mean))
        votes.append((mean.argmax() == person) * (faces.track == track).mean())
    roots = np.sqrt(faces.quality)
    return [
        float(whole[person]), margin(whole), gap(whole), margin(centred @ probe_),
        float(centred[person] @ probe_ - lookalikes), float(bare[person]), margin(bare), gap(bare),
        gap(white @ unit(weight[clear] @ own[clear])), max(tracks),
        max(float(row[person] - np.sort(row)[-20:].mean()) for row in single),
        float((faces.vectors @ plain[person]).max()), float(weight[single.argmax(axis=1) == person].sum()),
        float(sum(votes)), math.log(len(own)), math.log(len(tracks)), float(roots.mean()), float(roots.max()),
        max(0.0, 1.0 - float(roots.mean())), math.log(len(tracks)) * gap(whole),
        (float(roots.mean()) - 1.0) * gap(whole),
    ]  # fmt: skip


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([1, 2, 3, 25, 60]),
    count=st.integers(1, 90),
    crowd=st.sampled_from([21, 40]),
)
def test_every_feature_is_what_its_explanation_says(seed: int, size: int, count: int, crowd: int) -> None:
    rng, space = np.random.default_rng(seed), full_space(seed)
    owner = np.sort(np.concatenate([np.arange(size), rng.integers(size, size=size)]))
    references = space.renormalised(rng.normal(size=(len(owner), DIM)).astype(np.float32))
    vectors = references[rng.integers(len(owner))] + rng.normal(0, 0.15, (count, DIM))
    faces = ProbeFaces(
        space.renormalised(vectors.astype(np.float32)),
        rng.uniform(0.05, 2.0, count).astype(np.float32),
        rng.integers(0, 6, count),
    )
    evidence = GalleryEvidence.of(references, owner, space, crowd)
    persons, found = evidence.weigh(faces, 3)
    for person, row in zip(persons.tolist(), found, strict=True):
        expected = by_definition(references, owner, space, crowd, faces, person)
        np.testing.assert_allclose(row, expected, atol=2e-5, err_msg=str(FEATURES))
