from pathlib import Path

import numpy as np
import pytest

from stash_sense.calibration.distances import choose_cluster_distance, measure_distances
from stash_sense.calibration.examples import SeenScene
from stash_sense.calibration.photographs import Portrait
from stash_sense.evaluation.truth import TrueFile
from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.space import unit
from stash_sense.recognition.spec import MatchingConstants

CONSTANTS = MatchingConstants(0.3, 0.3, 1.0, crowd_size=77)


def portraits(people: int, photos: int, dim: int = 64) -> list[Portrait]:
    random = np.random.default_rng(0)
    found = []
    for number in range(people):
        own = random.normal(size=dim)
        for _ in range(photos):
            vector = unit((own + 0.3 * random.normal(size=dim)).astype(np.float32))
            found.append(Portrait(f"P{number}", Path("p.jpg"), np.stack([vector] * 3)))
    return found


def scene(*groups: tuple[str, Floats]) -> SeenScene:
    """One face a frame; each group's faces on a track of their own, all alike."""
    vectors = np.concatenate([np.repeat(vector[None], 3, axis=0) for _, vector in groups])
    count = len(vectors)
    ints = np.arange(count)
    seen = Sightings(
        frame=ints,
        t=ints.astype(np.float64),
        boxes=np.tile(np.array([[0, 0, 9, 9]], np.float32), (count, 1)),
        scores=np.ones(count, np.float32),
        landmarks=np.zeros((count, 5, 2), np.float32),
        track=ints // 3,
    )
    faces = Faces(seen, ints, np.ones(count, np.float32), vectors, np.zeros((0, 96, 96, 3), np.uint8))
    subjects = tuple(name for name, _ in groups for _ in range(3))
    return SeenScene(TrueFile(path="a.mp4"), faces, subjects, last=True, frames=count)


def at(distance: float) -> Floats:
    """A unit vector so far from the first axis."""
    cosine = 1.0 - distance
    return np.array([cosine, np.sqrt(1.0 - cosine**2)], np.float32)


def test_distances_are_those_of_different_people() -> None:
    constants = measure_distances(portraits(60, 3), CONSTANTS)
    assert constants.stranger_distance == pytest.approx(1.0, abs=0.03)
    assert 0.3 < constants.max_distance < 0.7
    assert constants.track_distance == pytest.approx(0.85 * constants.stranger_distance, abs=1e-4)
    assert constants.crowd_size == 77


def test_groups_are_joined_as_far_as_they_stay_pure() -> None:
    same, other = ("Ada", at(0.0)), ("Grace", at(0.6))
    pieces = scene(same, ("Ada", at(0.5)))
    alone = choose_cluster_distance([pieces], CONSTANTS)
    assert alone.cluster_distance == pytest.approx(0.6)
    among = choose_cluster_distance([pieces, scene(same, other)], CONSTANTS)
    assert 0.4 < among.cluster_distance < 0.6


def test_where_nothing_stays_pure_the_tightest_distance_is_taken() -> None:
    constants = choose_cluster_distance([scene(("Ada", at(0.0)), ("Grace", at(0.01)))], CONSTANTS)
    assert constants.cluster_distance == pytest.approx(0.36)
