"""The tables for a terminal: what they say, and that no name can change how they are shown."""

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from stash_sense.identification.result import Failure, Identification
from stash_sense.reports.table import Tally, file_report, summary_line
from stash_sense.reports.wording import clock, percent, took, visible


def printed(content: RenderableType, width: int = 80, *, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None, _environ={}
    )
    console.print(content, crop=False)
    return stream.getvalue()


def controls_in(text: str) -> set[str]:
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cs"}} - {"\n"}


def rows(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.strip()]


def test_a_video_shows_who_is_seen_when(video: Identification) -> None:
    assert rows(printed(file_report(video))) == [
        ["holiday/clip.mp4"],
        ["1,520 frames, 96 faces, 4.2 s, pack pack-a, mode balanced"],
        ["person", "probability", "first seen", "last seen", "frames"],
        ["Ada Lovelace", "93%", "0:05", "1:02:05", "3"],
        ["Alan Turing (tagged)", "61%", "0:12", "0:12", "1"],
        ["unknown person 1", "–", "0:07", "0:08", "2"],  # noqa: RUF001
        ["Ada Lovelace: distance 0.284 to people/Ada Lovelace/1.jpg"],
        ["Grace Hopper is less likely, 4% against 93%; the nearest picture is 0.328"],
        ["further away, and 11 of 12 faces are nearer to Ada Lovelace."],
        ["unknown person 1: Grace Hopper is most alike, but 4% is narrowly less than the"],
        ["50% that a name takes."],
    ]


def test_a_picture_has_a_dash_in_place_of_times(picture: Identification) -> None:
    assert rows(printed(file_report(picture)))[-1] == ["Ada Lovelace", ">99%", "–", "–", "1"]  # noqa: RUF001


def test_a_failure_is_a_red_sentence(failed: Identification) -> None:
    assert printed(file_report(failed)).split() == [
        "broken.mkv",
        *str(failed.failure and failed.failure.message).split(),
    ]
    assert "\x1b[31mbroken.mkv is damaged" in printed(file_report(failed), colour=True)


def test_a_file_without_faces_says_so(empty: Identification) -> None:
    assert "No faces were found." in printed(file_report(empty))
    assert "No person could be made out." in printed(file_report(replace(empty, faces_detected=3)))


def test_unknown_people_are_dim(video: Identification) -> None:
    line = next(line for line in printed(file_report(video), colour=True).splitlines() if "unknown" in line)
    assert line.strip().startswith("\x1b[2m")


def test_several_files_end_in_one_line(
    video: Identification, picture: Identification, failed: Identification, empty: Identification
) -> None:
    tally = Tally()
    for result in (video, picture, failed, empty):
        tally.add(result)
    assert printed(summary_line(tally)) == "4 files, 2 with known people, 1 failed\n"
    assert "\x1b[31m1 failed" in printed(summary_line(tally), colour=True)


@pytest.mark.parametrize("width", [80, 40])
def test_without_a_terminal_there_is_plain_text_within_the_width(
    hostile: str, filled_with: Callable[[str], list[Identification]], width: int
) -> None:
    for result in filled_with(hostile):
        text = printed(file_report(result), width)
        path, *rest = text.splitlines()
        assert all(cell_len(line) <= width for line in rest), path
        assert not controls_in(text)


def test_a_name_is_shown_as_it_is_and_not_obeyed(video: Identification) -> None:
    for name in ("[red]x[/red]", "[/]", ":smile:", "\\[b]", "<b>"):
        result = replace(video, source=name, persons=(replace(video.persons[0], name=name),))
        shown = rows(printed(file_report(result), colour=False))
        assert (shown[0][0], shown[3][0]) == (name, name)


def test_an_escape_sequence_in_a_name_is_written_out(video: Identification) -> None:
    name = "\x1b[2J\x9b\x07x\ny\u202ez"
    result = replace(video, source=name, failure=Failure(name, name))
    assert printed(file_report(result)).split() == [r"\x1b[2J\x9b\x07x\ny\u202ez"] * 2


def test_a_long_path_stays_on_one_line_so_that_it_can_be_copied(video: Identification) -> None:
    path = "/library/" + "folder/" * 40 + "clip.mp4"
    assert path in printed(file_report(replace(video, source=path))).splitlines()


def test_a_very_long_name_is_folded_not_cut(video: Identification) -> None:
    name = "x" * 500
    person = replace(video.persons[0], name=name, runner_up=None, references=())
    text = printed(file_report(replace(video, persons=(person,), unknown=())))
    assert text.count("x") == 500


@given(st.text(st.characters(codec=None)))
def test_any_name_at_all_can_be_printed(filled_with: Callable[[str], list[Identification]], name: str) -> None:
    for result in filled_with(name):
        printed(file_report(result), colour=True).encode()
        text = printed(file_report(result))
        assert not controls_in(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0:00"),
        (-0.2, "0:00"),
        (59.4, "0:59"),
        (59.9996, "1:00"),
        (3599.9996, "1:00:00"),
        (3600.0, "1:00:00"),
        (360_000.0, "100:00:00"),
        (None, "–"),  # noqa: RUF001
        (float("nan"), "–"),  # noqa: RUF001
    ],
)
def test_times_are_shown_to_the_second(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.5, "50%"), (0.9949, "99%"), (0.9999, ">99%"), (1.0, ">99%"), (0.001, "<1%"), (0.006, "1%")],
)
def test_an_estimate_is_never_shown_as_sure(probability: float, shown: str) -> None:
    assert percent(probability) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (80.0, "0.1 s"),
        (9940.0, "9.9 s"),
        (9999.0, "10 s"),
        (59_700.0, "1:00 min"),
        (3_599_900.0, "1:00:00 h"),
        (None, "–"),  # noqa: RUF001
    ],
)
def test_work_is_timed_in_the_unit_that_suits(milliseconds: float | None, shown: str) -> None:
    assert took(milliseconds) == shown


def test_what_is_not_obeyed_by_anything_is_left_alone() -> None:
    for name in ("Zoë", "Анна Ахматова", "مريم", "李小龍", "👩‍🚀", "O'Neil & Søn"):
        assert visible(name) == name


def test_a_byte_that_is_not_utf_8_is_shown_as_that_byte() -> None:
    assert visible("caf\udce9 \ud800") == r"caf\xe9 \ud800"
