"""What is asked of the figures, and which benchmarks run on what."""

from pathlib import Path
from typing import Any

from benchmarks.accuracy import scenes
from benchmarks.accuracy.figures import at_least, at_most, between
from benchmarks.all import _options_of, aim_lines, benchmarks


def figure(value: float | None) -> dict[str, float | None]:
    return {"value": value, "low": value, "high": value}


def measured(pack: str, **changed: float | None) -> dict[str, Any]:
    default: dict[str, float | None] = {
        "precision": 1.0,
        "recall": 0.96,
        "f1": 0.98,
        "strangers_named": 0.0,
        "calibration_error": 0.01,
        "unknown_count_error": 0.1,
    }
    rows = [
        {"mode": "template", "level": level, **{name: figure(value) for name, value in (default | changed).items()}}
        for level in ("default", "strict")
    ]
    return {"pack": pack, "modes": rows, "check": {"scenes": 12, "same": 12}, "cpu": {"mean": 0.7}}


def test_a_figure_is_shown_with_its_interval() -> None:
    assert between({"value": 0.5, "low": 0.25, "high": 0.75}) == "0.500 (0.250-0.750)"
    assert between({"value": 0.5, "low": None, "high": None}) == "0.500"
    assert between(figure(None)) == "nothing"


def test_what_could_not_be_measured_misses_its_aim() -> None:
    assert not at_least("recall", None, 0.5)["met"]
    assert not at_most("error", None, 0.5)["met"]
    assert at_least("recall", 0.5, 0.5) == {"what": "recall", "aim": ">= 0.5", "measured": 0.5, "met": True}


def test_all_aims_of_duo_can_be_met() -> None:
    stated = scenes.aims_of(measured("duo"))
    assert len(stated) == 9
    assert all(aim["met"] for aim in stated)


def test_one_stranger_of_two_hundred_may_be_named_by_default_and_none_strictly() -> None:
    missed = [aim["what"] for aim in scenes.aims_of(measured("duo", strangers_named=1 / 200)) if not aim["met"]]
    assert missed == ["duo: strangers named, strict"]
    assert len([aim for aim in scenes.aims_of(measured("duo", strangers_named=0.01)) if not aim["met"]]) == 2


def test_of_other_packs_only_the_way_of_measuring_is_checked() -> None:
    (check,) = scenes.aims_of({**measured("lite", recall=0.1), "check": {"scenes": 12, "same": 11}})
    assert not check["met"]


def test_without_faces_what_needs_them_is_skipped() -> None:
    listed = {benchmark.name: benchmark for benchmark in benchmarks(None, None, None)}
    assert [name for name in ("verification", "faces", "scenes", "clip") if listed[name].missing] == [
        "verification",
        "faces",
        "scenes",
        "clip",
    ]
    assert not listed["frames"].missing


def test_with_faces_they_are_given_on() -> None:
    listed = {benchmark.name: benchmark for benchmark in benchmarks(Path("photos"), None, None)}
    assert listed["scenes"].options == ("--faces", "photos")
    assert listed["scenes"].module == "benchmarks.accuracy.scenes"


def test_the_largest_databases_are_measured_only_when_asked_for() -> None:
    listed = {benchmark.name: benchmark for benchmark in benchmarks(None, None, None)}
    assert _options_of(listed["swap"], quick=False, full=False) == ()
    assert _options_of(listed["swap"], quick=False, full=True) == ("--full",)
    assert _options_of(listed["public_import"], quick=False, full=True) == ()
    assert _options_of(listed["public_import"], quick=True, full=False) == ("--faces", "4000")
    assert _options_of(listed["scenes"], quick=True, full=False) == ("--quick",)


def test_a_missed_aim_is_told() -> None:
    (line,) = aim_lines("scenes", {"aims": [at_least("recall", 0.4, 0.5)]})
    assert line == ("scenes", "MISSED", ">= 0.5", "0.4", "recall")
