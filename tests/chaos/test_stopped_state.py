"""A state that is migrated, backed up or restored, killed at every step: the old one or the new one, always whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.children import surroundings

from stash_sense.adapters.store.schema import SHIPPED

SCRIPT = Path(__file__).with_name("state_stopped.py")
NEXT = f"{int(SHIPPED.head) + 1:04}"
OLD, NEW = {"old", "big"}, {"old", "big", "new"}


def stops(folder: Path, work: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, work],
        capture_output=True,
        check=False,
        timeout=1800,
        env=surroundings(),
    )
    assert done.returncode == 0, done.stderr.decode()
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["killed"] for one in seen] == [True] * (len(seen) - 1) + [False]
    assert len(seen) > 7
    for one in seen:
        assert one["whole"], one
        assert one["left"] == [], one
        assert one["beside"] == ["stash_sense.db"], one
    return seen


def test_a_migration_killed_at_any_step_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    seen = stops(tmp_path, "migrate")
    for one in seen:
        assert set(one["rows"]) == NEW, one
        assert one["then"][0] == NEXT, one
        if one["schema"] == NEXT:
            assert SHIPPED.head in [schema for schema, _ in one["automatic"]], one
        assert all(set(values) == NEW for _, values in one["automatic"]), one
    schemas = [one["schema"] for one in seen]
    assert schemas == sorted(schemas)
    assert {SHIPPED.head, NEXT} == set(schemas)


def test_a_backup_killed_at_any_step_leaves_the_older_backup_or_the_new_one(tmp_path: Path) -> None:
    seen = stops(tmp_path, "backup")
    for one in seen:
        assert set(one["rows"]) == NEW, one
        assert set(one["kept"]) in (OLD, NEW), one
        assert set(one["then"][2]) == NEW, one
    assert [set(one["kept"]) for one in (seen[0], seen[-1])] == [OLD, NEW]


def test_a_restoration_killed_at_any_step_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    seen = stops(tmp_path, "restore")
    for one in seen:
        assert set(one["rows"]) in (NEW, OLD), one
        if set(one["rows"]) == OLD:
            assert NEW in [set(values) for _, values in one["automatic"]], one
        assert set(one["then"][1]) == OLD, one
    assert [set(one["rows"]) for one in (seen[0], seen[-1])] == [NEW, OLD]
