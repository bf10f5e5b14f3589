from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.scenes.drawings import DrawnFaces, Squares, actors

from stash_sense.scenes.cutout import Cutout, Wardrobe
from stash_sense.scenes.motion import Motion
from stash_sense.scenes.planning import plan_scene
from stash_sense.scenes.script import Cover, Look, Role, SceneOptions, SceneScript, Shot
from stash_sense.scenes.tracking import truth_of

STILL = Motion((320, 320), (150, 150), (120, 120), (0, 0), (0, 0), 0.0, 3.0, 0.0)


def role(subject: str, motion: Motion = STILL, cover: Cover | None = None) -> Role:
    return Role(subject, Path(f"{subject}.jpg"), motion, Look(), (0, 0, 0), cover)


def script(*shots: Shot, people: tuple[str, ...] = (), strangers: tuple[str, ...] = ()) -> SceneScript:
    return SceneScript(1, SceneOptions(), "large", people, strangers, shots, crf=23, keyframes=50, noise=0.0)


def place(start: int, frames: int, *roles: Role, fade: int = 0) -> Shot:
    return Shot("place", start, frames, fade, 1.0, 1, roles)


def heads(scene: SceneScript) -> dict[Path, Cutout]:
    wardrobe = Wardrobe(DrawnFaces(), Squares())
    return {role.photo: wardrobe.cut_out(role.photo) for shot in scene.shots for role in shot.roles}


def test_a_face_is_tracked_five_times_a_second_where_it_is_drawn() -> None:
    scene = script(place(0, 50, role("Ada")), people=("Ada",))
    truth = truth_of(scene, heads(scene), "scene.mp4")
    (seen,) = truth.appearances
    assert (truth.persons, seen.subject, seen.start, seen.end) == (("Ada",), "Ada", 0.0, 2.0)
    assert [moment[0] for moment in seen.track] == pytest.approx([0.2 * n for n in range(10)])
    assert all(moment[1:] == (275.0, 90.0, 90.0, 120.0) for moment in seen.track)


def test_faces_outside_the_frame_are_not_tracked() -> None:
    coming = replace(STILL, x=(-190, 210))
    scene = script(place(0, 100, role("Ada", coming)), people=("Ada",))
    (seen,) = truth_of(scene, heads(scene), "scene.mp4").appearances
    assert seen.start == pytest.approx(2.0)  # its middle comes in at 1.9 s
    assert all(left + width / 2.0 >= 0.0 for _, left, _, width, _ in seen.track)


def test_a_face_that_is_mostly_hidden_is_not_tracked() -> None:
    bar = Cover("bar", (0.0, 0.0), 0.3, 0.25, 0.75, (0, 0, 0))
    scene = script(place(0, 100, role("Ada", cover=bar)), people=("Ada",))
    (seen,) = truth_of(scene, heads(scene), "scene.mp4").appearances
    assert not [moment for moment in seen.track if 1.3 < moment[0] < 2.7]
    assert seen.track[0][0] == 0.0


def test_somebody_behind_somebody_else_is_not_seen() -> None:
    front = replace(STILL, height=(160, 160))
    scene = script(place(0, 50, role("Ada"), role("Bob", front)), people=("Ada", "Bob"))
    truth = truth_of(scene, heads(scene), "scene.mp4")
    assert truth.persons == ("Bob",)


def test_in_a_cross_fade_only_the_clearer_shot_counts() -> None:
    scene = script(place(0, 50, role("Ada")), place(30, 50, role("Bob"), fade=20), people=("Ada", "Bob"))
    first, second = truth_of(scene, heads(scene), "scene.mp4").appearances
    assert first.track[-1][0] < 1.6
    assert second.start == pytest.approx(1.6)


def test_strangers_count_from_one_and_a_half_seconds() -> None:
    scene = script(place(0, 30, role("short")), place(30, 60, role("long")), strangers=("short", "long"))
    truth = truth_of(scene, heads(scene), "scene.mp4")
    assert truth.strangers == 1
    assert {one.subject for one in truth.appearances} == {"short", "long"}


def test_planned_tracks_lie_in_the_frame_and_in_their_shot() -> None:
    for seed in range(15):
        scene = plan_scene(seed, actors())
        truth = truth_of(scene, heads(scene), "scene.mp4")
        assert set(truth.persons) == set(scene.people)
        assert truth.labels["size"] == scene.size
        for seen in truth.appearances:
            assert 0.0 <= seen.start < seen.end <= scene.frames / 25 + 0.2
            for t, left, top, width, height in seen.track:
                assert seen.start <= t < seen.end
                assert 0.0 <= left + width / 2 < 640
                assert 0.0 <= top + height / 2 < 360
