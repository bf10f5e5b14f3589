"""How much commands say of many pictures, and how tables look to a program."""

import io
from collections import Counter

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress
from rich.table import Table

from stash_sense.cli.notes import counts_in_words, first_of_each_kind
from stash_sense.cli.present import print_shaped
from stash_sense.cli.progress import Rate
from stash_sense.performers.building.notes import ReferenceNote


def notes(code: str, count: int) -> list[ReferenceNote]:
    return [ReferenceNote(code, "Ann", f"{code} {number}") for number in range(count)]


def test_at_most_ten_notes_of_a_kind_are_said_and_the_rest_is_counted() -> None:
    said = list(first_of_each_kind([*notes("no_face", 12), *notes("bad_picture", 11), *notes("two_people", 10)]))
    assert said[:10] == [f"no_face {number}" for number in range(10)]
    assert said[-2:] == [
        "no face: 2 more such pictures or people.",
        "bad picture: 1 more such picture or person.",
    ]
    assert len(said) == 32


def test_notes_that_were_not_handed_over_are_counted_too() -> None:
    said = list(first_of_each_kind(notes("no_face", 1), Counter(no_face=2000), "; --json lists all of them"))
    assert said == ["no_face 0", "no face: 1,999 more such pictures or people; --json lists all of them."]


def test_counts_come_with_the_most_first() -> None:
    assert counts_in_words({"no_face": 2, "near_duplicate": 1200}) == "near duplicate 1,200, no face 2"


def test_a_table_that_goes_to_a_program_is_neither_cut_nor_padded(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("path")
    path = "/".join(["folder"] * 60)
    table.add_row("a", path)
    table.add_row("bc", "short")
    print_shaped(table)
    assert capsys.readouterr().out == f"name  path\na     {path}\nbc    short\n"


def test_a_bar_says_how_many_there_are_in_a_second() -> None:
    now = 0.0
    shown = io.StringIO()
    with Progress(BarColumn(), Rate(), console=Console(file=shown, width=100), get_time=lambda: now) as bars:
        task = bars.add_task("describing", total=100)
        for done in range(0, 50, 10):
            now = done / 5
            bars.update(task, completed=done)
        assert Rate().render(bars.tasks[0]).plain == "5 a second"
