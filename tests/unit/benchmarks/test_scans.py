"""What is counted of scans of a library: of many scenes, of few that are looked at, and of those that are killed."""

from typing import Any

from benchmarks.reliability import killed_scan
from benchmarks.reliability.killed_scan import Left, count_work, figures_of
from benchmarks.scale import library_scan
from benchmarks.simulated import scene
from benchmarks.speed import scan

LOOK, KEEP, KEPT = range(3)


def missed(aims: list[dict[str, Any]]) -> list[str]:
    return [str(aim["what"]) for aim in aims if not aim["met"]]


def worked(*lines: list[int]) -> dict[str, Any]:
    left = Left()
    count_work(left, list(lines))
    return figures_of(left, {})


def test_an_item_whose_looking_a_kill_interrupted_is_looked_at_again_once() -> None:
    figures = worked([LOOK, 0, 1, 0], [LOOK, 0, 1, 1], [KEEP, 0, 1, 1], [KEPT, 0, 1, 1], [LOOK, 1, 1, 1])
    assert (figures["items looked at"], figures["items looked at again"]) == (3, 1)
    assert missed(killed_scan.aims(figures)) == []


def test_two_items_that_are_looked_at_again_after_one_kill_are_one_too_many() -> None:
    figures = worked([LOOK, 0, 1, 0], [LOOK, 0, 2, 0], [LOOK, 0, 1, 1], [LOOK, 0, 2, 1])
    assert missed(killed_scan.aims(figures)) == ["items looked at again after one kill, most"]


def test_what_was_kept_and_is_looked_at_again_misses_its_aim() -> None:
    figures = worked([LOOK, 0, 1, 0], [KEPT, 0, 1, 0], [LOOK, 0, 1, 1])
    assert missed(killed_scan.aims(figures)) == ["items looked at again though kept"]


def still(scenes: int, requests: int, cpu: float = 1.0, unchanged: int | None = None) -> dict[str, Any]:
    counted = scenes if unchanged is None else unchanged
    return {"scenes": scenes, "requests": requests, "cpu": cpu, "result": {"unchanged": counted}}


def looked(scenes: int, **resident: float) -> dict[str, Any]:
    return {"scenes": scenes, "resident": {done.removeprefix("after_"): mib for done, mib in resident.items()}}


def test_requests_are_counted_by_the_scenes_that_there_are_more_of() -> None:
    assert library_scan.per_thousand([still(2000, 30), still(10_000, 46)]) == 2.0


def test_memory_is_compared_from_a_tenth_of_the_scenes_to_the_last() -> None:
    found = looked(1000, after_20=200.0, after_100=240.0, after_120=241.0, after_1000=243.0)
    assert library_scan.growth(found) == (100, 1000, 3.0)


def test_scans_that_cost_too_much_miss_their_aims() -> None:
    rows = [still(2000, 30), still(10_000, 10_030, 5.5, unchanged=9_999)]
    growing = looked(1000, after_100=200.0, after_1000=300.0)
    assert len(missed(library_scan.aims(rows, growing))) == 4
    assert (
        missed(library_scan.aims([still(2000, 30), still(10_000, 46)], looked(1000, after_100=1, after_1000=2))) == []
    )


def test_a_whole_scene_is_compared_with_what_frames_alone_cost_one_by_one() -> None:
    row = {"around_cpu_ms": 10.0, "cpu_ms": 2000.0}
    stated = scan.aims([row], {"ffmpeg": {"frames": 60, "cpu_ms": 60_000.0}})
    assert (stated[1]["measured"], missed(stated)) == (30.0, [])
    assert len(scan.aims([row], None)) == 1


def test_a_scene_whose_file_is_elsewhere_still_has_a_source_to_stream(tmp_path: Any) -> None:
    film = tmp_path / "film.mp4"
    here, there = (scene(7, film, {"size": 5}, is_here=one)["files"][0] for one in (True, False))
    assert (here["path"], here["source"]) == (str(film), str(film))
    assert there["path"] != str(film)
    assert there["source"] == str(film)
