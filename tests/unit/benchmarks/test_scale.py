"""Databases of people who do not exist, and what is counted while one replaces another."""

from pathlib import Path

import numpy as np
from benchmarks.scale import database, swap, synthetic
from benchmarks.scale.swap import FILM, Asked

from stash_sense.performers.database import PackSpace
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.recognition.space import Block, FaceSpace

SPACE = PackSpace("none", ("one", "two"), FaceSpace.plain([Block(32, 0.5), Block(32, 0.5)]))
SIZE = synthetic.Size(80, 200)


def test_a_made_up_version_has_the_size_it_was_asked_for_and_is_found_again(tmp_path: Path) -> None:
    library = PerformersLibrary(tmp_path / "performers")
    made = synthetic.make(library, "1", SPACE, SIZE)
    assert (made.version.manifest.performer_count, made.version.manifest.face_count) == (80, 200)
    again = synthetic.made(library, "1")
    assert again is not None
    np.testing.assert_array_equal(again.probes, made.probes)
    assert synthetic.made(library, "2") is None


def test_probes_are_scenes_of_several_faces_of_several_people() -> None:
    count = synthetic.SCENES * synthetic.GROUPS * synthetic.GROUP
    scenes = database.scenes_of(np.arange(count, dtype=np.float32)[:, None])
    assert len(scenes) == synthetic.SCENES
    faces, groups = scenes[1]
    per_scene = synthetic.GROUPS * synthetic.GROUP
    for number, group in enumerate(groups):
        first = per_scene + number * synthetic.GROUP
        assert sorted(faces.vectors[group.described, 0]) == list(range(first, first + synthetic.GROUP))
        assert len(group.frames) == synthetic.GROUP


def test_failures_and_answers_that_are_no_version_s_own_are_counted() -> None:
    old, new = (("Anna",), (0.5,)), (("Anna",), (0.6,))
    own = {(swap.OLD, 3): old, (swap.NEW, 3): new, (swap.OLD, FILM): old}
    asked = [
        Asked(3, "before", swap.OLD, 0.0, 0.0, 0.010, old),
        Asked(3, "reload", swap.OLD, 1.0, 1.2, 1.3, new),
        Asked(3, "after", swap.NEW, 2.0, 2.0, 2.020, new),
        Asked(3, "after", "", 3.0, 3.0, 3.0, None, "DatabaseMissing: there is none"),
    ]
    figures = swap._figures(asked, own)
    assert (figures["requests"], figures["failed"], figures["mixed"]) == (4, 1, 1)
    assert [round(figures["phases"]["reload"][name]) for name in ("slowest_ms", "late_ms")] == [100, 300]
    assert list(figures["phases"]) == ["before", "reload", "after"]


def test_a_swap_that_fails_a_request_misses_its_aim() -> None:
    figures = {"requests": 9, "failed": 1, "mixed": 0}
    row = {"faces": 10, "searches": figures, "films": {"requests": 1, "failed": 0, "mixed": 0}}
    assert [aim["met"] for aim in swap.aims([row])] == [False, True]
