"""A small library against two small versions: both ways give the names that all faces give."""

from pathlib import Path

import pytest
from benchmarks.scale import changing, rematch


def test_two_versions_differ_as_they_are_said_to() -> None:
    world = changing.world(2000)
    assert (world.first, len(world.people)) == (2000, 2020)
    assert 0.005 < world.changed.mean() < 0.015
    assert 0.001 < world.removed.mean() < 0.01
    assert not (world.changed & world.removed).any()


def test_scenes_are_the_same_every_time() -> None:
    world = changing.world(100)
    first, again = (list(changing.scenes(world, 3)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert (one.faces.vectors == other.faces.vectors).all()
    assert [len(one.faces) for one in first] == [2 * changing.FACES] * 3


def test_a_small_library_is_measured_both_ways(tmp_path: Path) -> None:
    found = rematch.measure(tmp_path, people=300, scenes=20)
    for way in ("everybody", "changed"):
        assert found[way]["compared"] == 20
        assert found[way]["weighed"] < 20
        assert found["sample"][f"wrong_{way}"] == 0
    assert [(aim["aim"], aim["met"]) for aim in rematch.aims(found)] == [("0", True), ("0", True)]
    assert "everybody" in rematch._tables(found)


@pytest.mark.parametrize(("cpu", "met"), [(11.0, True), (13.0, False)])
def test_the_aim_is_for_ten_thousand_scenes(cpu: float, met: bool) -> None:
    found = {"people": 100_000, "scenes": 2000, "sample": {"wrong_everybody": 0, "wrong_changed": 0}}
    found |= {way: {"cpu": cpu, "prepare_cpu": 2.0} for way in ("everybody", "changed")}
    aims = [aim for aim in rematch.aims(found) if aim["aim"] == "<= 60"]
    assert [aim["met"] for aim in aims] == [met, met]
