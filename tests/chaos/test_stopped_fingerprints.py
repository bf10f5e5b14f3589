"""Fingerprints that are kept, matched anew or forgotten, killed at every step: as they were, or as was meant."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.children import surroundings

SCRIPT = Path(__file__).with_name("fingerprints_stopped.py")
Seen = tuple[Any, ...]
NOTHING: Seen = (None, None, 0, [], [])
OLD: Seen = ("old", "old", 2, [1], [1])
NEW: Seen = ("new", "new", 2, [2], [2])
BEFORE_AND_AFTER: dict[str, tuple[Seen, Seen]] = {
    "first": (NOTHING, NEW),
    "again": (OLD, NEW),
    "none": (OLD, ("new", "new", 0, [], [])),
    "match": (OLD, ("new", "new", 2, [1], [1])),
    "forget": (OLD, NOTHING),
}
"""Mark, content, people, faces and crops of the item."""


def test_killed_at_any_step_an_item_is_as_it_was_or_as_was_meant(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path],
        capture_output=True,
        check=False,
        timeout=1800,
        env=surroundings(),
    )
    assert done.returncode == 0, done.stderr.decode()
    stops = [json.loads(line) for line in done.stdout.splitlines()]
    for one in stops:
        assert one["whole"], one
        assert one["other"], one
        assert one["left"] == 0, one
        assert one.get("then", [["1"], 1]) == [["1"], 1], one
    for work, (before, after) in BEFORE_AND_AFTER.items():
        own = [one for one in stops if one["work"] == work]
        assert [one["killed"] for one in own] == [True] * (len(own) - 1) + [False]
        seen = [(one["mark"], one["content"], one["people"], one["faces"], one["crops"]) for one in own]
        turn = seen.index(after)
        assert turn > 3, work
        assert seen == [before] * turn + [after] * (len(seen) - turn), work
