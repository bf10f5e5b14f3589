"""Who is who in the end: levels, alternatives, pieces of people, and whether more frames could change it."""

from dataclasses import replace

import pytest
from tests.unit.recognition.made_faces import DIM, Seen, faces_of, like, person

from stash_sense.errors import SettingInvalid
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.person import Matched
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants

CURVE = ProbabilityCurve(("similarity",), (20.0,), -12.0, "test")
"""Even odds at a cosine of 0.6; 0.9 at 0.71, 0.05 at 0.45, 0.98 at 0.8."""
SAME = ProbabilityCurve(("template_similarity",), (100.0,), -50.0, "test")
CONSTANTS = MatchingConstants(0.1, 0.5, 1.0)
"""Groups are joined at a cosine of 0.9, so one person is easily in two."""
DECISION = Decision(FaceSpace.plain([Block(DIM, 1.0)]), CONSTANTS, CURVE)


def matched(
    faces: Faces, decision: Decision = DECISION, frames: int = 20, people: int = 6, **more: bool | int
) -> Matched:
    known = [(KnownPerson(f"id-{row}", f"name-{row}"), person(row)[None]) for row in range(people)]
    gallery = Gallery.of("test", known, DIM)
    judge = gallery.judge(decision, **more)  # type: ignore[arg-type]
    return TemplateMatcher(judge).match(faces, frames)


def shot(track: int, number: int, cosine: float, first: int, length: int = 2, sideways: int = DIM - 1) -> list[Seen]:
    return [Seen(frame, track, like(number, cosine, sideways)) for frame in range(first, first + length)]


def names_of(found: Matched) -> list[int | None]:
    return [one.name.person if one.name else None for one in found.people]


def test_the_strict_level_leaves_the_less_sure_without_a_name() -> None:
    faces = faces_of(*shot(0, 0, 0.95, 0), *shot(1, 1, 0.7, 5))
    assert names_of(matched(faces)) == [0, 1]
    strict = matched(faces, strict=True)
    assert names_of(strict) == [0, None]
    assert strict.people[1].alternatives[0].person == 1
    looser = replace(DECISION, constants=replace(CONSTANTS, strict_from=0.8))
    assert names_of(matched(faces, looser, strict=True)) == [0, 1]


@pytest.mark.parametrize(
    ("cosine", "undecided"), [(0.3, False), (0.44, False), (0.47, True), (0.6, True), (0.7, True), (0.72, False)]
)
def test_more_frames_are_wanted_while_somebody_is_neither_known_nor_unknown(cosine: float, undecided: bool) -> None:
    sure = shot(0, 0, 0.95, 0)
    assert matched(faces_of(*sure, *shot(1, 1, cosine, 5))).undecided is undecided
    assert not matched(faces_of(*sure)).undecided


def test_more_frames_are_wanted_for_who_is_sure_but_was_not_seen_often_enough() -> None:
    faces = faces_of(*shot(0, 0, 0.95, 0), *shot(1, 1, 0.95, 5, length=1))
    found = matched(faces)
    assert names_of(found) == [0]  # one more frame would name the other
    assert found.undecided


def test_a_picture_has_no_more_frames_to_want() -> None:
    assert not matched(faces_of(*shot(0, 0, 0.95, 0, length=1)), frames=1).undecided


def test_where_nobody_was_seen_more_frames_are_wanted() -> None:
    assert names_of(matched(faces_of())) == []
    assert matched(faces_of()).undecided
    assert not matched(faces_of(*shot(0, 0, 0.9, 0)), people=0).undecided


def test_named_come_by_probability_and_unknown_by_frames() -> None:
    faces = faces_of(
        *shot(0, 9, 0.9, 0, 2),
        *shot(1, 1, 0.8, 3),
        *shot(2, 10, 0.9, 6, 4),
        *shot(3, 2, 0.9, 11),
        *shot(4, 11, 0.9, 14, 3),
    )
    found = matched(faces)
    assert names_of(found) == [2, 1, None, None, None]
    assert [len(one.faces.frames) for one in found.people[2:]] == [4, 3, 2]


@pytest.mark.parametrize("top_k", [0, 2, 5])
def test_alternatives_are_as_many_as_asked_for_and_never_the_name(top_k: int) -> None:
    known, unknown = matched(faces_of(*shot(0, 0, 0.9, 0), *shot(1, 9, 0.9, 5)), top_k=top_k).people
    assert len(known.alternatives) == len(unknown.alternatives) == top_k
    assert all(candidate.person != 0 for candidate in known.alternatives)


def test_strangers_in_a_single_frame_of_a_video_are_not_counted_and_those_of_a_picture_are() -> None:
    faces = faces_of(*shot(0, 9, 0.9, 0, length=1))
    assert names_of(matched(faces)) == []
    assert names_of(matched(faces, frames=1)) == [None]
    counted = replace(DECISION, constants=replace(CONSTANTS, min_unknown_frames=1))
    assert names_of(matched(faces, counted)) == [None]


def test_pieces_of_a_stranger_are_one_stranger_where_the_pack_can_tell() -> None:
    faces = faces_of(*shot(0, 9, 0.8, 0, sideways=20), *shot(1, 9, 0.85, 5, sideways=21))
    assert names_of(matched(faces)) == [None, None]
    (one,) = matched(faces, replace(DECISION, same_person=SAME)).people
    assert one.name is None
    assert one.faces.frames == {0, 1, 5, 6}
    assert one.faces.described.tolist() == [0, 1, 2, 3]


def test_a_piece_too_poor_for_a_name_joins_its_person_where_the_pack_can_tell() -> None:
    faces = faces_of(*shot(0, 0, 0.9, 0, sideways=20), *shot(1, 0, 0.58, 5, sideways=20))
    assert names_of(matched(faces)) == [0, None]
    (one,) = matched(faces, replace(DECISION, same_person=SAME)).people
    assert one.name is not None
    assert one.name.person == 0
    assert one.name.probability == matched(faces).people[0].name.probability  # type: ignore[union-attr]
    assert one.faces.frames == {0, 1, 5, 6}


def test_glimpses_of_a_stranger_are_enough_together() -> None:
    faces = faces_of(*shot(0, 9, 0.8, 0, 1, sideways=20), *shot(1, 9, 0.85, 5, 1, sideways=21))
    assert names_of(matched(faces)) == []
    assert names_of(matched(faces, replace(DECISION, same_person=SAME))) == [None]


def test_two_who_meet_stay_two_however_alike() -> None:
    faces = faces_of(*shot(0, 9, 0.9, 0), *shot(1, 9, 0.9, 1))
    assert names_of(matched(faces, replace(DECISION, same_person=SAME))) == [None, None]


def test_curves_that_read_what_nobody_measures_are_refused() -> None:
    charm = ProbabilityCurve(("charm",), (1.0,), 0.0, "test")
    for decision in (replace(DECISION, curve=charm), replace(DECISION, same_person=charm)):
        with pytest.raises(SettingInvalid, match="charm"):
            matched(faces_of(), decision)
