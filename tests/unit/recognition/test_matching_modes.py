import math
from collections.abc import Sequence

import numpy as np
import pytest
from tests.unit.recognition import made_faces
from tests.unit.recognition.made_faces import DIM, Seen

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.arrays import Floats
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import Faces, no_faces
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES, matcher_for
from stash_sense.recognition.matching.person import MatchedPerson
from stash_sense.recognition.space import Block, FaceSpace, unit
from stash_sense.recognition.spec import Decision, MatchingConstants

STEEPNESS, EVEN_ODDS = 40.0, 0.6
"""The curve of these tests: the logistic of 40 times how far the cosine is above 0.6."""


@pytest.fixture(params=list(MODES))
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def person(number: int) -> Floats:
    """The only reference of a person, or the face of one."""
    return made_faces.person(number)[None]


def like(number: int, cosine: float, sideways: int = DIM - 1) -> Floats:
    return made_faces.like(number, cosine, sideways)[None]


def gallery_of(references: Sequence[Floats]) -> Gallery:
    people = [(KnownPerson(f"id-{row}", f"name-{row}"), vectors) for row, vectors in enumerate(references)]
    return Gallery.of("test", people, DIM)


def faces_of(*seen: tuple[int, Floats], quality: Sequence[float] | None = None) -> Faces:
    """Faces from pairs of frame and vector, each a track of its own."""
    weights = quality or [0.5] * len(seen)
    return made_faces.faces_of(
        *(Seen(frame, track, vector[0], weights[track]) for track, (frame, vector) in enumerate(seen))
    )


def match(
    mode: str,
    gallery: Gallery,
    faces: Faces,
    *,
    frames: int = 60,
    tagged: frozenset[int] = frozenset(),
    top_k: int = 3,
    cluster_distance: float = 0.4,
) -> list[MatchedPerson]:
    curve = ProbabilityCurve(("similarity",), (STEEPNESS,), -STEEPNESS * EVEN_ODDS, "test")
    space = FaceSpace.plain([Block(DIM, 1.0)])
    decision = Decision(space, MatchingConstants(cluster_distance, 0.5, 1.0), curve)
    judge = gallery.judge(decision, top_k=top_k)
    return list(matcher_for(mode, judge).match(faces, frames, tagged).people)


def names_of(people: list[MatchedPerson]) -> list[int | None]:
    return [found.name.person if found.name else None for found in people]


def test_everybody_gets_the_right_name_and_a_stranger_none(mode: str) -> None:
    gallery = gallery_of([person(number) for number in range(5)])
    seen = [(frame, like(frame % 3, 0.9)) for frame in range(12)]
    seen += [(frame, person(20)) for frame in range(12, 24)]
    faces = faces_of(*seen)
    people = match(mode, gallery, faces)
    assert sorted(names_of(people)[:3]) == [0, 1, 2]  # type: ignore[type-var]
    assert names_of(people)[3:] == [None]
    for found in people[:3]:
        assert found.name is not None
        assert found.faces.seen.tolist() == [row for row in range(12) if row % 3 == found.name.person]
    assert people[3].faces.seen.tolist() == list(range(12, 24))


def test_somebody_a_little_like_a_known_person_is_a_stranger_however_often_seen(mode: str) -> None:
    faces = faces_of(*((frame, like(0, 0.55)) for frame in range(60)))
    (found,) = match(mode, gallery_of([person(0), person(1)]), faces)
    assert found.name is None


def test_the_probability_is_the_curves_and_the_distance_that_of_the_nearest_reference(mode: str) -> None:
    gallery = gallery_of([np.concatenate([like(0, 0.9, 10), like(0, 0.9, 11)]), person(1)])
    faces = faces_of((0, like(0, 0.9, 10)), (1, like(0, 0.9, 10)))
    (found,) = match(mode, gallery, faces)
    assert found.name is not None
    template = unit(np.asarray(like(0, 0.9, 10) + like(0, 0.9, 11), np.float32))
    cosine = float((template @ like(0, 0.9, 10).T)[0, 0])
    assert found.name.probability == pytest.approx(1 / (1 + math.exp(-STEEPNESS * (cosine - EVEN_ODDS))), abs=1e-4)
    assert found.name.distance == pytest.approx(0.0, abs=1e-6)
    assert found.name.probability != pytest.approx(1.0 - found.name.distance, abs=1e-8)


def test_a_face_that_is_a_reference_is_a_perfect_hit_not_a_suspicious_one(mode: str) -> None:
    gallery = gallery_of([person(0), like(0, 0.9)])
    (found,) = match(mode, gallery, faces_of((0, person(0)), (1, person(0))))
    assert found.name is not None
    assert found.name.person == 0
    assert found.name.distance == pytest.approx(0.0, abs=1e-6)


def test_of_two_faces_of_a_frame_only_one_has_the_name(mode: str) -> None:
    seen = [(frame, like(0, cosine, sideways)) for frame in range(6) for cosine, sideways in ((0.9, 10), (0.8, 11))]
    people = match(mode, gallery_of([person(0), person(1)]), faces_of(*seen))
    assert names_of(people) == [0, None]
    assert people[0].faces.seen.tolist() == [0, 2, 4, 6, 8, 10]
    assert people[1].alternatives[0].person == 0


def test_a_tag_decides_between_two_who_are_nearly_as_near(mode: str) -> None:
    vector = np.asarray(
        0.69 * person(0) + 0.675 * person(1) + math.sqrt(1 - 0.69**2 - 0.675**2) * person(9), np.float32
    )
    faces = faces_of(*((frame, vector) for frame in range(4)))
    gallery = gallery_of([person(0), person(1)])
    assert names_of(match(mode, gallery, faces)) == [0]
    assert names_of(match(mode, gallery, faces, tagged=frozenset({1}))) == [1]
    assert names_of(match(mode, gallery, faces, tagged=frozenset({0}))) == [0]
    assert names_of(match(mode, gallery, faces, tagged=frozenset({0, 1}))) == [0]


def test_a_tag_does_not_beat_who_is_clearly_nearer(mode: str) -> None:
    vector = np.asarray(
        0.72 * person(0) + 0.65 * person(1) + math.sqrt(1 - 0.72**2 - 0.65**2) * person(9), np.float32
    )
    faces = faces_of(*((frame, vector) for frame in range(4)))
    assert names_of(match(mode, gallery_of([person(0), person(1)]), faces, tagged=frozenset({1}))) == [0]


def test_a_tag_does_not_make_a_known_person_of_a_stranger(mode: str) -> None:
    faces = faces_of(*((frame, like(0, 0.56)) for frame in range(8)))
    assert names_of(match(mode, gallery_of([person(0)]), faces, tagged=frozenset({0}))) == [None]


def test_a_tag_moves_the_odds_by_the_boost_and_not_the_distance(mode: str) -> None:
    faces = faces_of(*((frame, like(0, 0.65)) for frame in range(2)))
    gallery = gallery_of([person(0)])
    plain, tagged = (match(mode, gallery, faces, tagged=tags)[0].name for tags in (frozenset[int](), frozenset({0})))
    assert plain is not None
    assert tagged is not None

    def logit(probability: float) -> float:
        return math.log(probability / (1 - probability))

    assert logit(tagged.probability) - logit(plain.probability) == pytest.approx(STEEPNESS * 0.03, abs=1e-3)
    assert tagged.distance == plain.distance


@pytest.mark.parametrize("weak", [5, 50, 500])
def test_many_weak_faces_never_beat_a_few_good_ones(mode: str, weak: int) -> None:
    blurred = np.asarray(
        0.35 * person(0) + 0.55 * person(1) + math.sqrt(1 - 0.35**2 - 0.55**2) * person(9), np.float32
    )
    seen = [(frame, like(0, 0.95, 8)) for frame in range(3)] + [(3 + frame, blurred) for frame in range(weak)]
    quality = [1.0] * 3 + [1.0 / weak] * weak
    people = match(mode, gallery_of([person(0), person(1)]), faces_of(*seen, quality=quality), cluster_distance=0.9)
    assert names_of(people) == [0]
    assert len(people[0].faces.seen) == 3 + weak


@pytest.mark.parametrize(("often", "leader"), [(0.68, 1), (0.62, 0)])
def test_where_frames_are_counted_being_seen_fifty_times_as_often_is_worth_a_tenth_at_most(
    often: float, leader: int
) -> None:
    near = np.asarray(0.7 * person(0) + 0.45 * person(1) + math.sqrt(1 - 0.7**2 - 0.45**2) * person(9), np.float32)
    far = np.asarray(0.3 * person(0) + often * person(1) + math.sqrt(1 - 0.3**2 - often**2) * person(9), np.float32)
    seen = [(frame, near) for frame in range(2)] + [(2 + frame, far) for frame in range(100)]
    (found,) = match("clustered_frequency", gallery_of([person(0), person(1)]), faces_of(*seen))
    assert (found.name or found.alternatives[0]).person == leader


def test_where_frames_are_counted_one_good_frame_does_not_make_a_candidate() -> None:
    glimpse = np.asarray(
        0.55 * person(0) + 0.75 * person(1) + math.sqrt(1 - 0.55**2 - 0.75**2) * person(9), np.float32
    )
    seen = [(0, glimpse)] + [(frame, like(0, 0.7, 9)) for frame in range(1, 6)]
    (found,) = match("clustered_frequency", gallery_of([person(0), person(1)]), faces_of(*seen))
    assert names_of([found]) == [0]
    assert found.alternatives == ()


def test_a_person_with_many_pictures_does_not_crowd_out_the_others(mode: str) -> None:
    rng = np.random.default_rng(0)
    axes = person(1) + 0.02 * rng.normal(size=(400, DIM))
    popular = unit(axes.astype(np.float32))
    vector = np.asarray(
        0.75 * person(0) + 0.5 * person(1) + 0.3 * person(2) + math.sqrt(1 - 0.75**2 - 0.5**2 - 0.3**2) * person(9),
        np.float32,
    )
    faces = faces_of(*((frame, vector) for frame in range(4)))
    gallery = gallery_of([person(0), popular, person(2), person(3)])
    (found,) = match("template", gallery, faces)
    assert names_of([found]) == [0]
    assert [candidate.person for candidate in found.alternatives] == [1, 2, 3]
    (found,) = match(mode, gallery, faces)
    assert names_of([found]) == [0]


def test_more_references_of_the_right_person_do_no_harm(mode: str) -> None:
    few = gallery_of([like(0, 0.95, 10), person(1)])
    many = gallery_of([np.concatenate([like(0, 0.95, axis) for axis in range(10, 20)]), person(1)])
    faces = faces_of(*((frame, like(0, 0.9, 21)) for frame in range(4)))
    sparse, dense = (match(mode, gallery, faces)[0].name for gallery in (few, many))
    assert sparse is not None
    assert dense is not None
    assert dense.probability >= sparse.probability


def test_in_a_video_a_single_frame_makes_no_person_and_in_a_picture_it_does(mode: str) -> None:
    gallery = gallery_of([person(0)])
    faces = faces_of((0, like(0, 0.95)), (0, person(20)))
    assert match(mode, gallery, faces, frames=60) == []
    assert names_of(match(mode, gallery, faces, frames=1)) == [0, None]


def test_two_shots_in_which_a_person_looks_different_are_one_person(mode: str) -> None:
    seen = [(frame, like(0, 0.8, 10)) for frame in range(3)] + [(frame, like(0, 0.7, 11)) for frame in range(5, 8)]
    people = match(mode, gallery_of([person(0), person(1)]), faces_of(*seen), cluster_distance=0.2)
    assert names_of(people) == [0]
    assert people[0].faces.seen.tolist() == list(range(6))


def test_the_answer_does_not_depend_on_the_order_of_the_gallery(mode: str) -> None:
    references = [person(number) for number in range(6)]
    faces = faces_of(*((frame, like(frame % 4, 0.85)) for frame in range(16)))
    forward = match(mode, gallery_of(references), faces)
    backward = match(mode, gallery_of(references[::-1]), faces)
    assert sorted(5 - found.name.person for found in backward if found.name) == [0, 1, 2, 3]
    assert sorted(found.name.person for found in forward if found.name) == [0, 1, 2, 3]


def test_a_gallery_of_nobody_knows_nobody(mode: str) -> None:
    people = match(mode, gallery_of([]), faces_of((0, person(0)), (1, person(0))))
    assert names_of(people) == [None]
    assert people[0].alternatives == ()


def test_no_faces_are_nobody(mode: str) -> None:
    assert match(mode, gallery_of([person(0)]), no_faces(DIM)) == []
    assert match(mode, gallery_of([]), no_faces(DIM)) == []


@pytest.mark.parametrize("top_k", [0, 1, 4])
def test_as_many_alternatives_are_kept_as_asked_for(top_k: int) -> None:
    faces = faces_of(*((frame, like(0, 0.9)) for frame in range(4)))
    (found,) = match("template", gallery_of([person(number) for number in range(8)]), faces, top_k=top_k)
    assert len(found.alternatives) == top_k
    assert all(candidate.person != 0 for candidate in found.alternatives)


def test_an_unknown_mode_is_refused_with_the_modes_there_are() -> None:
    with pytest.raises(SettingInvalid, match=r"nearest.*template and clustered_frequency"):
        match("nearest", gallery_of([person(0)]), no_faces(DIM))


def test_the_default_mode_exists() -> None:
    assert DEFAULT_MODE in MODES


def test_a_face_seen_in_one_frame_only_joins_its_person_of_other_shots(mode: str) -> None:
    # The third face is too far from the first two to be in their group, and near enough to the reference.
    faces = faces_of((0, like(0, 0.8, DIM - 1)), (1, like(0, 0.8, DIM - 1)), (7, like(0, 0.8, DIM - 2)))
    (found,) = match(mode, gallery_of([person(0), person(1)]), faces, cluster_distance=0.3)
    assert found.name is not None
    assert found.faces.seen.tolist() == [0, 1, 2]
