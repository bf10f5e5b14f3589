"""What a person sees: progress on a terminal must not eat or redirect what is printed."""

import json
import os
import pty
import subprocess
from pathlib import Path

from tests.e2e.conftest import COMMAND, PATIENCE

from stash_sense.samples import PEOPLE

OBAMA = PEOPLE / "Barack Obama" / "portrait.jpg"


def on_a_terminal(environment: dict[str, str], *arguments: str | Path, stdout: int | None = None) -> tuple[int, str]:
    """Run the command with a terminal for stderr, and for stdout unless another is given; return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal's way to say that nobody writes to it any more
            break
        shown += part
    os.close(ours)
    return process.wait(timeout=PATIENCE), shown.decode()


def screen(shown: str, height: int = 500) -> list[str]:
    """The lines left on the screen, by the few control sequences that rich uses."""
    lines, row, column, at = [""] * height, 0, 0, 0
    while at < len(shown):
        letter = shown[at]
        at += 1
        if letter == "\x1b" and shown[at : at + 1] == "[":
            end = at + 1
            while not shown[end].isalpha():
                end += 1
            number, kind = shown[at + 1 : end], shown[end]
            at = end + 1
            if kind == "A":
                row -= int(number or 1)
            elif kind == "K":
                lines[row] = "" if number == "2" else lines[row][:column]
        elif letter == "\n":
            row, column = row + 1, 0
        elif letter == "\r":
            column = 0
        elif letter.isprintable():
            lines[row] = lines[row][:column].ljust(column) + letter + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def test_json_goes_to_stdout_while_progress_is_on_the_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "out.json").open("w") as out:
        code, shown = on_a_terminal(
            environment, "identify", OBAMA, "--gallery", PEOPLE, "--json", stdout=out.fileno()
        )

    assert code == 0
    (result,) = json.loads((tmp_path / "out.json").read_text())["results"]
    assert [person["name"] for person in result["persons"]] == ["Barack Obama"]
    assert '"schema"' not in shown


def test_progress_leaves_every_line_of_the_results_on_the_screen(
    environment: dict[str, str], film: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    missing = tmp_path / "missing.mp4"

    _, shown = on_a_terminal(environment, "identify", film, missing, OBAMA, "--gallery", PEOPLE, "--report", report)

    left = [line for line in screen(shown) if line]
    text = "\n".join(left)
    for expected in (
        "Joe Biden",
        "Eileen Collins",
        "unknown person 1",
        "does not exist",
        "3 files, 2 with known people",
    ):
        assert expected in text, text
    assert f"Report: {report}" in text
    assert "looking at frames" not in text
    assert "enrolling" not in text
