"""At whatever moment a process is killed, or its disk is full, while it changes the performers folder: a complete
version answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.children import surroundings
from tests.integration.updates.made_versions import KEY, NEW, OLD

from stash_sense.performers.versions.library import SWAP_STEPS

ROOT = Path(__file__).parents[2]
SIGNED = ("first update", "update", "update without somebody", "import", "import again")
SWAPPING = {f"swapping {step}" for step in range(len(SWAP_STEPS) + 1)}


def stops(folder: Path, work: str, how: str) -> list[dict[str, Any]]:
    """Do a work, stopped at its first step, at its second, and so on until it ends; what was there after each."""
    # One thread for numpy: a process with several is not copied whole.
    alone = surroundings(OPENBLAS_NUM_THREADS="1")
    command = [sys.executable, str(ROOT / "tests" / "chaos" / "stopped.py"), str(folder), work, how]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("work", "before", "after", "stages"),
    [
        ("first update", None, NEW, {"download 0", "unpack, MB 0", *SWAPPING}),
        ("update", OLD, NEW, {"download 0", "unpack, MB 0", *SWAPPING}),
        ("update without somebody", OLD, NEW, {"unpack, MB 0", "writing 0", *SWAPPING}),
        ("import", OLD, NEW, {"unpack, MB 0", *SWAPPING}),
        ("put again", NEW, NEW, SWAPPING),
        ("import again", NEW, NEW, {"unpack, MB 0", "search matrix 1", *SWAPPING}),
        ("forget", NEW, NEW, {"forgetting 0", "forgetting 1", *SWAPPING}),
        ("publish", NEW, NEW, {"pack, MB 0"}),
        ("rollback", NEW, OLD, set()),
    ],
)
def test_a_kill_at_any_step_leaves_a_complete_version_that_answers_and_can_be_updated(
    tmp_path: Path, work: str, before: str | None, after: str, stages: set[str]
) -> None:
    seen = stops(tmp_path, work, "killed")
    assert [one["killed"] for one in seen] == [True] * (len(seen) - 1) + [False]
    newest = {"forget": f"{NEW}.1", "update without somebody": f"{NEW}+without.1"}.get(work, NEW)
    for one in seen:
        assert one["answers"] in (before, after), one
        assert one["by itself"] == one["answers"], one
        assert one["faults"] == [], one
        # Who signed a version is known from the moment on that it answers.
        if work != "import again":
            is_signed = work in SIGNED and one["answers"] == NEW
            assert one["signed"] == (KEY.public.id if is_signed else None), one
        assert one["own"] == "the user's own", one
        assert one["then"] == NEW, one
        assert one["left"] == [], one
        assert [name for name in one["derived"] if not name.startswith(f"{NEW}-")] == [], one
        assert one["versions"][0] == newest, one
        assert work != "forget" or one["traces"] == [], one
        assert one["given out"] in ([], [NEW]), one
        assert one["given out again"] == ([NEW] if work == "publish" else []), one
    # Once the new version answers, is signed, or is given out, it is so for good.
    answers, signed = [one["answers"] for one in seen], [one["signed"] is not None for one in seen]
    assert answers[-1] == after
    if before != after:
        assert answers == [before] * answers.count(before) + [after] * answers.count(after)
    assert work == "rollback" or signed == sorted(signed)
    assert signed[-1] == (work in SIGNED)
    assert [one["given out"] for one in seen] == sorted(one["given out"] for one in seen)
    assert stages <= {line for one in seen for line in one["told"]}


@pytest.mark.parametrize(
    ("work", "after"),
    [
        ("update", NEW),
        ("import again", NEW),
        ("put again", NEW),
        ("forget", NEW),
        ("publish", NEW),
        ("rollback", OLD),
    ],
)
def test_a_disk_that_is_full_from_any_step_on_is_told_and_leaves_nothing_half_done(
    tmp_path: Path, work: str, after: str
) -> None:
    *failed, whole = stops(tmp_path, work, "full")
    assert len(failed) > 0
    assert whole["answers"] == after
    for one in failed:
        assert one["faults"] == [], one
        assert one["staged"] == [], one
        assert one["by itself"] == one["answers"], one
        assert one["then"] == NEW, one
        assert one["left"] == [], one
        assert one["own"] == "the user's own", one
        assert work != "forget" or one["traces"] == [], one
        if one["error"] == "none":  # what is in nobody's way could not be removed
            assert one["answers"] == after, one
            continue
        assert one["error"] == "disk_full", one
        assert one["answers"] == one["before"], one
        assert one["there"] == failed[0]["there"], one
