"""Another recognizer's answers in the terms of ours."""

from pathlib import Path

import pytest
from benchmarks.accuracy.beside import OtherRecognizer, answer_of_other
from tests.unit.evaluation.made import LEFT, RIGHT, appears, compared, truth

SEEN = (appears("Ada", LEFT, 1.0, 2.0, 3.0), appears("somebody", RIGHT, 3.0, 4.0, 5.0))


def told(*persons: tuple[str, float, tuple[float, ...]], unknown: int = 0) -> dict[str, object]:
    listed = [{"name": name, "probability": sure, "frames": list(times)} for name, sure, times in persons]
    return {"persons": listed, "unknown_count": unknown}


def test_persons_from_even_odds_on_are_named() -> None:
    answer = answer_of_other(told(("Ada", 0.5, (1.0,)), ("Bob", 0.4, (4.0,)), unknown=1), SEEN)
    assert answer.named == {"Ada": 0.5}
    assert [(claim.name, claim.named) for claim in answer.claims] == [("Ada", True), ("Bob", False)]


def test_unknown_people_are_as_many_as_it_says() -> None:
    answer = answer_of_other(told(("Bob", 0.4, (4.0,)), unknown=3), SEEN)
    assert answer.unknown == 3
    assert compared(answer, truth("Ada", strangers=1, appearances=SEEN)).counts.count_error == 2


def test_a_wrong_name_falls_on_whoever_was_on_screen() -> None:
    scene = truth("Ada", strangers=1, appearances=SEEN)
    on_stranger = compared(answer_of_other(told(("Bob", 0.9, (3.0, 4.0, 5.0))), SEEN), scene)
    on_known = compared(answer_of_other(told(("Bob", 0.9, (1.0, 2.0))), SEEN), scene)
    assert (on_stranger.counts.strangers_named, on_stranger.counts.wrong_of_known) == (1, 0)
    assert (on_known.counts.strangers_named, on_known.counts.wrong_of_known) == (0, 1)


def test_a_right_name_is_right_while_that_person_is_on_screen() -> None:
    found = compared(answer_of_other(told(("Ada", 0.9, (3.0, 4.0, 5.0))), SEEN), truth("Ada", appearances=SEEN))
    assert found.claims == ((0.9, True),)


def test_a_recognizer_that_needs_what_is_not_there_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.py").write_text("import nowhere_to_be_found\n")
    assert OtherRecognizer.load(tmp_path / "other.py") is None
    assert "nowhere_to_be_found" in capsys.readouterr().out


def test_a_recognizer_that_can_be_imported_is_taken(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("Pack = 7\n")
    other = OtherRecognizer.load(tmp_path / "other.py")
    assert other is not None
    assert other.module.Pack == 7
