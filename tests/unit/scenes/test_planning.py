from dataclasses import replace
from itertools import pairwise

import pytest
from tests.unit.scenes.drawings import actors

from stash_sense.errors import TooFewPeople
from stash_sense.scenes.people import Actors
from stash_sense.scenes.planning import plan_scene
from stash_sense.scenes.script import HEIGHTS, SceneOptions

SEEDS = range(60)


def test_the_same_seed_gives_the_same_scene_and_another_one_another() -> None:
    assert plan_scene(1, actors()) == plan_scene(1, actors())
    assert plan_scene(1, actors()) != plan_scene(2, actors())


def test_everybody_who_plays_is_in_a_shot_where_nothing_hides_them() -> None:
    for script in (plan_scene(seed, actors()) for seed in SEEDS):
        clear = {role.subject for shot in script.shots for role in shot.roles if role.cover is None}
        assert clear == {*script.people, *script.strangers}


def test_casts_are_as_many_as_announced() -> None:
    scripts = [plan_scene(seed, actors()) for seed in range(400)]
    assert {len(script.people) for script in scripts} == {1, 2, 3, 4}
    assert {len(script.strangers) for script in scripts} == {0, 1, 2, 3}
    assert sum(len(script.people) for script in scripts) / 400 == pytest.approx(2.0, abs=0.2)
    assert sum(len(script.strangers) for script in scripts) / 400 == pytest.approx(0.8, abs=0.2)


def test_shots_follow_each_other_without_gaps_for_20_to_40_seconds() -> None:
    for script in (plan_scene(seed, actors()) for seed in SEEDS):
        assert 20 * 25 - 9 <= script.frames <= 40 * 25 + 9
        assert 5 <= len(script.shots) <= 9
        starts = [shot.start + shot.fade for shot in script.shots]
        ends = [shot.start + shot.frames for shot in script.shots]
        assert starts == [0, *ends[:-1]]


def test_at_most_three_people_are_in_a_shot_and_nobody_twice() -> None:
    for script in (plan_scene(seed, actors()) for seed in SEEDS):
        for shot in script.shots:
            names = [role.subject for role in shot.roles]
            assert len(names) == len(set(names)) <= 3
            assert not names or shot.kind == "place"


def test_faces_are_of_the_size_of_the_scene() -> None:
    for script in (plan_scene(seed, actors()) for seed in SEEDS):
        low, high = HEIGHTS[script.size]
        heights = [height for shot in script.shots for role in shot.roles for height in role.motion.height]
        assert all(low <= height <= high for height in heights)


def test_a_persons_photographs_take_turns() -> None:
    for script in (plan_scene(seed, actors()) for seed in SEEDS):
        for name in script.people:
            shown = [role.photo for shot in script.shots for role in shot.roles if role.subject == name]
            assert all(before != after for before, after in pairwise(shown))


def test_half_of_the_scenes_have_few_keyframes_and_all_sizes_occur() -> None:
    scripts = [plan_scene(seed, actors()) for seed in range(200)]
    assert 70 <= sum(script.keyframes == 250 for script in scripts) <= 130
    assert {script.size for script in scripts} == set(HEIGHTS)


def test_only_the_sizes_asked_for_are_planned() -> None:
    options = replace(SceneOptions(), sizes={"small": 1.0})
    assert {plan_scene(seed, actors(), options).size for seed in range(20)} == {"small"}


def test_a_scene_without_anybody_known_cannot_be_planned() -> None:
    with pytest.raises(TooFewPeople):
        plan_scene(1, Actors((), actors().strangers))
